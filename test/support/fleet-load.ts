/**
 * Load on a fleet while something goes wrong: librdkafka and Java write to all partitions of topics
 * of their own. Tells the longest time without an acknowledgement, and proves at the end that
 * nothing was given up, lost or written twice.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { faultsOf, judge } from './acknowledged.ts'
import type { BrokerProcess } from './broker-process.ts'
import { openKafkajs } from './clients/kafkajs.ts'
import { readAll } from './clients/kcat.ts'
import { openJavaProducer, openRdkafkaProducer } from './clients/verifiable.ts'
import type { VerifiableProducer } from './clients/verifiable.ts'
import type { Fleet } from './fleet.ts'
import { until } from './until.ts'

/** From the end of a trouble until everybody writes again, on a busy machine. */
export const recoveryMsMax = 30_000
/** Who stands still for longer is asked why, also where the test passes. */
const noteMs = 20_000
const partitionCount = 12
const lifeMs = 240_000
/** So many acknowledgements show that a producer goes on, and not only that an old answer came. */
const goingOnCount = 50
const lookMs = 20
/** Of each broker's log, where a producer stands still. */
const toldChars = 3_000

export interface LoadOptions {
  readonly latency?: 'standard' | 'low'
}

/** Longest times without an acknowledgement, in milliseconds. */
export interface Gaps {
  readonly client: string
  readonly wholeMs: number
  /** By partition. */
  readonly partitionMs: ReadonlyMap<number, number>
}

class GapWatch {
  readonly producer: VerifiableProducer
  readonly topic: string
  readonly #lastMs = new Map<number, number>()
  readonly #gapMs = new Map<number, number>()
  #seen = 0
  #wholeMs = 0
  #wholeLastMs = 0

  constructor(producer: VerifiableProducer, topic: string) {
    this.producer = producer
    this.topic = topic
  }

