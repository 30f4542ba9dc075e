/**
 * One broker of a fleet, by name: its lives follow each other, as a supervisor would have it, and
 * each has a clock, a way to the catalog and one to the objects of its own.
 */
import assert from 'node:assert/strict'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import { sleep } from '../../src/base/clock.ts'
import { isFailure } from '../../src/base/errors.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { MemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { LoadedConfig } from '../../src/config/parse-config.ts'
import type { JobTimes } from '../../src/log/jobs.ts'
import type { MemoryObjectStore } from '../../src/objects/memory-object-store.ts'
import { type Server, startServer } from '../../src/server.ts'
import { inlineChecker } from '../../src/contract/check/record-checker.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { FaultyStore } from './faulty-store.ts'
import { type Cut, FleetConnection } from './fleet-connection.ts'
import { Life, mortalClock } from './life.ts'
import { simSlabs, type SiteParts } from './site.ts'

export interface FleetBrokerParts extends SiteParts {
  readonly name: string
  readonly port: number
  readonly loaded: LoadedConfig
  readonly database: MemoryDatabase
  readonly store: MemoryObjectStore
  readonly jobTimes: JobTimes
}

/** Clocks of brokers differ by up to so much. */
const skewMsMax = 1_000
/** As the command: a stop that takes longer is an end. */
const stopMsMax = 20_000
/** A supervisor starts again what has ended. */
const supervisorMs = 100

export class FleetBroker {
  readonly name: string
  readonly port: number
  readonly #parts: FleetBrokerParts
  #life: Life | undefined
  #server: Server | undefined
  #connection: FleetConnection | undefined
  #objects: FaultyStore | undefined
  /** Also of processes that another has replaced and that do not know yet. */
  readonly #all = new Set<Life>()
  /** Counts lives: a process that is fenced has another behind it. */
  #lives = 0
  crashes = 0

  constructor(parts: FleetBrokerParts) {
    this.#parts = parts
    this.name = parts.name
    this.port = parts.port
  }

  /** True from the begin of a life to its end, also while it starts. */
  get isAlive(): boolean {
    return this.#life !== undefined
  }

  get isServing(): boolean {
    return this.#server !== undefined
  }

  get isCut(): boolean {
    return this.#connection?.isCut === true
  }

  get server(): Server | undefined {
    return this.#server
  }

  #fork(): Random {
    return seededRandom(this.#parts.random.uint32())
  }

