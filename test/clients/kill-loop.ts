/**
 * Kills the broker again and again under load, and compares what verifiable producers were
 * promised with what is there at the end.
 *
 * npm run test:kill -- --rounds 50 [--seed N] [--target kafka|fleet]
 *
 * Of a fleet one broker of three dies in each round, and all of them in every fifth; while one is
 * away the others serve, and how long clients had nothing is told.
 *
 * Prints one JSON summary; its `faults` are empty when the broker kept every promise.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { randomBelow } from '../../src/base/random.ts'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { Fleet } from '../support/fleet.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer, openRdkafkaProducer, openReader } from '../support/clients/verifiable.ts'
import type { Reader, VerifiableProducer } from '../support/clients/verifiable.ts'
import { installAll } from '../support/install.ts'
import { KafkaProcess } from '../support/kafka-process.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'

export interface KillOptions {
  rounds: number
  seed: number
  target: 'karst' | 'kafka' | 'fleet'
}

export interface KillSummary {
  rounds: number
  seed: number
  acknowledged: number
  read: number
  /** `each` in the order of rounds: a start that slows down as data grows would show. */
  readyMs: { median: number; max: number; each: number[] }
  /** From the ready line until both producers were acknowledged again, at worst. */
  servingAgainMsMax: number
  /** Of a fleet: from a death until every producer was acknowledged again by the others. */
  takenOverMs?: { median: number; max: number; each: number[] }
  faults: string[]
}

interface Stream {
  topic: string
  producer: VerifiableProducer
  reader: Reader
}

const partitions = 4
/** What a start should take; slower ones are told, for a busy machine is no fault of the broker's. */
const readyMsGoal = 1_000
/** What no start takes unless something is wrong with it. */
const readyMsMax = 10_000
// A client notices a dead broker and comes back within its own backoff, here at most 250 ms.
const servingAgainTimeoutMs = 30_000
const loadMsMin = 100
const loadMsMax = 1_200

export async function killLoop(options: KillOptions): Promise<KillSummary> {
  const { rounds, seed, target } = options
  const broker = await startTarget(target)
  const timeoutMs = 120_000 + rounds * (servingAgainTimeoutMs + loadMsMax)
  const streams = await openStreams(broker.bootstrap, timeoutMs, target)
  const readyMs: number[] = []
  const servingAgainMs: number[] = []
  const takenOverMs: number[] = []
  const random = seededRandom(seed)
  await allAcknowledgedMore(streams)
  for (let round = 0; round < rounds; round++) {
    await sleep(loadMsMin + randomBelow(random, loadMsMax - loadMsMin))
    await broker.kill()
    if (broker instanceof FleetUnderFire && broker.isServing) {
      const killedAt = performance.now()
      await allAcknowledgedMore(streams)
      takenOverMs.push(performance.now() - killedAt)
    }
    await broker.restart()
    readyMs.push(broker.readyMs)
    const readyAt = performance.now()
    await allAcknowledgedMore(streams)
    servingAgainMs.push(performance.now() - readyAt)
  }
  const summary = await sumUp(broker.bootstrap, streams)
  await broker.close().catch((error: unknown) => summary.faults.push(`stop: ${String(error)}`))
  const { max } = spreadOf(readyMs)
  if (target === 'karst' && max > readyMsMax) summary.faults.push(`ready only after ${max} ms`)
  if (broker instanceof BrokerProcess) await removeOrKeep(broker.dataFolder, summary.faults)
  const servingAgainMsMax = Math.round(Math.max(...servingAgainMs))
  return {
    rounds,
    seed,
    ...summary,
    readyMs: spreadOf(readyMs),
    servingAgainMsMax,
    ...(takenOverMs.length === 0 ? {} : { takenOverMs: spreadOf(takenOverMs) }),
  }
}

function spreadOf(values: readonly number[]): { median: number; max: number; each: number[] } {
  const sorted = values.toSorted((a, b) => a - b)
  const median = Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)
  return { median, max: Math.round(sorted.at(-1) ?? 0), each: values.map(Math.round) }
}

/** Three brokers, of which one dies, then the next, and all of them at every fifth time. */
class FleetUnderFire {
  readonly #fleet: Fleet
  #deaths = 0
  #dead: BrokerProcess[] = []

  private constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  static async start(): Promise<FleetUnderFire> {
    return new FleetUnderFire(await Fleet.start({ kafkaPort: 29_092 }))
  }

  get bootstrap(): string {
    return this.#fleet.brokers.map(({ bootstrap }) => bootstrap).join(',')
  }

