/**
 * One run: the real broker on virtual time, clients that keep it busy, and a world that fails. One
 * seed decides everything, so that a failure is a command that anyone can repeat.
 */
import assert from 'node:assert/strict'
import { sleep } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { openMemoryDatabase, type MemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import { parseConfig, type LoadedConfig } from '../../src/config/parse-config.ts'
import { MemoryDisk, type DiskFault, type DiskOperation } from '../../src/disk/memory-disk.ts'
import { startServer } from '../../src/server.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { createTopics } from '../../src/wire/messages/19-create-topics.ts'
import { incrementalAlterConfigs } from '../../src/wire/messages/44-incremental-alter-configs.ts'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { CompactWork } from './compact-work.ts'
import { History } from './history.ts'
import { Life, MortalDatabase, mortalClock } from './life.ts'
import { runMember } from './member-actor.ts'
import { runProducer } from './producer-actor.ts'
import { fetchFrom, type ReaderParts, type ReadRecord, runReader } from './reader-actor.ts'
import { Lost, SimClient } from './sim-client.ts'
import { SimNetwork } from './sim-network.ts'
import { TxnWork } from './txn-work.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Virtual time with faults. */
  readonly faultMs?: number
  readonly log?: Log
}

export interface SimulationResult {
  /** Everything that clients saw, in order. */
  readonly trace: readonly string[]
  readonly acknowledged: number
  readonly crashes: number
}

const port = 9_092
const topic = 'orders'
const partitionCount = 3
/** S1: after the last fault everything succeeds again within this. */
const livenessMs = 10_000

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options)
  return simulation.run()
}

class Simulation {
  readonly #random: Random
  readonly #clock = new VirtualClock()
  readonly #disk: MemoryDisk
  readonly #database: MemoryDatabase
  readonly #network: SimNetwork
  readonly #history = new History()
  readonly #loaded: LoadedConfig
  readonly #log: Log
  readonly #faultMs: number
  #hasFaults = false
  #isOver = false
  #crashes = 0
  #life: Life | undefined
  readonly #transactions: TxnWork
  readonly #compacted: CompactWork
  #failure: Error | undefined

