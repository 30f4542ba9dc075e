/**
 * Sends records to one topic: gathered per partition while the one before is under way, one
 * request per partition at a time, so that order holds and sequences are known (KIP-98).
 */
import type { Timer } from '../base/clock.ts'
import { type Failure, isFailure } from '../base/errors.ts'
import { type Random, randomBelow } from '../base/random.ts'
import { buildBatch, type NewRecord } from '../record/build-batch.ts'
import type { Codec } from '../record/codec.ts'
import { partitionOfKey } from '../record/murmur2.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { produce } from '../wire/messages/00-produce.ts'
import { apiVersions } from '../wire/messages/18-api-versions.ts'
import { initProducerId } from '../wire/messages/22-init-producer-id.ts'
import type { KafkaClient } from './kafka-client.ts'
import { expectNone, isRefusal, refusalOf } from './refusal.ts'

export interface ProducerOptions {
  readonly topic: string
  readonly partitionCount: number
  /** -1: all. With 0 the broker does not answer, and failures are not seen. */
  readonly acks: -1 | 0 | 1
  readonly codec: Codec
  readonly random: Random
  readonly signal: AbortSignal
  /** Told of every record that was not taken, in order per partition. */
  readonly failed: (failure: Failure, line: number) => void
}

export interface ProducedRecord extends NewRecord {
  /** Else by key, else any. */
  readonly partition?: number | undefined
  /** For whoever sends it, to tell which one failed. */
  readonly line: number
}

/** Before compression: well below the usual max.message.bytes of 1 MiB. */
const batchBytesMax = 512 * 1024
/** Accepted and not answered; beyond, `add` waits. */
const queuedBytesMax = 32 * 1024 * 1024
/** Beyond the lengths of its parts: varints, of which some are long. */
const recordOverheadBytes = 32
/** Lets lines that are typed or read together travel together. */
const lingerMs = 5
const timeoutMs = 30_000
const transactionTimeoutMs = 60_000
/** From 13 on topics are named by id. */
const produceVersionMax = 12
const sequenceEnd = 2 ** 31

/** The batch is at fault, not the broker: its other records may be fine. */
const recordFaults = [
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.INVALID_RECORD,
  ErrorCode.INVALID_TIMESTAMP,
]

interface Lane {
  readonly partition: number
  records: ProducedRecord[]
  sequence: number
  isSending: boolean
}

export class Producer {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #lanes = new Map<number, Lane>()
  /** Undefined where sends are not idempotent. */
  readonly #identity: { readonly producerId: number; readonly producerEpoch: number } | undefined
  #sticky: number
  #queuedBytes = 0
  #timer: Timer | undefined
  #sent = 0
  #failed = 0
  #fatal: Failure | undefined
  #waiting: (() => void)[] = []

  private constructor(
    client: KafkaClient,
    options: ProducerOptions,
    identity: { producerId: number; producerEpoch: number } | undefined,
  ) {
    this.#client = client
    this.#options = options
    this.#identity = identity
    this.#sticky = randomBelow(options.random, options.partitionCount)
  }

  /** Resolves when ready to send: with acks=all a producer id was given. */
  static async open(client: KafkaClient, options: ProducerOptions): Promise<Producer> {
    if (options.acks !== -1) return new Producer(client, options, undefined)
    const identity = await client.retrying(async () => {
      const connection = await client.any()
      const body = { transactionalId: null, transactionTimeoutMs }
      const answer = await connection.call(initProducerId, body)
      expectNone('no producer id', answer.errorCode)
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    }, options.signal)
    return new Producer(client, options, identity)
  }

  get sent(): number {
    return this.#sent
  }

  get failed(): number {
    return this.#failed
  }

  /** Why nothing can be sent any more. */
  get fatal(): Failure | undefined {
    return this.#fatal
  }