  get readyMs(): number {
    return Math.max(...this.#dead.map(({ readyMs }) => readyMs))
  }

  /** True where some are left. */
  get isServing(): boolean {
    return this.#fleet.brokers.some(({ isRunning }) => isRunning)
  }

  async kill(): Promise<void> {
    const { brokers } = this.#fleet
    const at = this.#deaths++
    const victim = brokers[at % brokers.length] as BrokerProcess
    this.#dead = at % 5 === 4 ? brokers : [victim]
    await Promise.all(this.#dead.map((broker) => broker.kill()))
  }

  async restart(): Promise<void> {
    await Promise.all(this.#dead.map((broker) => broker.restart()))
  }

  close(): Promise<void> {
    return this.#fleet.close()
  }
}

function startTarget(
  target: KillOptions['target'],
): Promise<BrokerProcess | KafkaProcess | FleetUnderFire> {
  if (target === 'fleet') return FleetUnderFire.start()
  return target === 'kafka' ? KafkaProcess.start() : startKarst()
}

async function startKarst(): Promise<BrokerProcess> {
  return BrokerProcess.start({ dataFolder: await mkdtemp(path.join(tmpdir(), 'karst-kill-')) })
}

/** The folder of a failed run is what one wants to look at, so it is kept. */
async function removeOrKeep(folder: string, faults: string[]): Promise<void> {
  if (faults.length === 0) await rm(folder, { recursive: true, force: true })
  else console.error(`data folder kept: ${folder}`)
}

async function openStreams(
  bootstrap: string,
  timeoutMs: number,
  target: KillOptions['target'],
): Promise<Stream[]> {
  // In a fleet the second one goes another way to durability.
  const low = { name: 'karst.latency.class', value: 'low' }
  const kinds = [
    { open: openRdkafkaProducer, perSecond: 4_000, padBytes: 1_000, configEntries: [] },
    {
      ...{ open: openJavaProducer, perSecond: 1_000, padBytes: 0 },
      configEntries: target === 'kafka' ? [] : [low],
    },
  ]
  const streams: Stream[] = []
  for (const { open, configEntries, ...load } of kinds) {
    const topic = freshName('kill')
    const admin = openKafkajs(bootstrap).admin()
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
    await admin.disconnect()
    const producer = await open({ bootstrap, topic, partitions, timeoutMs, ...load })
    streams.push({
      topic,
      producer,
      reader: await openReader(bootstrap, topic, partitions, timeoutMs),
    })
  }
  return streams
}

/** Resolves when every producer was acknowledged something after this call. */
async function allAcknowledgedMore(streams: Stream[]): Promise<void> {
  const before = new Map(streams.map((s) => [s, s.producer.acknowledgedCount()]))
  for (const stream of streams) {
    await until(
      () => stream.producer.acknowledgedCount() > (before.get(stream) ?? 0),
      servingAgainTimeoutMs,
      () => `${stream.producer.name} is not acknowledged anything any more`,
    )
  }
}

async function sumUp(
  bootstrap: string,
  streams: Stream[],
): Promise<Pick<KillSummary, 'acknowledged' | 'read' | 'faults'>> {
  const sum = { acknowledged: 0, read: 0, faults: [] as string[] }
  for (const { topic, producer, reader } of streams) {
    await producer.stop()
    const last = await readAll(bootstrap, topic)
    await until(
      () => reader.records().length >= last.length,
      servingAgainTimeoutMs,
      () => `the reader has seen ${reader.records().length} of ${last.length}`,
    )
    await reader.stop()
    const verdict = judge(producer.acknowledged(), reader.records(), last)
    sum.acknowledged += verdict.acknowledged
    sum.read += verdict.read
    const failed = producer.failed().map((line) => `given up: ${line}`)
    for (const fault of [...faultsOf(verdict), ...failed.slice(0, 1)]) {
      sum.faults.push(`${producer.name}: ${fault}`)
    }
  }
  return sum
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      target: { type: 'string', default: 'karst' },
    },
  })
  const { target } = values
  if (target !== 'karst' && target !== 'kafka' && target !== 'fleet') {
    throw new Error(`--target is karst, kafka or fleet, not ${target}`)
  }
  await installAll()
  const options = { rounds: Number(values.rounds), seed: Number(values.seed) }
  const summary = await killLoop({ ...options, target })
  console.log(JSON.stringify(summary, null, 2))
  const { max } = summary.readyMs
  if (target === 'karst' && max > readyMsGoal) {
    console.error(`warning: a start took ${max} ms, it should take ${readyMsGoal} ms at most`)
  }
  if (summary.faults.length > 0) process.exitCode = 1
}

if (import.meta.main) await main()
