/**
 * Appends records that do not come over Kafka's protocol: picks partitions as Kafka's producers do,
 * builds batches, and waits for the commit. Topics are created when they are first written to.
 */
import { Failure } from '../base/errors.ts'
import { unpooled } from '../base/hold.ts'
import { BUILT_BATCH_BYTES_MAX, buildBatch, type NewRecord } from '../record/build-batch.ts'
import { maxTimestampOf } from '../record/batch-header.ts'
import { partitionOfKey } from '../record/murmur2.ts'
import type { RecordHeader } from '../record/records.ts'
import type { BatchRules } from '../record/validate-batch.ts'
import type { BrokerLog } from './broker-log.ts'
import { packingOf, type Repacker } from './repacker.ts'
import type { KnownTopic, TopicDirectory } from './topic-directory.ts'

export interface LogSinkDeps {
  readonly logs: BrokerLog
  readonly topics: TopicDirectory
  readonly repacker: Repacker
  readonly partitionCount: number
  readonly replicationFactor: number
}

export interface SinkRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: number
}

/**
 * What a batch adds to its records at most, generously: header, varints, header keys are in the
 * records.
 */
const batchOverheadBytes = 128
const recordOverheadBytes = 32

/** What is built here is not judged again, only packed. */
const ownRules: BatchRules = {
  batchBytesMax: BUILT_BATCH_BYTES_MAX,
  timestampType: 'log-append',
  timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
  timestampAfterMaxMs: Number.POSITIVE_INFINITY,
  nowMs: 0,
  zstdAllowed: true,
  keysRequired: false,
  inspectRecords: false,
  decompressedBytesMax: BUILT_BATCH_BYTES_MAX,
}

export class LogSink {
  readonly #deps: LogSinkDeps
  /** Records without a key go round. */
  #turn = 0

  constructor(deps: LogSinkDeps) {
    this.#deps = deps
  }

  /** The topic's `max.message.bytes`. @throws Failure 'unavailable' | 'unknown-outcome' */
  async maxRecordBytes(topic: string): Promise<number> {
    return (await this.#topic(topic)).effective['max.message.bytes']
  }

  /**
   * Resolves when all records are durable and committed. Where it rejects, some may be.
   *
   * @throws Failure 'overloaded' | 'unavailable' | 'closed': send all again.
   */
  async append(topicName: string, records: readonly SinkRecord[]): Promise<void> {
    const topic = await this.#topic(topicName)
    const byPartition = new Map<number, SinkRecord[]>()
    const keyless = this.#turn++ % topic.partitionIds.length
    for (const record of records) {
      const { key } = record
      const index = key === null ? keyless : partitionOfKey(key, topic.partitionIds.length)
      const list = byPartition.get(index) ?? []
      list.push(record)
      byPartition.set(index, list)
    }
    const appends = [...byPartition].flatMap(([index, list]) =>
      batchesOf(list, topic.effective['max.message.bytes']).map((batch) =>
        this.#appendBatch(topic, index, batch),
      ),
    )
    // All are waited for, so that nothing is still under way when the caller hears of a failure.
    const settled = await Promise.allSettled(appends)
    for (const each of settled) if (each.status === 'rejected') throw each.reason
  }

  async #appendBatch(topic: KnownTopic, index: number, records: NewRecord[]): Promise<void> {
    const partitionId = topic.partitionIds[index] as number
    const bytes = await this.#packed(topic, buildBatch(records))
    const outcome = await this.#deps.logs.append(
      {
        topicId: topic.topicId,
        partitionId,
        partitionIndex: index,
        configVersion: topic.configVersion,
        producerId: -1,
        producerEpoch: -1,
        baseSequence: -1,
        offsetCount: records.length,
        maxTimestampMs: maxTimestampOf(bytes, 0),
        byteLength: bytes.length,
      },
      bytes,
      unpooled,
      topic.effective['karst.latency.class'],
    )
    if (outcome.outcome === 'refused') {
      throw new Failure('unavailable', `topic ${topic.name}: ${outcome.reason}, send again`)
    }
  }

  /** As the topic stores batches. @throws Failure 'overloaded' | 'unavailable' | 'closed' */
  async #packed(topic: KnownTopic, built: Uint8Array): Promise<Uint8Array> {
    const packing = packingOf(topic)
    if (packing === undefined || packing.codec === 'none') return built
    const repacked = await this.#deps.repacker.repack(built, ownRules, packing)
    if (repacked.ok) return repacked.bytes
    throw new Failure('unavailable', `topic ${topic.name}: ${repacked.message}`)
  }

  async #topic(name: string): Promise<KnownTopic> {
    const { topics, partitionCount, replicationFactor } = this.#deps
    const known = await topics.find(name)
    if (known !== undefined) return known
    const shape = { name, partitionCount, replicationFactor, overrides: {} }
    const { topic } = await topics.create(shape)
    if (topic === undefined) throw new Failure('unavailable', `topic ${name} was just deleted`)
    return topic
  }
}

/** Batches that each stay below `bytesMax`; a record that is larger alone makes one of its own. */
function batchesOf(records: readonly SinkRecord[], bytesMax: number): NewRecord[][] {
  const batches: NewRecord[][] = [[]]
  let bytes = batchOverheadBytes
  for (const { key, value, headers, timestampMs } of records) {
    const headerBytes = headers.reduce(
      (sum, each) => sum + each.key.length * 3 + (each.value?.length ?? 0) + 10,
      0,
    )
    const size = recordOverheadBytes + (key?.length ?? 0) + value.length + headerBytes
    if (bytes + size > bytesMax && (batches.at(-1)?.length ?? 0) > 0) {
      batches.push([])
      bytes = batchOverheadBytes
    }
    batches.at(-1)?.push({ key, value, headers: [...headers], timestampMs })
    bytes += size
  }
  return batches
}
