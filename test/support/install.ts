/**
 * Brings the clients that npm does not: Debian's kcat and librdkafka, Kafka's Java tools from
 * Maven Central, and our own small librdkafka program. Idempotent, quick when all is there.
 * Whatever cannot be had is an error: a client test that skips itself proves nothing.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { checkout } from './broker-process.ts'
import { run } from './program.ts'

export const clientsFolder: string = path.join(checkout, 'build/clients')
export const kafkaVersion = '4.3.1'

const log4jVersion = '2.25.1' // Kafka's build leaves it out of its POM, its broker loads it
const aptTimeoutMs = 5 * 60_000
const mavenTimeoutMs = 10 * 60_000

/** What must be there, how it shows, and the Debian package that brings it. */
const needed: { what: string; isThere: () => boolean; aptPackage: string }[] = [
  { what: 'kcat', isThere: () => isProgram('kcat'), aptPackage: 'kcat' },
  { what: 'gcc', isThere: () => isProgram('gcc'), aptPackage: 'gcc' },
  { what: 'g++', isThere: () => isProgram('g++'), aptPackage: 'g++' },
  { what: 'make', isThere: () => isProgram('make'), aptPackage: 'make' },
  { what: 'java', isThere: () => isProgram('java'), aptPackage: 'default-jre-headless' },
  { what: 'javac', isThere: () => isProgram('javac'), aptPackage: 'default-jdk-headless' },
  { what: 'mvn', isThere: () => isProgram('mvn'), aptPackage: 'maven' },
  header('librdkafka/rdkafka.h', 'librdkafka-dev'),
  header('zlib.h', 'zlib1g-dev'),
  header('zstd.h', 'libzstd-dev'),
  header('rapidjson/schema.h', 'rapidjson-dev'), // without it, tests of librdkafka skip themselves
]

function header(file: string, aptPackage: string) {
  const isThere = () => existsSync(path.join('/usr/include', file))
  return { what: file, isThere, aptPackage }
}

function isProgram(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':')
  return folders.some((folder) => folder !== '' && existsSync(path.join(folder, name)))
}

const debianPrograms = '/usr/lib/postgresql'

/** Resolves with the folder of the oldest of Debian's PostgreSQL servers that are installed. */
export async function debianPostgres(): Promise<string> {
  const isThere = () => existsSync(debianPrograms)
  await installDebianPackages([{ what: 'postgres', isThere, aptPackage: 'postgresql' }])
  const [oldest = ''] = (await readdir(debianPrograms)).toSorted()
  return path.join(debianPrograms, oldest, 'bin')
}

/** What compiles our own Java programs; the other tools do with less. */
const compiler = {
  what: 'javac',
  isThere: () => isProgram('javac'),
  aptPackage: 'default-jdk-headless',
}

/** Installs whatever the client tests need. */
export async function installAll(): Promise<void> {
  await installDebianPackages()
  await Promise.all([installKafkaTools(), buildRdkafkaClient()])
}

/** Installs what Connect, MirrorMaker 2 and Streams need besides. */
export async function installSystems(): Promise<void> {
  await installDebianPackages([...needed, compiler])
  await Promise.all([installKafkaTools(), installKafkaSystems()])
}

export async function installDebianPackages(needs: typeof needed = needed): Promise<void> {
  const missing = needs.filter((need) => !need.isThere())
  if (missing.length === 0) return
  const packages = missing.map((need) => need.aptPackage)
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const hint = `Install by hand: apt-get install ${packages.join(' ')}`
  if (!isProgram('apt-get')) throw new Error(`client tests need ${packages.join(', ')}. ${hint}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const apt = async (...args: string[]) => {
    const [command = '', ...rest] = [...prefix, 'apt-get', ...args]
    await run(`apt-get ${args[0]}`, command, rest, { timeoutMs: aptTimeoutMs, env })
  }
  try {
    await apt('update')
    await apt('install', '-y', '--no-install-recommends', ...packages)
  } catch (error) {
    throw new Error(`client tests need ${packages.join(', ')}. ${hint}`, { cause: error })
  }
  const stillMissing = needs.filter((need) => !need.isThere()).map((need) => need.what)
  if (stillMissing.length > 0)
    throw new Error(`installed, but not found: ${stillMissing.join(', ')}`)
}

const brokerAndTools = ['kafka_2.13', 'kafka-tools']
const systems = ['kafka-streams', 'connect-runtime', 'connect-file', 'connect-mirror']

/** Resolves with the folder of jars: clients, command-line tools, and a whole broker. */
export function installKafkaTools(): Promise<string> {
  return installJars('kafka', brokerAndTools)
}

/** Resolves with the folder of jars: all of the tools' and Connect, MirrorMaker 2 and Streams. */
export function installKafkaSystems(): Promise<string> {
  return installJars('kafka-systems', [...brokerAndTools, ...systems])
}

async function installJars(name: string, artifacts: readonly string[]): Promise<string> {
  const folder = path.join(clientsFolder, `${name}-${kafkaVersion}`)
  const jars = path.join(folder, 'libs')
  if (existsSync(jars)) return jars
  const work = `${folder}.${process.pid}`
  await mkdir(work, { recursive: true })
  await writeFile(path.join(work, 'pom.xml'), pom(artifacts))
  const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs']
  try {
    await run('mvn', 'mvn', goal, { cwd: work, timeoutMs: mavenTimeoutMs })
  } catch (error) {
    const message = `client tests need Kafka ${kafkaVersion} from Maven Central: mvn failed`
    throw new Error(message, { cause: error })
  }
  // A half-filled folder must never look complete, so it gets its name at the end.
  await rename(work, folder).catch(async (error: unknown) => {
    await rm(work, { recursive: true, force: true })
    if (!existsSync(jars)) throw error
  })
  return jars
}

function pom(artifacts: readonly string[]): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
    `<version>${version}</version></dependency>`
  const log4j = 'org.apache.logging.log4j'
  const dependencies = [
    ...artifacts.map((artifact) => dependency('org.apache.kafka', artifact, kafkaVersion)),
    dependency(log4j, 'log4j-api', log4jVersion),
    dependency(log4j, 'log4j-core', log4jVersion),
    dependency(log4j, 'log4j-1.2-api', log4jVersion),
    dependency(log4j, 'log4j-slf4j-impl', log4jVersion),
  ]
  return (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
    '<groupId>karst</groupId><artifactId>client-tests</artifactId><version>1</version>' +
    `<dependencies>${dependencies.join('')}</dependencies></project>\n`
  )
}

/** Compiles our librdkafka program against Debian's librdkafka. Resolves with its path. */
export async function buildRdkafkaClient(): Promise<string> {
  const source = path.join(import.meta.dirname, 'native/rdkafka-client.c')
  const program = path.join(clientsFolder, 'rdkafka-client')
  if (existsSync(program) && (await stat(program)).mtimeMs > (await stat(source)).mtimeMs) {
    return program
  }
  await mkdir(clientsFolder, { recursive: true })
  const fresh = `${program}.${process.pid}`
  const args = ['-O2', '-Wall', '-Werror', '-o', fresh, source, '-lrdkafka']
  await run('gcc', 'gcc', args, { timeoutMs: 60_000 })
  await rename(fresh, program)
  return program
}

/** The version of what is installed, for reports. */
export function versionOf(command: string, flag: string): string {
  return execFileSync(command, [flag], { encoding: 'utf8', timeout: 10_000 }).trim()
}