  /** Resolves when the record is queued and there is room for more. */
  async add(record: ProducedRecord): Promise<void> {
    const lane = this.#laneOf(this.#partitionOf(record))
    lane.records.push(record)
    this.#queuedBytes += bytesOf(record)
    this.#timer ??= this.#client.clock.after(lingerMs, () => this.#sendAll())
    while (this.#queuedBytes > queuedBytesMax) await this.#change()
  }

  /** Resolves when every record is sent, or told as failed. */
  async flush(): Promise<void> {
    this.#sendAll()
    while (this.#queuedBytes > 0) await this.#change()
  }

  #partitionOf({ partition, key }: ProducedRecord): number {
    if (partition !== undefined) return partition
    return key === null ? this.#sticky : partitionOfKey(key, this.#options.partitionCount)
  }

  #laneOf(partition: number): Lane {
    const known = this.#lanes.get(partition)
    if (known !== undefined) return known
    const lane: Lane = { partition, records: [], sequence: 0, isSending: false }
    this.#lanes.set(partition, lane)
    return lane
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #sendAll(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const lane of this.#lanes.values()) {
      if (lane.isSending || lane.records.length === 0) continue
      lane.isSending = true
      void this.#run(lane)
    }
  }

  async #run(lane: Lane): Promise<void> {
    while (lane.records.length > 0) {
      const batch = takeBatch(lane)
      if (lane.partition === this.#sticky) {
        this.#sticky = (this.#sticky + 1) % this.#options.partitionCount
      }
      await this.#send(lane, batch)
      for (const record of batch) this.#queuedBytes -= bytesOf(record)
      for (const wake of this.#waiting.splice(0)) wake()
    }
    lane.isSending = false
  }

  /** A batch that is refused for what is in it is halved until the culprit is alone. */
  async #send(lane: Lane, records: readonly ProducedRecord[]): Promise<void> {
    try {
      if (this.#fatal !== undefined) throw this.#fatal
      const { codec } = this.#options
      const options = { codec, ...this.#identity }
      const baseSequence = this.#identity === undefined ? -1 : lane.sequence
      const bytes = buildBatch(records, { ...options, baseSequence })
      const { signal } = this.#options
      await this.#client.retrying(() => this.#produce(lane.partition, bytes), signal)
      lane.sequence = (lane.sequence + records.length) % sequenceEnd
      this.#sent += records.length
    } catch (error) {
      if (!isFailure(error)) throw error
      const isOfRecords = isRefusal(error, ...recordFaults)
      if (isOfRecords && records.length > 1) {
        const half = Math.ceil(records.length / 2)
        await this.#send(lane, records.slice(0, half))
        await this.#send(lane, records.slice(half))
        return
      }
      // What became of the batch is not known, so the next sequence is not either.
      if (!isOfRecords) this.#fatal ??= error
      this.#failed += records.length
      for (const { line } of records) this.#options.failed(error, line)
    }
  }

  async #produce(partition: number, bytes: Uint8Array): Promise<void> {
    const { topic, acks } = this.#options
    const leader = await this.#client.leader(topic, partition)
    const body = {
      acks,
      timeoutMs,
      topicData: [{ name: topic, partitionData: [{ index: partition, records: bytes }] }],
    }
    if (acks === 0) {
      leader.tell(produce, body, produceVersionMax)
      // Answered in order: once this is, the broker has read what was told before.
      await leader.call(apiVersions, {})
      return
    }
    const options = { versionMax: produceVersionMax, waitMs: timeoutMs }
    const answer = await leader.call(produce, body, options).catch((error: unknown) => {
      this.#client.forgetLeader(topic, partition)
      throw error
    })
    const reply = answer.responses[0]?.partitionResponses[0]
    const code = reply?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    // It was taken at an earlier attempt whose answer was lost.
    if (code === ErrorCode.NONE || code === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return
    this.#client.forgetLeader(topic, partition)
    const told = reply?.recordErrors[0]?.batchIndexErrorMessage ?? reply?.errorMessage ?? null
    throw refusalOf(`${topic}:${partition} refused it`, code, told)
  }
}

function takeBatch(lane: Lane): ProducedRecord[] {
  let bytes = 0
  let count = 0
  for (const record of lane.records) {
    bytes += bytesOf(record)
    if (count > 0 && bytes > batchBytesMax) break
    count++
  }
  const batch = lane.records.slice(0, count)
  lane.records = lane.records.slice(count)
  return batch
}

function bytesOf({ key, value, headers = [] }: ProducedRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += 10 + header.key.length * 3 + (header.value?.length ?? 0)
  return bytes
}
