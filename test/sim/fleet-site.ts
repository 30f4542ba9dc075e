/**
 * Brokers over one catalog and one object store, which fail for all, or for one; and what becomes
 * of brokers: they are killed, drained, cut off, replaced, and new ones join.
 */
import assert from 'node:assert/strict'
import { sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { openMemoryDatabase, type MemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import { type LoadedConfig, parseConfig } from '../../src/config/parse-config.ts'
import type { JobTimes } from '../../src/log/jobs.ts'
import {
  MemoryObjectStore,
  type StoreFault,
  type StoreOperation,
} from '../../src/objects/memory-object-store.ts'
import type { Server } from '../../src/server.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { auditFleet, straysOf } from './fleet-audit.ts'
import { FleetBroker } from './fleet-broker.ts'
import { FleetClient } from './fleet-client.ts'
import { type Asker, SimClient } from './sim-client.ts'
import type { Site, SiteParts } from './site.ts'

const firstPort = 9_101
const names = ['b1', 'b2', 'b3', 'b4'] as const

/** Hours become seconds; what must be longer than a commit can be late still is. */
const jobTimes: JobTimes = {
  outcomesKeptMs: 16_000,
  orphanMs: 1_500,
  journalRowsMs: 20_000,
  sweepMs: 1_000,
  dropTopicsMs: 1_000,
  mergeLookMs: 500,
  mergeAgeMs: 1_000,
  expireGroupsMs: 1_000,
}

const lastCommitsMs = 1_000
/** Longer than the longest pause after a job that failed, see log/job-runner.ts. */
const sweepMsMax = 70_000
/** A store lists what it holds; who put it may be a broker that hung. Then a sweep must come. */
const strayMsMax = jobTimes.orphanMs + 4 * jobTimes.sweepMs

export class FleetSite implements Site {
  readonly #parts: SiteParts
  readonly #database: MemoryDatabase
  readonly #store: MemoryObjectStore
  readonly #brokers: readonly FleetBroker[]
  readonly #firstCount: number
  /** Until then every request to the store fails. */
  #storeDownUntilMs = 0
  #under = new Set<Promise<void>>()

  constructor(parts: SiteParts, partitionCount: number) {
    this.#parts = parts
    const { clock, random } = parts
    this.#database = openMemoryDatabase({
      clock,
      hooks: {
        pause: () => sleep(clock, randomBelow(random, 3) === 0 ? 0.2 : 0),
        fault: (point) => this.#catalogFault(point),
      },
    })
    this.#store = new MemoryObjectStore({
      clock,
      fault: (operation) => this.#storeFault(operation),
    })
    const loaded = configFor(random, partitionCount)
    this.#brokers = names.map((name, index) => {
      const shared = { database: this.#database, store: this.#store, jobTimes, loaded }
      return new FleetBroker({ ...parts, ...shared, name, port: firstPort + index })
    })
    this.#firstCount = 2 + randomBelow(random, 2)
  }

  get crashes(): number {
    return this.#brokers.reduce((sum, { crashes }) => sum + crashes, 0)
  }

  async boot(): Promise<void> {
    await Promise.all(this.#brokers.slice(0, this.#firstCount).map((broker) => broker.start()))
  }

  client(name: string): Asker {
    const { network, clock, random } = this.#parts
    const ports = this.#brokers.map(({ port }) => port)
    return new FleetClient({ network, clock, ports, name, random: fork(random) })
  }

  pinned(name: string): readonly Asker[] {
    const { network, clock } = this.#parts
    return this.#serving().map(({ port }) => new SimClient(network, clock, port, name))
  }

  server(): Server | undefined {
    return this.#any(this.#serving())?.server
  }

  #serving(): FleetBroker[] {
    return this.#brokers.filter(({ isServing }) => isServing)
  }

  #any(brokers: readonly FleetBroker[]): FleetBroker | undefined {
    return brokers[randomBelow(this.#parts.random, Math.max(1, brokers.length))]
  }

  async disturb(): Promise<void> {
    const { random, network, clock } = this.#parts
    const broker = this.#any(this.#serving())
    const draw = randomBelow(random, 100)
    if (draw < 30 || broker === undefined) network.cutOne()
    else if (draw < 40) network.cutAll(broker.port)
    else if (draw < 55) this.#begin(this.#killOne(broker))
    else if (draw < 60) this.#begin(this.#killAll())
    else if (draw < 75) {
      const how = randomBelow(random, 2) === 0 ? 'refused' : 'hanging'
      this.#begin(broker.cutOff(how, 20 + randomBelow(random, 3_000)))
    } else if (draw < 80) this.#begin(this.#drainOne(broker))
    else if (draw < 84) {
      const how = randomBelow(random, 2) === 0 ? 'refused' : 'hanging'
      this.#begin(broker.cutFromBucket(how, 200 + randomBelow(random, 9_000)))
    } else if (draw < 88 && !broker.isCut) this.#begin(broker.supersede())
    else if (draw < 95) this.#begin(this.#join())
    else this.#storeDownUntilMs = clock.monotonicMs() + randomBelow(random, 1_500)
  }

  /** Goes on beside whatever goes wrong next. */
  #begin(work: Promise<void>): void {
    const under = work.catch(this.#parts.failed).finally(() => this.#under.delete(under))
    this.#under.add(under)
  }

  async #killOne(broker: FleetBroker): Promise<void> {
    const { random, clock } = this.#parts
    broker.kill()
    await sleep(clock, 5 + randomBelow(random, randomBelow(random, 2) === 0 ? 200 : 4_000))
    await this.#startAgain(broker)
  }

  async #killAll(): Promise<void> {
    const { random, clock } = this.#parts
    const killed = this.#brokers.filter(({ isAlive }) => isAlive)
    for (const broker of killed) broker.kill()
    await sleep(clock, 5 + randomBelow(random, 300))
    await Promise.all(killed.map((broker) => this.#startAgain(broker)))
  }

  async #drainOne(broker: FleetBroker): Promise<void> {
    const { random, clock } = this.#parts
    await broker.stop()
    await sleep(clock, randomBelow(random, 2_000))
    await this.#startAgain(broker)
  }

  async #join(): Promise<void> {
    const broker = this.#any(this.#brokers.filter(({ isAlive }) => !isAlive))
    if (broker !== undefined) await this.#startAgain(broker)
  }

  async #startAgain(broker: FleetBroker): Promise<void> {
    if (!broker.isAlive) await broker.start()
  }

  async calm(): Promise<void> {
    this.#storeDownUntilMs = 0
    while (this.#under.size > 0) await Promise.all(this.#under)
    if (this.#serving().length === 0) await this.boot()
  }

  async restart(): Promise<void> {
    const served = this.#serving()
    for (const broker of this.#brokers) broker.kill()
    await Promise.all(served.map((broker) => broker.start()))
    // Until the dead are taken for dead, and everybody shows the same placement.
    await sleep(this.#parts.clock, 3_500)
  }

  /** Of what is left when nobody is there: what goes on would change what is looked at. */
  async audit(): Promise<void> {
    const { clock } = this.#parts
    const stores = { database: this.#database, store: this.#store }
    const parts = { ...stores, nowMs: () => clock.nowMs(), strayMsMax }
    // A sweep that failed again and again while things went wrong comes later and later.
    for (let waitedMs = 0; waitedMs < sweepMsMax; waitedMs += jobTimes.sweepMs) {
      if ((await straysOf(parts)).length === 0) break
      await sleep(clock, jobTimes.sweepMs)
    }
    for (const broker of this.#brokers) broker.kill()
    // What a server was told to commit it still does.
    await sleep(clock, lastCommitsMs)
    await auditFleet({ ...parts, strayMsMax: strayMsMax + lastCommitsMs })
  }

  #storeFault({ kind }: StoreOperation): StoreFault | undefined {
    const { random, hasFaults, clock } = this.#parts
    const delayMs = 1 + randomBelow(random, kind === 'put' ? 20 : 10)
    if (!hasFaults()) return { delayMs }
    if (clock.monotonicMs() < this.#storeDownUntilMs) return { delayMs, fail: 'unavailable' }
    const draw = randomBelow(random, 1_000)
    if (draw < 20) return { delayMs: randomBelow(random, 2_500) }
    if (draw < 35) return { delayMs, fail: 'unavailable' }
    if (draw < 50) return { delayMs: randomBelow(random, 500), loseAnswer: true }
    return { delayMs }
  }

  #catalogFault({ at, transaction }: MemoryPoint): MemoryFault | undefined {
    const { random, hasFaults, clock } = this.#parts
    if (!hasFaults()) return undefined
    const broker = this.#brokers.find(({ name }) => transaction.startsWith(`${name}/`))
    const draw = randomBelow(random, at === 'commit' && broker?.isCut === true ? 30 : 1_000)
    if (draw < 2) return { fault: 'fail' }
    if (at !== 'commit') return undefined
    if (draw < 9) return { fault: 'lose-answer' }
    if (draw < 14) return { fault: 'lose-request' }
    if (draw < 20) {
      // Of a server: it goes on whatever becomes of the process.
      const until = sleep(clock, randomBelow(random, 1_500))
      return { fault: 'zombie', until, commits: randomBelow(random, 2) === 0 }
    }
    return undefined
  }
}

const fork = (random: Random): Random => seededRandom(random.uint32())

/** Small groups, caches and windows, so that everything happens within seconds. */
function configFor(random: Random, partitionCount: number): LoadedConfig {
  const parsed = parseConfig({ flags: { 'num-partitions': `${partitionCount}` } })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const pick = (values: readonly number[]): number =>
    values[randomBelow(random, values.length)] ?? 0
  const config = {
    ...parsed.config,
    'journal.group.bytes': pick([32_768, 65_536]),
    'journal.linger.ms.max': pick([2, 10, 40]),
    'journal.put.inflight': pick([1, 4]),
    'journal.inline.max.bytes': pick([0, 1_000, 32_768]),
    'journal.inline.low.max.bytes': pick([1_024, 65_536]),
    'journal.inline.bytes.per.second': pick([0, 5_000, 50_000, 2_000_000]),
    'pack.inline.ms': pick([100, 500, 5_000]),
    'journal.cache.bytes': pick([0, 65_536, 1_048_576]),
    'tail.cache.bytes': pick([0, 65_536, 1_048_576]),
    'block.cache.bytes': pick([0, 65_536, 1_048_576]),
    'pack.window.ms': pick([100, 300, 1_000]),
    'pack.object.bytes': pick([16_384, 65_536, 67_108_864]),
    'object.grace.ms': pick([1_000, 5_000]),
    'log.retention.check.interval.ms': 500,
    'log.cleaner.backoff.ms': pick([0, 100, 1_000]),
    'log.cleaner.dedupe.buffer.size': pick([50, 1_024, 65_536]),
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': pick([100, 1_000]),
  }
  return { ...parsed, config }
}
