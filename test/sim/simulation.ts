/**
 * One run: real brokers on virtual time, clients that keep them busy, and a world that fails. One
 * seed decides everything, so that a failure is a command that anyone can repeat.
 */
import assert from 'node:assert/strict'
import { sleep } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { createTopics } from '../../src/wire/messages/19-create-topics.ts'
import { incrementalAlterConfigs } from '../../src/wire/messages/44-incremental-alter-configs.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { AgedWork } from './aged-work.ts'
import { CompactWork } from './compact-work.ts'
import { ContractWork } from './contract-work.ts'
import { EmbeddedSite } from './embedded-site.ts'
import { FleetSite } from './fleet-site.ts'
import { History } from './history.ts'
import { runMember } from './member-actor.ts'
import { runProducer } from './producer-actor.ts'
import { fetchFrom, type ReaderParts, type ReadRecord, runReader } from './reader-actor.ts'
import { drawShape, type Feature, type RunShape } from './run-shape.ts'
import { type Asker, Lost } from './sim-client.ts'
import { SimNetwork } from './sim-network.ts'
import { errorOf, type Site } from './site.ts'
import { TxnWork } from './txn-work.ts'

/** One broker over a folder, or several over a bucket and a database. */
const latencyConfig = 'karst.latency.class'

export type SimulationKind = 'embedded' | 'fleet'

export interface SimulationOptions {
  readonly seed: number
  /** Default: 'embedded'. */
  readonly kind?: SimulationKind
  /** Virtual time with faults, of a run with everything. Default: the seed decides what is in it. */
  readonly faultMs?: number
  readonly log?: Log
}

export interface SimulationResult {
  /** Everything that clients saw, in order. */
  readonly trace: readonly string[]
  readonly acknowledged: number
  readonly crashes: number
}

const topic = 'orders'
const partitionCount = 3
/** S1: after the last fault everything succeeds again within this. */
const livenessMs = 10_000
/** What is under way when the faults end may take so long: a broker drains for eight seconds. */
const chaosMsMax = 40_000