  look(nowMs: number): void {
    const all = this.producer.acknowledged()
    if (all.length > this.#seen) this.#wholeLastMs = nowMs
    else if (this.#wholeLastMs > 0) {
      this.#wholeMs = Math.max(this.#wholeMs, nowMs - this.#wholeLastMs)
    }
    for (; this.#seen < all.length; this.#seen++) {
      this.#lastMs.set(all[this.#seen]?.partition ?? -1, nowMs)
    }
    for (const [partition, lastMs] of this.#lastMs) {
      const gapMs = Math.max(this.#gapMs.get(partition) ?? 0, nowMs - lastMs)
      this.#gapMs.set(partition, gapMs)
    }
  }

  /** From now on, as if nothing had been before. */
  forget(): void {
    this.#wholeMs = 0
    this.#gapMs.clear()
  }

  gaps(): Gaps {
    const { name: client } = this.producer
    return { client, wholeMs: this.#wholeMs, partitionMs: new Map(this.#gapMs) }
  }
}

export class FleetLoad {
  readonly #fleet: Fleet
  readonly #watches: readonly GapWatch[]
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = Date.now()

  private constructor(fleet: Fleet, watches: readonly GapWatch[]) {
    this.#fleet = fleet
    this.#watches = watches
    this.#timer = setInterval(() => {
      for (const watch of watches) watch.look(performance.now())
    }, lookMs)
  }

  /**
   * Resolves when both producers of the new topics `topic` and `topic-java` write, to a fleet that
   * has settled: who is to be cut off shall have clients.
   */
  static async start(fleet: Fleet, topic: string, options: LoadOptions = {}): Promise<FleetLoad> {
    const { latency = 'standard' } = options
    await fleet.settle()
    const topics = [topic, `${topic}-java`]
    const admin = openKafkajs(fleet.bootstrap).admin()
    await admin.createTopics({
      topics: topics.map((each) => ({
        topic: each,
        numPartitions: partitionCount,
        configEntries: [{ name: 'karst.latency.class', value: latency }],
      })),
    })
    await admin.disconnect()
    const shared = { bootstrap: fleet.bootstrap, partitions: partitionCount, timeoutMs: lifeMs }
    const producers = await Promise.all([
      openRdkafkaProducer({ ...shared, topic, perSecond: 1_000, padBytes: 200 }),
      openJavaProducer({ ...shared, topic: `${topic}-java`, perSecond: 500 }),
    ])
    const watches = producers.map((each, at) => new GapWatch(each, topics[at] as string))
    const load = new FleetLoad(fleet, watches)
    await load.goesOn(recoveryMsMax)
    return load
  }

  get acknowledged(): number {
    return this.#watches.reduce((sum, { producer }) => sum + producer.acknowledgedCount(), 0)
  }

  /** Gaps are those from now on. */
  watchAnew(): void {
    for (const watch of this.#watches) watch.forget()
  }

  /** Up to now, also those that have not ended. */
  gaps(): readonly Gaps[] {
    for (const watch of this.#watches) watch.look(performance.now())
    return this.#watches.map((watch) => watch.gaps())
  }

  /** Resolves when every producer was acknowledged something after this call. */
  async goesOn(withinMs: number): Promise<void> {
    const counts = this.#watches.map(({ producer }) => producer.acknowledgedCount())
    const goesOn = ({ producer }: GapWatch, at: number): boolean =>
      producer.acknowledgedCount() > (counts[at] ?? 0) + goingOnCount
    await until(
      () => this.#watches.every(goesOn),
      withinMs,
      () => {
        const still = this.#watches.filter((watch, at) => !goesOn(watch, at))
        return `not acknowledged any more: ${this.#told(still)}`
      },
    )
  }

  /** What these producers say, and all brokers. */
  #told(watches: readonly GapWatch[]): string {
    const told = watches.map(({ producer: { name, failed, told } }) => {
      return `${name}, ${failed().length} records given up: ${failed()[0] ?? ''} ${told()}`
    })
    const logs = this.#fleet.brokers.map(({ errors }) => errors.slice(-toldChars))
    return `${told.join('; ')}\nbrokers:\n${logs.join('\n')}`
  }

  /** Why clients were placed anew, and when, from `sinceMs` on (default: since the load began). */
  placedAnew(sinceMs: number = this.#startedMs): string[] {
    const lines = this.#fleet.brokers.flatMap(({ errors }) => errors.split('\n'))
    const found = lines.flatMap((line) => {
      const told = /^\{"level".*"time":"([^"]+)".*"reason":"([^"]+)".*placed anew/.exec(line)
      return told === null ? [] : [{ atMs: Date.parse(told[1] ?? ''), why: told[2] ?? '' }]
    })
    return found
      .filter(({ atMs }) => atMs >= sinceMs)
      .toSorted((a, b) => a.atMs - b.atMs)
      .map(({ atMs, why }) => `${why} after ${((atMs - sinceMs) / 1_000).toFixed(1)} s`)
  }

  /** Nothing lost, given up or twice. */
  async check(t: TestContext): Promise<void> {
    t.diagnostic(`${this.acknowledged} acknowledged; ${gapsText(this.gaps())}`)
    t.diagnostic(`placed anew: ${this.placedAnew().join('; ') || 'nothing'}`)
    const slow = this.#watches.filter((watch) => watch.gaps().wholeMs > noteMs)
    if (slow.length > 0) t.diagnostic(`stood still: ${this.#told(slow)}`)
    clearInterval(this.#timer)
    for (const { producer, topic } of this.#watches) {
      await producer.stop()
      const [first] = producer.failed()
      const told = `${first}\n${producer.told()}`
      assert.equal(producer.failed().length, 0, `${producer.name} gave up: ${told}`)
      const stored = await readAll(this.#fleet.bootstrap, topic)
      const verdict = judge(producer.acknowledged(), stored, stored)
      assert.deepEqual(faultsOf(verdict), [], `${producer.name}, ${stored.length} records`)
    }
  }
}

export function gapsText(gaps: readonly Gaps[]): string {
  const each = gaps.map(({ client, wholeMs, partitionMs }) => {
    const all = [...partitionMs].toSorted(([left], [right]) => left - right)
    const texts = all.map(([partition, ms]) => `${partition}: ${Math.round(ms)}`)
    return `${client} longest without ${Math.round(wholeMs)} ms, by partition ${texts.join(', ')}`
  })
  return each.join('; ')
}

/** What `/readyz` of a broker says: status and text. */
export async function readiness(broker: BrokerProcess): Promise<string> {
  const answer = await fetch(`http://${broker.addresses.http}/readyz`)
  return `${answer.status} ${(await answer.text()).trim()}`
}

/** Resolves when `/readyz` of all brokers of the list (default: of the fleet) says so. */
export async function untilAll(
  fleet: Fleet,
  matches: RegExp,
  withinMs: number,
  brokers: readonly BrokerProcess[] = fleet.brokers,
): Promise<void> {
  let told: string[] = []
  await until(
    async () => {
      told = await Promise.all(brokers.map(readiness))
      return told.every((each) => matches.test(each))
    },
    withinMs,
    () => `not ${matches}: ${told.join(' | ')}`,
  )
}
