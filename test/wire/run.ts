/**
 * The differential wire test: each case is asked of a real Apache Kafka and of Karst from this
 * checkout, in each version that both advertise, and the answers are compared field by field.
 *
 * npm run test:wire                        everything
 * npm run test:wire -- --only 19,20        these APIs
 * npm run test:wire -- --case 'no name'    cases whose name holds this
 * npm run test:wire -- --random            only random sequences of transactions
 * npm run test:wire -- --random --seed N   from this seed on, and how many: --runs M
 * npm run test:wire -- --json              what was found, for programs
 * npm run test:wire -- --kafka HOST:PORT   a Kafka that runs already (also --karst)
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaProcess } from '../support/kafka-process.ts'
import { advertisedBy, warmUp } from './brokers.ts'
import { wireCases } from './cases.ts'
import { compareTranscripts } from './compare.ts'
import type { Step } from './compare.ts'
import { Findings, judge, matches } from './judge.ts'
import { knownDifferences } from './known-differences.ts'
import { runRandom } from './random/compare-random.ts'
import { report } from './report.ts'
import { Scenario, ScenarioOver } from './scenario.ts'
import type { WireCase } from './scenario.ts'

const parallel = 4 // cases at once: most of their time is waiting

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    case: { type: 'string' },
    json: { type: 'boolean', default: false },
    random: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '150' },
    kafka: { type: 'string' },
    karst: { type: 'string' },
  },
})
const only = values.only?.split(',').map(Number)
const isWanted = (each: { key: number; name: string }): boolean =>
  (only?.includes(each.key) ?? true) && each.name.includes(values.case ?? '')
const say = (line: string): void => console.error(line)

const kafka = values.kafka === undefined ? await KafkaProcess.start() : undefined
const karst = values.karst === undefined ? await BrokerProcess.start() : undefined
try {
  const addresses = {
    kafka: values.kafka ?? kafka?.bootstrap ?? '',
    karst: values.karst ?? karst?.bootstrap ?? '',
  }
  say(`Apache Kafka on ${addresses.kafka}, Karst on ${addresses.karst}`)
  await Promise.all([warmUp(addresses.kafka), warmUp(addresses.karst)])
  const isWhole = only === undefined && values.case === undefined
  const asListed = values.random ? true : await compareAll(addresses)
  const asModel = values.random || isWhole ? await compareRandom(addresses) : true
  process.exitCode = asListed && asModel ? 0 : 1
} finally {
  await Promise.all([kafka?.close(), karst?.close()])
}

/** Resolves with whether all is as the table says. */
async function compareAll(addresses: { kafka: string; karst: string }): Promise<boolean> {
  const [theirs, ours] = [await advertisedBy(addresses.kafka), await advertisedBy(addresses.karst)]
  const findings = new Findings()
  const broken: string[] = []
  const covered = new Set(wireCases.map(({ key }) => key))
  let exchanges = 0
  const uncovered = [...ours.keys()].filter((key) => theirs.has(key) && !covered.has(key))
  broken.push(...uncovered.map((key) => `key ${key} is served, and has no case`))
  const apis = [...new Set(wireCases.map(({ api }) => api))]
  for (const api of apis.filter(({ key }) => only?.includes(key) ?? true)) {
    const [kafkas, karsts] = [theirs.get(api.key), ours.get(api.key)]
    if (kafkas === undefined || karsts === undefined) continue
    const low = Math.max(kafkas.min, karsts.min, api.versions.min)
    const high = Math.min(kafkas.max, karsts.max)
    const cases = wireCases.filter((each) => each.key === api.key && isWanted(each))
    const trials = cases.flatMap((each) =>
      Array.from({ length: high - low + 1 }, (_, at) => ({ case: each, version: low + at })).filter(
        ({ version }) => version >= each.from && version <= each.to,
      ),
    )
    const begun = performance.now()
    const work = async (): Promise<void> => {
      for (let next = trials.shift(); next !== undefined; next = trials.shift()) {
        const { name } = next.case
        try {
          const [kafkaSteps, karstSteps] = await runBoth(next.case, next.version, addresses)
          exchanges += kafkaSteps.length
          findings.add(api.key, name, next.version, compareTranscripts(kafkaSteps, karstSteps))
        } catch (error) {
          broken.push(`${api.key} ${api.name} v${next.version}, ${name}: ${String(error)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: parallel }, work))
    const ms = Math.round(performance.now() - begun)
    say(`${api.key} ${api.name} v${low}-${high}: ${cases.length} cases, ${ms} ms`)
  }
  const wasRun = (entry: { key: number; case: string }): boolean =>
    wireCases.some(
      (each) =>
        each.key === entry.key &&
        isWanted(each) &&
        matches(entry.case, each.name) &&
        ours.has(each.key),
    ) && values.case === undefined
  const verdict = judge(findings.all, knownDifferences, wasRun)
  return report({ ...verdict, broken, exchanges }, values.json)
}

/** Random sequences, from `--seed` on: the same every time. Resolves with whether none differs. */
async function compareRandom(addresses: { kafka: string; karst: string }): Promise<boolean> {
  const first = Number(values.seed)
  const seeds = Array.from({ length: Number(values.runs) }, (_, at) => first + at)
  const counts = { sequences: seeds.length, exchanges: 0, differing: 0 }
  const work = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const { exchanges, differences, asked } = await runRandom(seed, addresses)
      counts.exchanges += exchanges
      if (differences.length === 0) continue
      counts.differing++
      for (const line of asked) console.log(line)
      for (const { path, kafka, karst } of differences) {
        console.log(`  ${path}\n      Kafka ${kafka}\n      Karst ${karst}`)
      }
      console.log(`again with: npm run test:wire -- --random --seed ${seed} --runs 1\n`)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  const { sequences, exchanges, differing } = counts
  say(`${sequences} random sequences of ${exchanges} answers: ${differing} differ`)
  return differing === 0
}

/** The same on both brokers, at the same time. */
async function runBoth(
  wireCase: WireCase,
  version: number,
  addresses: { kafka: string; karst: string },
): Promise<[Step[], Step[]]> {
  const tag = `${randomBytes(4).toString('hex')}-`
  const both = await Promise.allSettled([
    runOn(addresses.kafka, 'Kafka', wireCase, version, tag),
    runOn(addresses.karst, 'Karst', wireCase, version, tag),
  ])
  const [kafkas, karsts] = both.map((each) => {
    if (each.status === 'rejected') throw each.reason
    if (each.value.length === 0) throw new Error('it asks for nothing that is compared')
    return each.value
  })
  return [kafkas ?? [], karsts ?? []]
}

async function runOn(
  bootstrap: string,
  who: string,
  wireCase: WireCase,
  version: number,
  tag: string,
): Promise<Step[]> {
  const scenario = new Scenario(bootstrap, tag)
  try {
    await wireCase.run(scenario, version)
  } catch (error) {
    if (!(error instanceof ScenarioOver))
      throw new Error(`on ${who}: ${String(error)}`, { cause: error })
  } finally {
    scenario.close()
  }
  return scenario.steps
}