  constructor({ seed, faultMs = 6_000, log = silentLog }: SimulationOptions) {
    this.#random = seededRandom(seed)
    this.#faultMs = faultMs
    this.#log = log
    const clock = this.#clock
    this.#disk = new MemoryDisk({
      clock,
      random: this.#fork(),
      latencyMs: 0.1,
      fault: (operation) => this.#diskFault(operation),
    })
    this.#database = openMemoryDatabase({
      clock,
      hooks: {
        pause: () => sleep(clock, randomBelow(this.#random, 3) === 0 ? 0.2 : 0),
        fault: (point) => this.#catalogFault(point),
      },
    })
    this.#network = new SimNetwork(clock, this.#fork())
    this.#loaded = configFor(this.#random)
    const shared = {
      clock,
      fork: () => this.#fork(),
      client: (name: string) => this.#client(name),
      note: (line: string) => this.#note(line),
      isOver: () => this.#isOver,
    }
    this.#transactions = new TxnWork(shared)
    this.#compacted = new CompactWork(shared)
  }

  async run(): Promise<SimulationResult> {
    await this.#within('start', this.#boot(), livenessMs)
    await this.#within('topics', this.#createTopics(), livenessMs)
    this.#hasFaults = true
    const actors = this.#startActors()
    const chaos = this.#chaos()
    await this.#advance(this.#faultMs)
    this.#hasFaults = false
    this.#isOver = true
    await this.#within('chaos', chaos, livenessMs)
    // S1: what is in flight succeeds, without anyone's help.
    await this.#within('S1: clients come to an end', Promise.all(actors), livenessMs)
    await this.#restart()
    await this.#within('reading everything', this.#checkAll(), 60_000)
    if (this.#failure !== undefined) throw this.#failure
    const { trace } = this.#history
    const acknowledged = [...this.#history.sent.values()].filter((s) => s.state === 'acknowledged')
    assert.ok(acknowledged.length > 0, 'something was acknowledged')
    return { trace, acknowledged: acknowledged.length, crashes: this.#crashes }
  }

  #fork(): Random {
    return seededRandom(this.#random.uint32())
  }

  #note(line: string): void {
    this.#history.note(`${this.#clock.monotonicMs().toFixed(3)} ${line}`)
  }

  async #boot(): Promise<void> {
    for (;;) {
      const life = new Life()
      this.#life = life
      try {
        const server = await startServer(this.#loaded, {
          clock: mortalClock(this.#clock, life),
          random: this.#fork(),
          disk: this.#disk.mount(),
          network: this.#network.of(life),
          openDatabase: async () => new MortalDatabase(this.#database, life),
          repacker: inlineRepacker,
          openPass: openInlinePass,
          log: this.#log,
          logLevels: new LogLevels('INFO'),
          poisonsFree: true,
        })
        server.failure.catch((error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error))
        })
        this.#note('broker started')
        return
      } catch (error) {
        if (life !== this.#life) return
        this.#note(`start failed: ${String(error)}`)
        life.kill()
        await sleep(this.#clock, 100)
      }
    }
  }

  async #restart(): Promise<void> {
    this.#crash()
    await this.#within('restart', this.#boot(), livenessMs)
  }

  /** kill -9; half of the time the power goes with it. */
  #crash(): void {
    this.#crashes++
    this.#note('crash')
    this.#life?.kill()
    this.#disk.crash(this.#fork())
  }

  async #chaos(): Promise<void> {
    while (this.#hasFaults) {
      await sleep(this.#clock, 20 + randomBelow(this.#random, 400))
      if (!this.#hasFaults) return
      const draw = randomBelow(this.#random, 10)
      if (draw < 6) this.#network.cutOne()
      else if (draw < 8) {
        this.#crash()
        await sleep(this.#clock, 5 + randomBelow(this.#random, 200))
        await this.#boot()
      } else if (draw < 9) await this.#changePacking()
    }
  }

  /** Producers send plain batches: from now on they are stored otherwise, or as they are. */
  async #changePacking(): Promise<void> {
    const types = ['producer', 'uncompressed', 'lz4', 'snappy']
    const value = types[randomBelow(this.#random, types.length)] ?? ''
    const configs = [{ name: 'compression.type', configOperation: 0, value }]
    const names = [topic, TxnWork.topic]
    const resources = names.map((resourceName) => ({ resourceType: 2, resourceName, configs }))
    const body = { resources, validateOnly: false }
    try {
      await this.#client('configs').request(incrementalAlterConfigs, 1, body)
      this.#note(`compression.type is ${value}`)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
  }

  #diskFault({ kind }: DiskOperation): DiskFault | undefined {
    if (!this.#hasFaults) return undefined
    const draw = randomBelow(this.#random, 1_000)
    if (draw < 15) return { delayMs: randomBelow(this.#random, 300) }
    if (draw < 20 && (kind === 'write' || kind === 'sync')) return { fail: 'unavailable' }
    if (draw < 24 && kind === 'write') return { fail: 'overloaded' }
    return undefined
  }

  #catalogFault({ at }: MemoryPoint): MemoryFault | undefined {
    if (!this.#hasFaults) return undefined
    const draw = randomBelow(this.#random, 1_000)
    if (draw < 3) return { fault: 'fail' }
    if (at !== 'commit') return undefined
    if (draw < 12) return { fault: 'lose-answer' }
    if (draw < 18) return { fault: 'lose-request' }
    if (draw < 26) {
      const until = this.#untilOrDeath(randomBelow(this.#random, 800))
      return { fault: 'zombie', until, commits: randomBelow(this.#random, 2) === 0 }
    }
    return undefined
  }

  /**
   * The embedded catalog runs in the broker's process: a commit that hangs is over, one way or the
   * other, when the process dies. (A server's would go on; there no journal space is used again.)
   */
  #untilOrDeath(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#life?.atEnd(resolve)
    this.#clock.after(ms, resolve)
    return promise
  }

  #client(name: string): SimClient {
    return new SimClient(this.#network, this.#clock, port, name)
  }

  async #createTopics(): Promise<void> {
    const client = this.#client('admin')
    const compact = this.#compactConfigs()
    const named = [
      { name: topic, configs: [] },
      { name: TxnWork.topic, configs: randomBelow(this.#random, 2) === 0 ? [] : compact },
      { name: CompactWork.topic, configs: compact },
    ]
    const topics = named.map((each) => {
      return { ...each, numPartitions: partitionCount, replicationFactor: 1, assignments: [] }
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
      for (const isIdempotent of [true, true, false]) {
        const name = `p${partition}-${actors.length}${isIdempotent ? 'i' : ''}`
        const client = this.#client(name)
        const parts = { ...shared, name, client, random: this.#fork(), partition, isIdempotent }
        actors.push(this.#watched(runProducer(parts)))
      }
      actors.push(this.#watched(runReader(this.#reader(partition))))
    }
    for (const groupId of ['group-a', 'group-b']) {
      const note = (line: string): void => this.#note(line)
      const parts = {
        ...shared,
        groupId,
        note,
        client: this.#client(groupId),
        random: this.#fork(),
      }
      actors.push(this.#watched(runMember(parts)))
    }
    const others = [...this.#transactions.start(), ...this.#compacted.start()]
    actors.push(...others.map((actor) => this.#watched(actor)))
    return actors
  }

  #reader(partition: number): ReaderParts {
    const isOver = (): boolean => this.#isOver
    const client = this.#client(`reader-${partition}`)
    const shared = { clock: this.#clock, random: this.#fork(), history: this.#history }
    return { ...shared, client, topic, partition, isOver }
  }

  /** A broken invariant ends the run; the first counts. */
  async #watched(actor: Promise<void>): Promise<void> {
    try {
      await actor
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  async #checkAll(): Promise<void> {
    const logs = new Map<number, ReadRecord[]>()
    for (let partition = 0; partition < partitionCount; partition++) {
      let refusal = ''
      const refused = (code: number, offset: number): void => {
        refusal = `partition ${partition} at ${offset}: error ${code}`
      }
      const reader = { ...this.#reader(partition), refused }
      const records: ReadRecord[] = []
      for (let offset = 0, refusals = 0; ;) {
        const page = await fetchFrom(reader, offset, 0)
        if (page === undefined) {
          assert.ok(++refusals < 100, `W1: committed records cannot be read: ${refusal}`)
          await sleep(this.#clock, 20)
          continue
        }
        if (page.length === 0) break
        records.push(...page)
        offset = (page.at(-1)?.offset ?? 0) + 1
      }
      assert.ok(records.length >= 0)
      logs.set(partition, records)
      this.#note(`partition ${partition}: ${records.length} records`)
    }
    this.#history.check(logs)
    await this.#transactions.check()
    await this.#compacted.check()
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
    assert.ok(isSettled, `${what}: not done within ${msMax} ms; seen last:\n  ${last}`)
    return work
  }
}

/** Small files and caches, so that rolling, recycling and cold reads happen all the time. */
function configFor(random: Random): LoadedConfig {
  const flags = { data: '/data', kafka: `broker:${port}`, 'num-partitions': `${partitionCount}` }
  const parsed = parseConfig({ flags })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const pick = (values: readonly number[]): number =>
    values[randomBelow(random, values.length)] ?? 0
  const config = {
    ...parsed.config,
    'disk.reserve.bytes': 65_536,
    'journal.file.bytes': pick([131_072, 262_144, 1_048_576]),
    'journal.group.bytes': pick([32_768, 65_536]),
    'tail.cache.bytes': pick([0, 65_536, 1_048_576]),
    'block.cache.bytes': pick([0, 65_536, 1_048_576]),
    'pack.window.ms': pick([100, 1_000, 60_000]),
    'pack.object.bytes': pick([16_384, 65_536, 67_108_864]),
    'object.grace.ms': pick([1_000, 60_000]),
    'log.cleaner.backoff.ms': pick([0, 100, 1_000]),
    'log.cleaner.dedupe.buffer.size': pick([50, 1_024, 65_536]),
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': pick([100, 1_000]),
  }
  return { ...parsed, config }
}
