/**
 * A recent librdkafka built from source, with what Debian does not build: its performance client
 * (for the benchmark) and its own test runner (for conformance). Cached in build/; 70 s once.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { clientsFolder, installDebianPackages } from './install.ts'
import { run } from './program.ts'

export interface Librdkafka {
  version: string
  /** For LD_LIBRARY_PATH of whatever is linked against it. */
  libraryFolder: string
  performanceClient: string
  /** Working folder of the test runner; `test.conf` belongs there. */
  testsFolder: string
}

// npm carries the sources: of the newest library without its examples, of an older one with them.
const sourcePackage = '@confluentinc/kafka-javascript@1.10.1'
const examplesPackage = 'node-rdkafka@3.6.1'
const version = '2.15.1'

const downloadTimeoutMs = 2 * 60_000
const buildTimeoutMs = 10 * 60_000

/** Resolves with the library and the performance client, built when they are not there yet. */
export async function buildLibrdkafka(): Promise<Librdkafka> {
  const folder = path.join(clientsFolder, `librdkafka-${version}`)
  if (!existsSync(folder)) await build(folder)
  return {
    version,
    libraryFolder: path.join(folder, 'src'),
    performanceClient: path.join(folder, 'examples/rdkafka_performance'),
    testsFolder: path.join(folder, 'tests'),
  }
}

/** Builds librdkafka's own test runner as well. Resolves with its path. */
export async function buildLibrdkafkaTestRunner(): Promise<string> {
  const { testsFolder, libraryFolder } = await buildLibrdkafka()
  if (!(await checksJson(libraryFolder))) {
    await rm(path.dirname(libraryFolder), { recursive: true })
    await buildLibrdkafka()
  }
  const runner = path.join(testsFolder, 'test-runner')
  if (existsSync(runner)) return runner
  const options = { cwd: testsFolder, timeoutMs: buildTimeoutMs }
  await run('make test-runner', 'make', ['-j2', 'test-runner'], options)
  return runner
}

async function build(folder: string): Promise<void> {
  await installDebianPackages()
  const work = `${folder}.${process.pid}`
  const sources = path.join(work, 'package/deps/librdkafka')
  try {
    await unpack(sourcePackage, work, 'package/deps/librdkafka')
    await unpack(examplesPackage, work, 'package/deps/librdkafka/examples')
    const options = { cwd: sources, timeoutMs: buildTimeoutMs }
    await run('configure', './configure', ['--disable-gssapi', '--disable-curl'], options)
    await run('make libs', 'make', ['-j2', 'libs'], options)
    await compilePerformanceClient(sources)
    // Nothing half-built must look complete, so it gets its name at the end.
    await rename(sources, folder)
  } catch (error) {
    throw new Error(`librdkafka ${version} could not be built`, { cause: error })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Whether RapidJSON was there when it was configured: several tests skip themselves otherwise. */
async function checksJson(libraryFolder: string): Promise<boolean> {
  const configured = await readFile(path.join(libraryFolder, '../config.h'), 'utf8')
  return configured.includes('WITH_RAPIDJSON 1')
}

async function unpack(name: string, work: string, member: string): Promise<void> {
  await mkdir(work, { recursive: true })
  const options = { cwd: work, timeoutMs: downloadTimeoutMs }
  const lines = await run('npm pack', 'npm', ['pack', '--silent', name], options)
  const archive = lines.at(-1)
  if (archive === undefined) throw new Error(`npm pack ${name} printed no file name`)
  await run('tar', 'tar', ['xzf', archive, member], options)
}

async function compilePerformanceClient(sources: string): Promise<void> {
  const output = 'examples/rdkafka_performance'
  const link = ['-Lsrc', '-lrdkafka', '-Wl,-rpath,$ORIGIN/../src', '-lpthread', '-lm']
  const include = ['-I.', '-Isrc']
  const args = ['-O2', ...include, `${output}.c`, '-o', output, ...link]
  await run('gcc', 'gcc', args, { cwd: sources, timeoutMs: 60_000 })
}
