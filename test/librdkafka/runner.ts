/** Runs one unit of the suite in its own process, so that a hang or a crash costs one number. */
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Program } from '../support/program.ts'
import type { Unit } from './suite.ts'
import type { Verdict } from './verdict.ts'
import { verdictsOf } from './verdict.ts'

/** How the whole suite is run: as it comes, with KIP-848's groups, with idempotent producers. */
export type Mode = 'classic' | 'consumer' | 'idempotent'

export interface Bench {
  readonly runner: string
  /** Of librdkafka: the runner is linked against it, a test reads a schema in it. */
  readonly libraryFolder: string
  readonly testsFolder: string
  readonly kafkaHome: string
  /** Where each process has its folder: log, report, what the tests write. */
  readonly workFolder: string
}

export interface Run {
  readonly bootstrap: string
  readonly kafkaVersion: string
  readonly subject: string
  readonly mode: Mode
  readonly quick: boolean
  /** All of a process; librdkafka waits for ever on a broker that is gone. */
  readonly limitMs: number
}

/** Multiplies the suite's own time limits, 30 s for most tests: the machine may be busy. */
const timeoutMultiplier = 2

export async function runUnit(unit: Unit, bench: Bench, run: Run): Promise<Verdict[]> {
  const name = `${unit.number}-${unit.scenario}`
  const folder = path.join(bench.workFolder, `${run.subject}-${run.mode}`, name)
  const tests = await layOut(folder, bench, run.bootstrap)
  const report = path.join(tests, 'report.json')
  const log = path.join(tests, 'log')
  const env = { ...environment(unit, bench, run), TEST_REPORT: report, KARST_LOG_FILE: log }
  const args = ['-p1', '-L', '-K', '-s', unit.scenario]
  if (run.mode === 'idempotent') args.push('-P')
  if (run.quick) args.push('-Q')
  // It prints tens of megabytes on both streams; a file takes them in order.
  const command = ['-c', 'exec "$@" >"$KARST_LOG_FILE" 2>&1', 'sh', bench.runner, ...args]
  const options = { cwd: tests, env, timeoutMs: run.limitMs }
  const { timedOut } = await new Program(unit.number, 'sh', command, options).exited
  const remains = { report: await textOf(report), log: await textOf(log), timedOut }
  return verdictsOf(unit.tests, remains)
}

/** The working folder stands where the suite's own would: tests look for ../src and ./java. */
async function layOut(folder: string, bench: Bench, bootstrap: string): Promise<string> {
  const tests = path.join(folder, 'tests')
  await rm(folder, { recursive: true, force: true })
  await mkdir(tests, { recursive: true })
  await symlink(bench.libraryFolder, path.join(folder, 'src'))
  await symlink(path.join(bench.testsFolder, 'java'), path.join(tests, 'java'))
  await writeFile(path.join(tests, 'Makefile'), '.PHONY: java\njava:\n\t@true\n') // is compiled
  const settings = {
    'bootstrap.servers': bootstrap,
    'broker.address.family': 'v4',
    'test.timeout.multiplier': String(timeoutMultiplier),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(path.join(tests, 'test.conf'), lines.join(''))
  return tests
}

function environment(unit: Unit, bench: Bench, run: Run): Record<string, string> {
  const { libraryFolder } = bench
  const protocol = run.mode === 'consumer' ? { TEST_CONSUMER_GROUP_PROTOCOL: 'consumer' } : {}
  return {
    ...protocol,
    LD_LIBRARY_PATH: `${libraryFolder}:${libraryFolder}-cpp`,
    TEST_KAFKA_VERSION: run.kafkaVersion,
    TESTS: unit.number,
    KAFKA_PATH: bench.kafkaHome,
    BROKERS: run.bootstrap,
  }
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '') // not written: the process ended before
}
