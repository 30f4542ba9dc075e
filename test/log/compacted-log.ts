/**
 * A compacted partition beside a naive account of it: every record that was sent, and what became
 * of its transaction. `check` reads as consumers do and holds what they see against the account.
 */
import assert from 'node:assert/strict'
import { unpooled } from '../../src/base/hold.ts'
import { randomBelow } from '../../src/base/random.ts'
import { extents, objectUses } from '../../src/catalog/schema.ts'
import { transactionPartitions, transactions } from '../../src/catalog/schema-transactions.ts'
import type { KnownTopic } from '../../src/log/topic-directory.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { readBatchHeader } from '../../src/record/batch-header.ts'
import { forEachBatch } from '../../src/record/batch-sequence.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import type { Codec } from '../../src/record/codec.ts'
import { readMarker } from '../../src/record/control.ts'
import { recordsIn } from '../../src/record/records.ts'
import { type LogWorld, noSignal } from './log-world.ts'

export interface SentRecord {
  readonly offset: number
  readonly key: string
  readonly value: string | null
  readonly timestampMs: number
  /** -1: without a transaction. */
  readonly producerId: number
  fate: 'open' | 'committed' | 'aborted'
}

export interface SeenRecord {
  readonly offset: number
  readonly key: string
  readonly value: string | null
  readonly timestampMs: number
}

interface NewRecord {
  readonly key: string
  readonly value: string | null
}

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
export const producers: readonly number[] = [100, 101, 102]
const deleteRetentionMs = 300_000

export class CompactedLog {
  readonly world: LogWorld
  readonly topic: KnownTopic
  readonly sent: SentRecord[] = []
  readonly #open = new Map<number, SentRecord[]>()
  readonly #sequences = new Map<number, number>()
  /** By offset of a tombstone: when compaction has come by first. */
  readonly #passedMs = new Map<number, number>()

  private constructor(world: LogWorld, topic: KnownTopic) {
    this.world = world
    this.topic = topic
  }

  static async create(
    world: LogWorld,
    overrides: Record<string, string> = {},
  ): Promise<CompactedLog> {
    await world.within(world.start())
    const configs = {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0',
      'delete.retention.ms': `${deleteRetentionMs}`,
      'segment.ms': '3600000',
      ...overrides,
    }
    const topic = await world.within(world.createTopic('compacted', 1, configs))
    const log = new CompactedLog(world, topic)
    await world.database.transaction('register', async (tx) => {
      for (const producerId of producers) {
        const transactionalId = `t${producerId}`
        const none = { previousProducerId: -1, lastProducerEpoch: -1, clientVersion: 0 }
        const term = { coordinatorVersion: 0, coordinatorIncarnation: 0 }
        const times = { timeoutMs: 60_000, startedMs: 0, changedMs: 0 }
        const state = { state: 'Ongoing', serial: 1, ...times, ...none, ...term } as const
        await tx.insert(transactions, [{ transactionalId, producerId, producerEpoch: 0, ...state }])
        await tx.lock(transactions, [[transactionalId]], 'exclusive')
        const { partitionId } = log
        await tx.put(transactionPartitions, [{ transactionalId, partitionId }])
      }
    })
    return log
  }

  get partitionId(): number {
    return this.topic.partitionIds[0] ?? -1
  }

  get log(): PartitionLog {
    const log = this.world.process.logs.index.get(this.partitionId)
    assert.ok(log !== undefined, 'the partition is known')
    return log
  }

