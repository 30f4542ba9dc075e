/**
 * Runs the client tests: installs what they need, then `node --test` on them.
 *
 * npm run test:clients                      against Karst from this checkout
 * npm run test:clients -- --target kafka    the same tests against a real Apache Kafka
 * npm run test:clients -- --target fleet    against three brokers over S3 and PostgreSQL
 * npm run test:clients -- matrix groups     only these files
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkout, nodeProgram } from '../support/broker-process.ts'
import { installAll } from '../support/install.ts'
import { KafkaProcess } from '../support/kafka-process.ts'

const testTimeoutMs = 300_000 // of one file; the slowest takes about a minute
/** One proxy stands before one broker: of a fleet, clients find the others. */
const onlyOneBroker = new Set(['idempotent.test.ts'])
/** They start brokers of their own. */
const onlyEmbedded = new Set(['agent.test.ts', 'kill-loop.test.ts'])

const { values, positionals } = parseArgs({
  options: { target: { type: 'string', default: 'karst' } },
  allowPositionals: true,
})
if (!['karst', 'kafka', 'fleet'].includes(values.target)) {
  throw new Error(`--target is karst, kafka or fleet, not ${values.target}`)
}

const startedAt = performance.now()
await installAll()
console.log(`clients installed after ${Math.round(performance.now() - startedAt)} ms`)
const kafka = values.target === 'kafka' ? await KafkaProcess.start() : undefined
try {
  process.exitCode = await runTests(await chooseFiles(), kafka?.bootstrap)
} finally {
  await kafka?.close()
}

function isRunnable(name: string): boolean {
  if (values.target === 'fleet' && onlyOneBroker.has(name)) return false
  return values.target === 'karst' || !onlyEmbedded.has(name)
}

async function chooseFiles(): Promise<string[]> {
  const names = await readdir(import.meta.dirname)
  const tests = names.filter((name) => name.endsWith('.test.ts')).toSorted()
  const wanted = positionals.length === 0 ? tests : positionals.map((name) => `${name}.test.ts`)
  const unknown = wanted.filter((name) => !tests.includes(name))
  if (unknown.length > 0) throw new Error(`no such client test: ${unknown.join(', ')}`)
  const runnable = wanted.filter((name) => isRunnable(name))
  return runnable.map((name) => path.join(import.meta.dirname, name))
}

function runTests(files: string[], bootstrap: string | undefined): Promise<number> {
  const flags = ['--test', `--test-timeout=${testTimeoutMs}`, '--test-concurrency=1']
  flags.push('--test-force-exit') // a client left open by a failed test must not hold all others
  const other = bootstrap === undefined ? {} : { KARST_TEST_BOOTSTRAP: bootstrap }
  const fleet = values.target === 'fleet' ? { FLEET_UNDER_TEST: '3' } : {}
  // kafkajs sets a timer to -1 minus now after every answer, also of Apache Kafka's brokers; Node
  // 26 warns of it.
  const quiet = { NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' }
  const env = { ...process.env, ...quiet, ...other, ...fleet }
  const child = spawn(nodeProgram, [...flags, ...files], { cwd: checkout, env, stdio: 'inherit' })
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}
