/**
 * librdkafka's own test runner against Karst from this checkout, one broker or a fleet, or against
 * Apache Kafka: fetched, built and run by one command. Results are kept in
 * build/librdkafka/results.
 */
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkout } from '../support/broker-process.ts'
import { installDebianPackages, kafkaVersion } from '../support/install.ts'
import { installS3Server } from '../support/s3-server.ts'
import { buildLibrdkafka, buildLibrdkafkaTestRunner } from '../support/librdkafka.ts'
import { writeKafkaHome } from './kafka-home.ts'
import { compatibilityPage, modes } from './page.ts'
import { reasonOf } from './reasons.ts'
import { Results } from './results.ts'
import type { Result, Round } from './results.ts'
import { runUnit } from './runner.ts'
import type { Bench } from './runner.ts'
import { openSubject, settingOf, settings, speaksLike, subjectNames } from './subject.ts'
import type { Subject, SubjectName } from './subject.ts'
import { listTests, unitsOf } from './suite.ts'
import type { ListedTest, Unit } from './suite.ts'

const usage = `npm run test:librdkafka -- [flags]
  --target fleet       three brokers of Karst over S3 and PostgreSQL; each process asks the next
  --target kafka       Apache Kafka ${kafkaVersion} in place of Karst
  --protocol consumer  all groups by KIP-848
  --idempotent         all producers idempotent
  --tests 0103,0105    only these numbers; default: all that need a broker
  --missed             only those that have not passed yet, for no known reason
  --all                all targets, all three modes
  --parallel N         processes of the suite at once (default 3)
  --limit S            seconds that one process may take (default 1200: 0113 takes ten minutes)
  --quick              fewer messages, many tests left out without a word: results are not kept
  --page               write docs/compatibility.md from the results kept, after the run if any
  --no-run             with --page: only write it`

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'karst' },
    protocol: { type: 'string', default: 'classic' },
    idempotent: { type: 'boolean', default: false },
    tests: { type: 'string' },
    missed: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    parallel: { type: 'string', default: '3' },
    limit: { type: 'string', default: '1200' },
    quick: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    'no-run': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const buildFolder = path.join(checkout, 'build/librdkafka')
const kept = new Results(path.join(buildFolder, 'results'))
const pageFile = path.join(checkout, 'docs/compatibility.md')

function roundsWanted(): Round[] {
  const { target, protocol, idempotent, all } = values
  if (all) return allRounds
  const subject = subjectNames.find((name) => name === target)
  if (subject === undefined) throw new Error(`no target ${target}\n${usage}`)
  if (protocol === 'consumer') return [{ subject, mode: 'consumer' }]
  if (protocol !== 'classic') throw new Error(`no protocol ${protocol}\n${usage}`)
  return [{ subject, mode: idempotent ? 'idempotent' : 'classic' }]
}

const allRounds = subjectNames.flatMap((subject) => modes.map((mode): Round => ({ subject, mode })))

async function prepare(): Promise<{ bench: Bench; tests: ListedTest[]; version: string }> {
  await installDebianPackages()
  if (values.target === 'fleet' || values.all) await installS3Server()
  const runner = await buildLibrdkafkaTestRunner()
  const { libraryFolder, testsFolder, version } = await buildLibrdkafka()
  const tests = listTests(await readFile(path.join(testsFolder, 'test.c'), 'utf8'))
  const kafkaHome = path.join(buildFolder, 'kafka')
  await writeKafkaHome(kafkaHome, testsFolder)
  const workFolder = path.join(buildFolder, 'work')
  return { bench: { runner, libraryFolder, testsFolder, kafkaHome, workFolder }, tests, version }
}

function unitsWanted(tests: readonly ListedTest[]): Unit[] {
  const units = unitsOf(tests)
  const numbers = values.tests?.split(',')
  if (numbers === undefined) return units
  const unknown = numbers.filter((number) => units.every((unit) => unit.number !== number))
  if (unknown.length > 0) throw new Error(`no test of a broker has number ${unknown.join(', ')}`)
  return units.filter(({ number }) => numbers.includes(number))
}

/** Of these, what the kept results do not show as passed or explained. */
async function onlyMissed(units: readonly Unit[], round: Round): Promise<Unit[]> {
  const done = (await kept.read(round)).filter(
    (result) => result.state === 'passed' || reasonOf(result) !== undefined,
  )
  const names = new Set(done.map(({ test }) => test))
  return units.filter(({ tests }) => tests.some((test) => !names.has(test)))
}

async function runRound(round: Round, units: readonly Unit[], bench: Bench): Promise<Result[]> {
  const results: Result[] = []
  for (const setting of settings) {
    const waiting = units.filter((unit) => settingOf(round.subject, unit) === setting)
    if (waiting.length === 0) continue
    const subject = await openSubject(round.subject, setting)
    const work = async () => {
      for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
        const fresh = await runOne(unit, { round, subject, bench })
        if (!values.quick) await kept.add(round, fresh)
        results.push(...fresh)
      }
    }
    try {
      await Promise.all(Array.from({ length: Number(values.parallel) }, work))
    } finally {
      await subject.close()
    }
  }
  return results
}

interface Place {
  readonly round: Round
  readonly subject: Subject
  readonly bench: Bench
}

async function runOne(unit: Unit, { round, subject, bench }: Place): Promise<Result[]> {
  const verdicts = await runUnit(unit, bench, {
    bootstrap: subject.bootstrap,
    kafkaVersion: speaksLike[round.subject],
    ...round,
    quick: values.quick,
    limitMs: Number(values.limit) * 1000,
  })
  const died = await subject.revive()
  const date = new Date().toISOString().slice(0, 10)
  const version = versionOf(round.subject)
  const results = verdicts.map((verdict): Result => {
    const detail = died ? `The broker died. ${verdict.detail}` : verdict.detail
    return { ...verdict, ...round, detail, version, date }
  })
  for (const result of results) console.log(lineOf(result))
  return results
}

function versionOf(target: SubjectName): string {
  if (target === 'kafka') return kafkaVersion
  const options = { cwd: checkout, encoding: 'utf8' } as const
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()
}

function lineOf(result: Result): string {
  const { test, state, seconds, detail } = result
  const why = state === 'passed' ? '' : (reasonOf(result) ?? `NO REASON KNOWN: ${detail}`)
  return `${state.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${test}  ${why}`.trimEnd()
}

function summary({ subject, mode }: Round, results: readonly Result[]): string {
  const count = (state: string) => results.filter((result) => result.state === state).length
  const states = ['passed', 'failed', 'skipped', 'hung', 'crashed']
  const parts = states.map((state) => `${count(state)} ${state}`)
  return `${subject}, ${mode}: ${parts.join(', ')} of ${results.length}`
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage)
  const { bench, tests, version } = await prepare()
  const wanted = unitsWanted(tests)
  for (const round of values['no-run'] ? [] : roundsWanted()) {
    const units = values.missed ? await onlyMissed(wanted, round) : wanted
    console.log(`${round.subject}, ${round.mode}: ${units.length} processes`)
    const results = await runRound(round, units, bench)
    console.log(summary(round, results))
    const unexplained = results.some((each) => each.state !== 'passed' && !reasonOf(each))
    if (unexplained) process.exitCode = 1
  }
  if (!values.page) return
  const results = (await Promise.all(allRounds.map((round) => kept.read(round)))).flat()
  await writeFile(pageFile, compatibilityPage({ tests, results, librdkafka: version }))
  console.log(`wrote ${path.relative(checkout, pageFile)}`)
}

// Programs are killed on exit: an interrupted run leaves neither brokers nor runners behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
await main()