  /** One batch, of a transaction where a producer is named. */
  async append(records: readonly NewRecord[], producerId = -1, codec?: Codec): Promise<void> {
    const { world, topic, partitionId } = this
    const timestampMs = world.clock.nowMs()
    const isTransactional = producerId >= 0
    const baseSequence = isTransactional ? (this.#sequences.get(producerId) ?? 0) : -1
    const producerEpoch = isTransactional ? 0 : -1
    const named = { producerId, producerEpoch, baseSequence }
    const bytes = buildBatch(
      records.map(({ key, value }) => {
        const text = value === null ? null : Buffer.from(value)
        return { key: Buffer.from(key), value: text, timestampMs }
      }),
      { codec: codec ?? codecs[randomBelow(world.random, 5)] ?? 'none', ...named, isTransactional },
    )
    const transactionalId = `t${producerId}`
    const transaction = { transactionalId, serial: 1, isBumping: false }
    const intent = {
      ...named,
      topicId: topic.topicId,
      partitionId,
      partitionIndex: 0,
      configVersion: topic.configVersion,
      offsetCount: records.length,
      maxTimestampMs: timestampMs,
      byteLength: bytes.length,
      ...(isTransactional ? { transaction } : {}),
    }
    const outcome = await world.within(world.process.logs.append(intent, bytes, unpooled))
    assert.equal(outcome.outcome, 'appended')
    if (outcome.outcome !== 'appended') return
    const fate = isTransactional ? 'open' : 'committed'
    const { baseOffset } = outcome
    const sent = records.map((each, at): SentRecord => {
      return { ...each, offset: baseOffset + at, timestampMs, producerId, fate }
    })
    this.sent.push(...sent)
    if (!isTransactional) return
    this.#sequences.set(producerId, baseSequence + records.length)
    this.#open.set(producerId, [...(this.#open.get(producerId) ?? []), ...sent])
  }

  async end(producerId: number, type: 'commit' | 'abort'): Promise<void> {
    const { world, partitionId } = this
    const base = { type, producerId, producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 0 }
    await world.within(world.process.logs.end({ partitionId, marker: base }))
    for (const record of this.#open.get(producerId) ?? []) {
      record.fate = type === 'commit' ? 'committed' : 'aborted'
    }
    this.#open.delete(producerId)
  }

  async pack(): Promise<void> {
    await this.world.insist(() => this.world.process.packer.packWindow(noSignal))
  }

  async compact(): Promise<void> {
    const before = this.world.clock.nowMs()
    await this.world.insist(() => this.world.process.compactor.compactAll(noSignal))
    const { packedEnd } = this.log
    for (const { offset, value } of this.sent) {
      if (value !== null || offset >= packedEnd || this.#passedMs.has(offset)) continue
      this.#passedMs.set(offset, before)
    }
  }

  /** What a consumer sees from the log start on; of 'committed' as Kafka's clients drop the rest. */
  async read(isolation: 'committed' | 'uncommitted'): Promise<SeenRecord[]> {
    const { world, log } = this
    const { logs } = world.process
    const seen: SeenRecord[] = []
    const end = isolation === 'committed' ? log.stableEnd : log.logEnd
    for (let offset = log.logStart; offset < end;) {
      const bytesMax = 1 + randomBelow(world.random, 4_000)
      const result = await world.within(logs.read(log, offset, bytesMax, isolation))
      assert.ok(result.outcome === 'records' && result.nextOffset > offset, `progress at ${offset}`)
      const waiting = [...(result.aborted ?? [])]
      const dropped = new Set<number>()
      for (const chunk of result.chunks) {
        forEachBatch(chunk, (at) => {
          const { isControl, isTransactional, ...header } = readBatchHeader(chunk, at)
          const { producerId } = header
          const last = header.baseOffset + header.lastOffsetDelta
          for (let next = waiting[0]; next !== undefined && next.firstOffset <= last;) {
            dropped.add(next.producerId)
            waiting.shift()
            next = waiting[0]
          }
          if (isControl) {
            const isMarker = header.recordCount === 1
            if (isMarker && readMarker(chunk, at)?.type === 'abort') dropped.delete(producerId)
            return
          }
          if (isTransactional && dropped.has(producerId)) return
          for (const { key, value, ...record } of recordsIn(chunk, at)) {
            if (record.offset < offset) continue
            assert.ok(key !== null)
            const text = value === null ? null : Buffer.from(value).toString()
            const { timestampMs } = record
            const name = Buffer.from(key).toString()
            seen.push({ offset: record.offset, key: name, value: text, timestampMs })
          }
        })
      }
      offset = result.nextOffset
      result.release()
    }
    return seen
  }

  async check(): Promise<void> {
    const { log } = this
    const { logStart, stableEnd } = log
    const inLog = this.sent.filter(({ offset }) => offset >= logStart)
    const uncommitted = await this.read('uncommitted')
    this.#checkSame(uncommitted)
    const seenOffsets = new Set(uncommitted.map(({ offset }) => offset))
    for (const { fate, offset } of inLog) {
      if (fate === 'open') assert.ok(seenOffsets.has(offset), `${offset} is of an open transaction`)
    }
    const committed = await this.read('committed')
    this.#checkSame(committed)
    for (const { offset } of committed) {
      const record = this.sent.find((each) => each.offset === offset)
      assert.equal(record?.fate, 'committed', `T2: ${offset} was committed`)
    }
    this.#checkLatest(
      inLog.filter(({ fate, offset }) => fate === 'committed' && offset < stableEnd),
      committed,
    )
    await this.#checkExtents()
  }

  /** R2: what is seen is what was sent, in order. */
  #checkSame(seen: readonly SeenRecord[]): void {
    let last = -1
    for (const record of seen) {
      assert.ok(record.offset > last, `${record.offset} stands behind ${last}`)
      last = record.offset
      const found = this.sent.find(({ offset }) => offset === last)
      assert.ok(found !== undefined, `${last} was sent`)
      const { offset, key, value, timestampMs } = found
      assert.deepEqual(record, { offset, key, value, timestampMs })
    }
  }

  #checkLatest(sent: readonly SentRecord[], seen: readonly SeenRecord[]): void {
    const nowMs = this.world.clock.nowMs()
    for (const [key, records] of Map.groupBy(sent, (record) => record.key)) {
      const latest = records.at(-1)
      const latestSeen = seen.findLast((record) => record.key === key)
      if (latest === undefined || latestSeen?.offset === latest.offset) continue
      assert.equal(latest.value, null, `the latest of ${key}, ${latest.offset}, is there`)
      assert.equal(latestSeen, undefined, `${key} came back at ${latestSeen?.offset}`)
      const passedMs = this.#passedMs.get(latest.offset) ?? Infinity
      assert.ok(nowMs >= passedMs + deleteRetentionMs, `tombstone ${latest.offset} went too early`)
    }
  }

  /** Extents tile, and uses count them. */
  async #checkExtents(): Promise<void> {
    const { partitionId, log } = this
    const [rows, uses] = await this.world.database.snapshot('look', async (tx) => [
      await tx.scan(extents, { prefix: [partitionId], limit: 10_000 }),
      await tx.scan(objectUses, { prefix: [], limit: 10_000 }),
    ])
    let next = rows[0]?.baseOffset ?? log.packedEnd
    assert.ok(next <= Math.max(log.logStart, 0) || rows.length === 0, 'extents reach the log start')
    for (const { baseOffset, nextOffset } of rows) {
      assert.equal(baseOffset, next, 'extents tile')
      next = nextOffset
    }
    assert.equal(next, log.packedEnd, 'extents reach what is packed')
    const counts = Map.groupBy(rows, ({ objectId }) => objectId)
    for (const use of uses) assert.equal(use.extents, counts.get(use.objectId)?.length)
    assert.equal(uses.length, counts.size)
  }
}
