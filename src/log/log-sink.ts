/**
 * Appends records that do not come over Kafka's protocol: picks partitions as Kafka's producers do,
 * builds batches, and waits for the commit. Topics are created when they are first written to.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { unpooled } from '../base/hold.ts'
import { toStored } from '../contract/quarantine/quarantine-record.ts'
import type { SetAside, TopicContracts } from '../contract/topic-contracts.ts'
import { BUILT_BATCH_BYTES_MAX, buildBatch, type NewRecord } from '../record/build-batch.ts'
import { lastOffsetDeltaOf, maxTimestampOf } from '../record/batch-header.ts'
import { partitionOfKey } from '../record/murmur2.ts'
import type { RecordHeader } from '../record/records.ts'
import type { BatchRules } from '../record/validate-batch.ts'
import { boundTopic } from './bound-topic.ts'
import type { BrokerLog } from './broker-log.ts'
import { packingOf, type Repacker } from './repacker.ts'
import type { KnownTopic, TopicDirectory } from './topic-directory.ts'

export interface LogSinkDeps {
  readonly logs: BrokerLog
  readonly topics: TopicDirectory
  readonly clock: Clock
  readonly repacker: Repacker
  readonly contracts: TopicContracts
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

interface HeldBatch {
  readonly index: number
  readonly bytes: Uint8Array
  /** What its contract took out of it. */
  readonly aside: SetAside | undefined
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
   * @throws Failure 'invalid': the topic's contract refuses some of them; none is written.
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
    const built = await Promise.all(
      [...byPartition].flatMap(([index, list]) =>
        batchesOf(list, topic.effective['max.message.bytes']).map(async (batch) => {
          return { index, ...(await this.#held(topic, buildBatch(batch))) }
        }),
      ),
    )
    const appends = built.map((each) => this.#appendBatch(topic, each))
    // All are waited for, so that nothing is still under way when the caller hears of a failure.
    const settled = await Promise.allSettled(appends)
    for (const each of settled) if (each.status === 'rejected') throw each.reason
  }

  /** As the topic stores it, held to its contract. @throws Failure as append */
  async #held(topic: KnownTopic, batch: Uint8Array): Promise<Omit<HeldBatch, 'index'>> {
    const bytes = await this.#packed(topic, batch)
    if (topic.contract === null) return { bytes, aside: undefined }
    const breach = await this.#deps.contracts.check(boundTopic(topic), bytes)
    if (breach === undefined) return { bytes, aside: undefined }
    const { aside, message } = breach
    if (aside === undefined) throw new Failure('invalid', message)
    // Nothing is taken out before it is known that there is a place for it.
    if ((await this.#deps.topics.find(aside.quarantine)) !== undefined) {
      return { bytes: aside.kept, aside }
    }
    throw new Failure('unavailable', `the quarantine topic ${aside.quarantine} is gone`)
  }

  async #appendBatch(topic: KnownTopic, { index, bytes, aside }: HeldBatch): Promise<void> {
    const partitionId = topic.partitionIds[index] as number
    const outcome = await this.#deps.logs.append(
      {
        topicId: topic.topicId,
        partitionId,
        partitionIndex: index,
        configVersion: topic.configVersion,
        producerId: -1,
        producerEpoch: -1,
        baseSequence: -1,
        offsetCount: lastOffsetDeltaOf(bytes, 0) + 1,
        maxTimestampMs: maxTimestampOf(bytes, 0),
        byteLength: bytes.length,
      },
      bytes,
      unpooled,
      topic.effective['karst.latency.class'],
    )
    if (outcome.outcome === 'refused') {
      await this.#deps.topics.now(topic) // the next attempt must know
      throw new Failure('unavailable', `topic ${topic.name}: ${outcome.reason}, send again`)
    }
    if (aside === undefined) return
    await this.setAside(topic, { partition: index, baseOffset: outcome.baseOffset }, aside)
  }

  /**
   * Writes what was taken out of a batch to its quarantine topic, once the batch has its offsets
   * and before anybody hears of it: what is acknowledged is in one topic or the other. A retry
   * finds its batch written, and writes the same records under the same keys again.
   *
   * @throws Failure as append: the batch is written, and not all of what it lost.
   */
  async setAside(
    { name, topicId }: KnownTopic,
    { partition, baseOffset }: { readonly partition: number; readonly baseOffset: number },
    { taken, quarantine, contract, revision }: SetAside,
  ): Promise<void> {
    const setAsideMs = this.#deps.clock.nowMs()
    const records = taken.map((record) => {
      const offset = baseOffset + record.offsetDelta
      const at = { topic: name, topicId, partition, offset }
      return toStored(record, { ...at, contract, revision, setAsideMs })
    })
    await this.append(quarantine, records)
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