  /** Resolves when it serves, or another life has begun, or it was killed. */
  async start(): Promise<void> {
    const { clock, note } = this.#parts
    for (;;) {
      const life = new Life()
      this.#life = life
      this.#lives++
      this.#all.add(life)
      try {
        const server = await this.#run(life)
        if (life !== this.#life) return
        this.#server = server
        note(`${this.name} started`)
        return
      } catch (error) {
        if (life !== this.#life) return
        if (!isFailure(error)) throw error
        note(`${this.name} did not start: ${error.message}`)
        life.kill()
        this.#connection = undefined
        await sleep(clock, supervisorMs)
        if (life !== this.#life) return
      }
    }
  }

  async #run(life: Life): Promise<Server> {
    const { name, port, loaded, database, store, clock, network, log, hasFaults } = this.#parts
    const shared = { life, clock, hasFaults }
    const connection = new FleetConnection({ ...shared, database, name, random: this.#fork() })
    this.#connection = connection
    const objects = new FaultyStore({ ...shared, store, random: this.#fork() })
    this.#objects = objects
    const skewMs = randomBelow(this.#parts.random, 2 * skewMsMax + 1) - skewMsMax
    const mortal = mortalClock(clock, life)
    // A process that was killed before it served is heard of no more.
    const death = Promise.withResolvers<never>()
    const starting = startServer(ofBroker(loaded, name, port), {
      clock: { ...mortal, nowMs: () => mortal.nowMs() + skewMs },
      random: this.#fork(),
      disk: { mount: () => assert.fail('a broker of a fleet has no disk') } as never,
      network: network.of(life),
      openDatabase: () => assert.fail('a broker of a fleet has no folder'),
      fleet: {
        openDatabase: async () => connection,
        openObjects: async () => objects,
        place: 'memory',
      },
      repacker: inlineRepacker,
      checker: inlineChecker(schemaFormats),
      openPass: openInlinePass,
      log: log.child({ broker: name }),
      logLevels: new LogLevels('INFO'),
      slabs: simSlabs,
      jobTimes: this.#parts.jobTimes,
    })
    life.atEnd(() => death.reject(new Error('killed')))
    const server = await Promise.race([starting, death.promise])
    this.#watch(server, life, this.#lives)
    return server
  }

  /** A process that finds itself replaced ends; any other failure is one of the program. */
  #watch(server: Server, life: Life, number: number): void {
    const { failed, note, clock } = this.#parts
    server.failure.catch((error: unknown) => {
      if (life.isOver) return
      const isFenced = isFailure((error as Error).cause, 'fenced')
      if (!isFenced || number === this.#lives) return failed(error)
      note(`${this.name}: a former process found that it is replaced`)
      clock.after(0, () => life.kill())
    })
  }

  /** kill -9 of every process of this name. */
  kill(): void {
    if (this.#life === undefined) return
    this.crashes++
    this.#parts.note(`${this.name} killed`)
    for (const life of this.#all) this.#end(life)
  }

  #end(life: Life): void {
    life.kill()
    this.#all.delete(life)
    if (this.#life !== life) return
    this.#life = undefined
    this.#server = undefined
    this.#connection = undefined
  }

  /** Drains and stops. */
  async stop(): Promise<void> {
    const [server, life] = [this.#server, this.#life]
    if (server === undefined || life === undefined) return
    const { note, clock, failed } = this.#parts
    this.#server = undefined
    note(`${this.name} stops`)
    const late = sleep(clock, stopMsMax)
    const over = Promise.withResolvers<void>()
    life.atEnd(over.resolve)
    const closing = server.close().catch((error: unknown) => {
      if (!life.isOver && !isFailure(error)) failed(error)
    })
    await Promise.race([closing, late, over.promise])
    note(`${this.name} stopped`)
    this.#end(life)
  }

  /** Cut off from the catalog alone, for a while. */
  async cutOff(how: Cut, ms: number): Promise<void> {
    const connection = this.#connection
    if (connection === undefined || connection.isCut) return
    this.#parts.note(`${this.name} is cut off for ${ms} ms: ${how}`)
    connection.cut(how)
    await sleep(this.#parts.clock, ms)
    connection.mend()
  }

  /** The same from the bucket. */
  async cutFromBucket(how: Cut, ms: number): Promise<void> {
    const objects = this.#objects
    if (objects === undefined || objects.isCut) return
    this.#parts.note(`${this.name} is cut off from the bucket for ${ms} ms: ${how}`)
    objects.cut(how)
    await sleep(this.#parts.clock, ms)
    objects.mend()
    this.#parts.note(`${this.name} has the bucket again`)
  }

  /**
   * Its process is cut off and left alone while another starts under its name: the former must find
   * out, and nothing of it may count meanwhile.
   */
  async supersede(): Promise<void> {
    const [life, connection] = [this.#life, this.#connection]
    if (this.#server === undefined || life === undefined || connection === undefined) return
    const { clock, network, random, note } = this.#parts
    note(`${this.name} is superseded`)
    connection.cut('hanging')
    // Its address goes to the other; its connections live on.
    network.release(this.port)
    this.#server = undefined
    const starting = this.start()
    await sleep(clock, randomBelow(random, 2_000))
    connection.mend()
    await starting
    await sleep(clock, 3_000)
    if (!life.isOver && this.#life !== life) {
      this.#parts.failed(new Error(`C2: a replaced process of ${this.name} did not end`))
    }
  }
}

function ofBroker(loaded: LoadedConfig, name: string, port: number): LoadedConfig {
  const own = { 'broker.name': name, 'kafka.listen': `${name}:${port}` }
  return { ...loaded, config: { ...loaded.config, ...own } }
}