/** @throws with `trace`: what clients had seen. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options)
  try {
    return await simulation.run()
  } catch (error) {
    throw Object.defineProperty(errorOf(error), 'trace', { value: simulation.trace })
  }
}

class Simulation {
  readonly #random: Random
  readonly #clock: VirtualClock
  readonly #network: SimNetwork
  readonly #history = new History()
  readonly #site: Site
  readonly #shape: RunShape
  #hasFaults = false
  #isOver = false
  readonly #transactions: TxnWork
  readonly #aged: AgedWork
  readonly #compacted: CompactWork
  readonly #contracted: ContractWork
  #failure: Error | undefined
  /** Clients that have not come to their end. */
  readonly #acting = new Set<string>()

  constructor({ seed, kind = 'embedded', faultMs, log = silentLog }: SimulationOptions) {
    this.#random = seededRandom(seed)
    this.#shape = drawShape(this.#random, faultMs)
    const clock = new VirtualClock(undefined, this.#shape.settling)
    this.#clock = clock
    this.#network = new SimNetwork(clock, this.#fork())
    const parts = {
      ...{ clock, log, random: this.#random, network: this.#network },
      note: (line: string) => this.#note(line),
      failed: (error: unknown) => void (this.#failure ??= errorOf(error)),
      hasFaults: () => this.#hasFaults,
    }
    const Kind = kind === 'fleet' ? FleetSite : EmbeddedSite
    this.#site = new Kind(parts, partitionCount)
    const work = {
      clock,
      fork: () => this.#fork(),
      client: (name: string) => this.#site.client(name),
      note: (line: string) => this.#note(line),
      isOver: () => this.#isOver,
    }
    this.#transactions = new TxnWork({ ...work, lateReadsMax: kind === 'fleet' ? 25 : 0 })
    this.#aged = new AgedWork(work)
    this.#compacted = new CompactWork(work)
    this.#contracted = new ContractWork({ ...work, server: () => this.#site.server() })
  }

  get trace(): readonly string[] {
    return this.#history.trace
  }

  async run(): Promise<SimulationResult> {
    await this.#begin()
    this.#hasFaults = true
    const actors = this.#startActors()
    const chaos = this.#chaos()
    await this.#advance(this.#shape.faultMs)
    this.#hasFaults = false
    this.#isOver = true
    const calm = chaos.then(() => this.#site.calm())
    await this.#within('chaos', calm, chaosMsMax)
    // S1: what is in flight succeeds, without anyone's help.
    await this.#within('S1: clients come to an end', Promise.all(actors), livenessMs)
    await this.#judge()
    if (this.#failure !== undefined) throw this.#failure
    const { trace } = this.#history
    const acknowledged = [...this.#history.sent.values()].filter((s) => s.state === 'acknowledged')
    assert.ok(acknowledged.length > 0, 'something was acknowledged')
    return { trace, acknowledged: acknowledged.length, crashes: this.#site.crashes }
  }

  async #begin(): Promise<void> {
    const { faultMs, calmMsMax, features } = this.#shape
    this.#note(`${faultMs} ms, ${calmMsMax} ms between, ${[...features].join(' ') || 'no more'}`)
    await this.#within('start', this.#site.boot(), livenessMs)
    await this.#within('topics', this.#createTopics(), livenessMs)
    if (this.#has('retention')) await this.#within('configs', this.#aged.configure(), livenessMs)
    if (this.#has('contract')) await this.#within('contract', this.#contracted.open(), livenessMs)
  }

  async #judge(): Promise<void> {
    await this.#within('reading everything', this.#checkAll('as it is'), 240_000)
    if (this.#shape.isRestarted) {
      await this.#within('restart', this.#site.restart(), livenessMs)
      await this.#within('reading everything', this.#checkAll('restarted'), 240_000)
    }
    const checks: readonly [Feature, () => Promise<void>][] = [
      ['transactions', () => this.#transactions.check()],
      ['compaction', () => this.#compacted.check()],
      ['contract', () => this.#contracted.check()],
    ]
    for (const [feature, check] of checks) {
      if (this.#has(feature)) await this.#within(feature, check(), 240_000)
    }
    await this.#within('audit', this.#site.audit(), 80_000)
  }

  #has(feature: Feature): boolean {
    return this.#shape.features.has(feature)
  }

  #fork(): Random {
    return seededRandom(this.#random.uint32())
  }

  #note(line: string): void {
    this.#history.note(`${this.#clock.monotonicMs().toFixed(3)} ${line}`)
  }

  async #chaos(): Promise<void> {
    while (this.#hasFaults) {
      await sleep(this.#clock, 20 + randomBelow(this.#random, this.#shape.calmMsMax))
      if (!this.#hasFaults) return
      const draw = randomBelow(this.#random, 10)
      if (draw < 8) await this.#site.disturb()
      else if (draw < 9) await this.#changePacking()
      else await this.#changeLatency()
    }
  }

  /** Producers send plain batches: from now on they are stored otherwise, or as they are. */
  async #changePacking(): Promise<void> {
    const types = ['producer', 'uncompressed', 'lz4', 'snappy']
    const value = types[randomBelow(this.#random, types.length)] ?? ''
    await this.#change([topic, TxnWork.topic], 'compression.type', value)
  }

  /** Partitions go from one lane to the other, under load. */
  async #changeLatency(): Promise<void> {
    const value = this.#latency()
    await this.#change(this.#some([topic, TxnWork.topic, AgedWork.topic]), latencyConfig, value)
  }

  #latency(): string {
    return randomBelow(this.#random, 2) === 0 ? 'low' : 'standard'
  }

  #some(names: readonly string[]): string[] {
    return names.filter(() => randomBelow(this.#random, 2) === 0)
  }

  async #change(names: readonly string[], name: string, value: string): Promise<void> {
    const configs = [{ name, configOperation: 0, value }]
    const resources = names.map((resourceName) => ({ resourceType: 2, resourceName, configs }))
    const body = { resources, validateOnly: false }
    try {
      await this.#site.client('configs').request(incrementalAlterConfigs, 1, body)
      this.#note(`${name} of ${names.join(', ')} is ${value}`)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
  }

  async #createTopics(): Promise<void> {
    const client = this.#site.client('admin')
    const compact = this.#compactConfigs()
    const named = [
      { name: topic, configs: [] },
      { name: TxnWork.topic, configs: randomBelow(this.#random, 2) === 0 ? [] : compact },
      { name: AgedWork.topic, configs: [] },
      { name: CompactWork.topic, configs: compact },
    ]
    const topics = named.map((each) => {
      const configs = [...each.configs, { name: latencyConfig, value: this.#latency() }]
      const shape = { numPartitions: partitionCount, replicationFactor: 1, assignments: [] }
      return { ...each, ...shape, configs }
    })
    const done = new Set<number>([ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS])
    for (;;) {
      try {
        const answer = await client.request(createTopics, 5, { topics, timeoutMs: 3_000 })
        if (answer.topics.every(({ errorCode }) => done.has(errorCode))) return
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await sleep(this.#clock, 50)
    }
  }

  #compactConfigs(): { readonly name: string; readonly value: string }[] {
    const waits = ['0', '300', '60000']
    return [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'min.cleanable.dirty.ratio', value: '0' },
      { name: 'delete.retention.ms', value: waits[randomBelow(this.#random, 3)] ?? '' },
    ]
  }

  #startActors(): Promise<void>[] {
    const actors: Promise<void>[] = []
    const isOver = (): boolean => this.#isOver
    const shared = { clock: this.#clock, history: this.#history, topic, isOver }
    for (let partition = 0; partition < partitionCount; partition++) {
      for (const isIdempotent of this.#shape.producers) {
        const name = `p${partition}-${actors.length}${isIdempotent ? 'i' : ''}`
        const client = this.#site.client(name)
        const parts = { ...shared, name, client, random: this.#fork(), partition, isIdempotent }
        actors.push(this.#watched(name, runProducer(parts)))
      }
      if (!this.#has('readers')) continue
      const name = `reader-${partition}`
      const reader = this.#reader(partition, this.#site.client(name))
      actors.push(this.#watched(name, runReader(reader)))
    }
    const others = [
      ...(this.#has('groups') ? this.#startMembers() : []),
      ...(this.#has('transactions') ? this.#transactions.start() : []),
      ...(this.#has('retention') ? this.#aged.start() : []),
      ...(this.#has('compaction') ? this.#compacted.start() : []),
      ...(this.#has('contract') ? this.#contracted.start() : []),
    ]
    actors.push(...others.map((actor, at) => this.#watched(`other ${at}`, actor)))
    return actors
  }

  #startMembers(): Promise<void>[] {
    return ['group-a', 'group-b'].map((groupId) =>
      runMember({
        ...{ groupId, topic, clock: this.#clock, random: this.#fork() },
        client: this.#site.client(groupId),
        note: (line) => this.#note(line),
        isOver: () => this.#isOver,
      }),
    )
  }

  #reader(partition: number, client: Asker): ReaderParts {
    const isOver = (): boolean => this.#isOver
    const shared = { clock: this.#clock, random: this.#fork(), history: this.#history }
    return { ...shared, client, topic, partition, isOver }
  }

  /** A broken invariant ends the run; the first counts. */
  async #watched(name: string, actor: Promise<void>): Promise<void> {
    this.#acting.add(name)
    try {
      await actor
      this.#acting.delete(name)
    } catch (error) {
      this.#failure ??= errorOf(error)
    }
  }

  /**
   * Every broker shows the same, and it is what clients saw. All are asked at once: who is not
   * shown for a partition keeps its reader waiting for seconds.
   */
  async #checkAll(when: string): Promise<void> {
    const all = Array.from({ length: partitionCount }, (_, partition) => partition)
    const aged = this.#has('retention') ? this.#site.pinned('check-aged') : []
    const clients = all.map((partition) => this.#site.pinned(`check-${partition}`))
    const brokers = clients[0]?.keys() ?? []
    const checks = Array.from(brokers, async (index) => {
      const logs = new Map<number, ReadRecord[]>()
      const read = all.map(async (partition) => {
        const records = await this.#readAll(partition, clients[partition]?.[index] as Asker)
        logs.set(partition, records)
        this.#note(`${when}, ${index}: partition ${partition}: ${records.length} records`)
      })
      await Promise.all(read)
      this.#history.check(logs)
    })
    await Promise.all([...checks, ...aged.map((client) => this.#aged.check(client))])
  }

  async #readAll(partition: number, client: Asker): Promise<ReadRecord[]> {
    let refusal = ''
    const refused = (code: number, offset: number): void => {
      refusal = `partition ${partition} at ${offset}: error ${code}`
    }
    const reader = { ...this.#reader(partition, client), refused }
    const records: ReadRecord[] = []
    const end = this.#history.endOf(partition)
    for (let offset = 0, refusals = 0; ;) {
      const page = await fetchFrom(reader, offset, 0)
      // What another broker has just committed is heard of in a moment; one that is not shown for
      // the partition sends its reader away for five seconds.
      const isBehind = page?.length === 0 && offset < end
      if (isBehind) refusal = `partition ${partition} ends at ${offset}, not at ${end}`
      if (page === undefined || isBehind) {
        assert.ok(++refusals < 40, `W1: committed records cannot be read: ${refusal}`)
        await sleep(this.#clock, 250)
        continue
      }
      if (page.length === 0) return records
      records.push(...page)
      offset = (page.at(-1)?.offset ?? 0) + 1
    }
  }

  async #advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.#clock.advance(Math.min(left, 50))
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  /** Passes time until `work` is done; more than `msMax` is a broken promise of liveness. */
  async #within<Result>(what: string, work: Promise<Result>, msMax: number): Promise<Result> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    work.then(settle, settle)
    for (let passed = 0; !isSettled && passed < msMax; passed += 10) {
      await this.#clock.advance(10)
      if (this.#failure !== undefined) throw this.#failure
    }
    const last = this.#history.trace.slice(-8).join('\n  ')
    const acting = [...this.#acting].join(', ')
    const told = `${what}: not done within ${msMax} ms`
    assert.ok(isSettled, `${told}; acting: ${acting}; seen last:\n  ${last}`)
    return work
  }
}
