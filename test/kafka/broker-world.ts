/**
 * A whole broker in memory, as the composition root builds it: disk and catalog can be told to
 * fail, time passes when a test says so. Requests go to the router, or through connections.
 */
import assert from 'node:assert/strict'
import { type Log, silentLog } from '../../src/base/log.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import { type MemoryDatabase, openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import type { Config } from '../../src/config/options.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { type DiskFault, type DiskOperation, MemoryDisk } from '../../src/disk/memory-disk.ts'
import type { ByteStream } from '../../src/kafka/byte-stream.ts'
import { kafkaHandlers } from '../../src/kafka/handlers.ts'
import { Router } from '../../src/kafka/router.ts'
import { SlabPool } from '../../src/kafka/slab.ts'
import { type Server, startServer } from '../../src/server.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/wire/frame.ts'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import { inlineChecker } from '../../src/contract/check/record-checker.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { MemoryStream } from '../support/memory-stream.ts'
import type { Askable } from '../support/askable.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const correlationId = 7

export class BrokerWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly database: MemoryDatabase
  readonly pool: SlabPool
  server!: Server
  router!: Router
  fault: ((point: MemoryPoint) => MemoryFault | undefined) | undefined
  diskFault: ((operation: DiskOperation) => DiskFault | undefined) | undefined
  #accept: ((stream: ByteStream) => void) | undefined
  readonly #peers = new Map<string, { remote: string; software: undefined }>()

  private constructor() {
    const { clock } = this
    this.database = openMemoryDatabase({ clock, hooks: { fault: (at) => this.fault?.(at) } })
    const sizes = { smallBytes: 65_536, largeBytes: 2_097_152, pooledBytesMax: 8_388_608 }
    this.pool = new SlabPool({ ...sizes, poison: true })
  }

  /** `options` as parsed; small values make rolling and cold reads happen. */
  static async start(options: Partial<Config> = {}, log: Log = silentLog): Promise<BrokerWorld> {
    const world = new BrokerWorld()
    const { clock } = world
    const parsed = parseConfig({ flags: { data: '/data', kafka: 'broker:9092' } })
    assert.ok(parsed.ok)
    const disk = new MemoryDisk({
      clock,
      random: seededRandom(2),
      latencyMs: 0,
      fault: (operation) => world.diskFault?.(operation),
    })
    const small = { 'journal.file.bytes': 4_194_304, 'journal.group.bytes': 1_048_576 }
    const config = { ...parsed.config, ...small, ...options }
    const started = startServer(
      { ...parsed, config },
      {
        clock,
        random: seededRandom(3),
        disk,
        network: {
          listen: async (host, port, accept) => {
            world.#accept = accept
            return { address: { host, port }, close: async () => undefined }
          },
        },
        openDatabase: async () => world.database,
        repacker: inlineRepacker,
        checker: inlineChecker(schemaFormats),
        openPass: openInlinePass,
        log,
        logLevels: new LogLevels('INFO'),
        slabs: { poison: true },
      },
    )
    world.server = await world.during(started)
    const handlers = kafkaHandlers(world.server.broker)
    world.router = new Router({
      handlers,
      log: silentLog,
      clock,
      meters: world.server.broker.meters,
    })
    return world
  }

  /** A connection to the broker, whose frames' memory is poisoned when it is free. */
  connect(): MemoryStream {
    const stream = new MemoryStream()
    this.#accept?.(stream)
    return stream
  }

  async topic(
    name: string,
    partitionCount = 1,
    overrides: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const wanted = { name, partitionCount, replicationFactor: 1, overrides }
    const { topic } = await this.during(this.server.broker.topics.create(wanted))
    assert.ok(topic !== undefined)
    return topic.topicId
  }

  /** The answer of one request, however long it takes; its memory is used again when it is there. */
  async ask<RequestInput, ResponseValue>(
    api: Askable<RequestInput, ResponseValue>,
    version: number,
    request: RequestInput,
    peer = 'a',
  ): Promise<ResponseValue> {
    return this.during(this.send(api, version, request, peer).answer)
  }

  /** A request under way. */
  send<RequestInput, ResponseValue>(
    api: Askable<RequestInput, ResponseValue>,
    version: number,
    request: RequestInput,
    peerName = 'a',
  ): { readonly answer: Promise<ResponseValue>; readonly abort: AbortController } {
    const header = { apiVersion: version, correlationId, clientId: 'tester' }
    const whole = Buffer.concat(encodeRequest(api, header, request)).subarray(4)
    const slab = this.pool.take(Math.max(whole.length, 1))
    slab.bytes.set(whole)
    const peer = this.#peers.get(peerName) ?? { remote: '10.1.2.3:5', software: undefined }
    this.#peers.set(peerName, peer)
    const abort = new AbortController()
    const serve = async (): Promise<ResponseValue> => {
      const { signal } = abort
      const reply = await this.router.serve(slab.bytes, peer, slab, signal, () => undefined)
      slab.release()
      if (typeof reply !== 'object') assert.fail(`${api.name} v${version}: ${reply}`)
      const answer = Buffer.concat(reply.chunks).subarray(4)
      reply.release?.()
      const told = decodeResponseHeader(answer, api, version)
      return api.response.decode(version, answer, told.bodyAt)
    }
    return { answer: serve(), abort }
  }

  /** Passes time until it settles: at most two minutes. */
  async during<Value>(pending: Promise<Value>, stepMs = 10): Promise<Value> {
    let isDone = false
    const done = (): void => void (isDone = true)
    pending.then(done, done)
    await this.clock.settle()
    for (let passed = 0; !isDone && passed < 120_000; passed += stepMs) {
      await this.clock.advance(stepMs)
    }
    assert.ok(isDone, 'done within two minutes')
    return pending
  }
}
