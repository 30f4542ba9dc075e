/**
 * Reads partitions from positions on: one fetch per leader at a time, whichever answers first is
 * taken first, so that an idle broker holds up nobody.
 */
import { sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { fetch, type FetchResponse } from '../wire/messages/01-fetch.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { KafkaClient } from './kafka-client.ts'
import {
  type Isolation,
  isolationLevels,
  offsetTimes,
  readOffsets,
  type TopicPartition,
} from './partition-offsets.ts'
import { chunkIn, type ReadChunk } from './read-chunk.ts'
import { refusalOf } from './refusal.ts'

export interface PartitionReaderOptions {
  /** Told when records were deleted before they could be read. */
  readonly skipped: (partition: TopicPartition, from: number, to: number) => void
  readonly signal: AbortSignal
  /** For how long brokers may be gone before it is a failure. */
  readonly troubleMs: number
  /** What is read of transactions that are open, or were aborted: all of it, or nothing. */
  readonly isolation?: Isolation
}

interface Position extends TopicPartition {
  offset: number
}

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]
type Flight = Promise<{ leader: BrokerConnection | undefined; chunks: ReadChunk[] }>

const waitMs = 500
const partitionBytesMax = 1024 * 1024
const answerBytesMax = 8 * 1024 * 1024
const pauseMs = 250
/** From 13 on topics are named by id. */
const fetchVersionMax = 12

/** Kafka calls these retriable, or they pass by looking for the leader again. */
const passing: readonly number[] = [
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.OFFSET_NOT_AVAILABLE,
]

export class PartitionReader {
  readonly #client: KafkaClient
  readonly #options: PartitionReaderOptions
  readonly #positions: Position[]
  readonly #flights = new Map<BrokerConnection | undefined, Flight>()
  #troubleSinceMs: number | undefined

  constructor(
    client: KafkaClient,
    positions: readonly (TopicPartition & { readonly offset: number })[],
    options: PartitionReaderOptions,
  ) {
    this.#client = client
    this.#options = options
    this.#positions = positions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset,
    }))
  }

  /** Partitions that are still read. */
  get count(): number {
    return this.#positions.length
  }

  /** Reads a partition no more. */
  drop({ topic, partition }: TopicPartition): void {
    const at = this.#positions.findIndex((p) => p.topic === topic && p.partition === partition)
    if (at !== -1) this.#positions.splice(at, 1)
  }

  /**
   * Resolves with what one broker sent, after at most about a second; [] when nothing came.
   *
   * @throws Failure 'unavailable': brokers are gone for too long. 'corrupt': a batch is damaged.
   *   'not-found': the topic was deleted.
   */
  async next(): Promise<ReadChunk[]> {
    const { clock } = this.#client
    try {
      await this.#takeOff()
      const stopped = sleep(clock, 2 * waitMs, this.#options.signal)
      const first = await Promise.race([...this.#flights.values(), stopped])
      if (first === undefined) return []
      this.#flights.delete(first.leader)
      this.#troubleSinceMs = undefined
      return first.chunks.filter((chunk) => this.#advance(chunk))
    } catch (error) {
      if (!isFailure(error, 'unavailable')) throw error
      const nowMs = clock.monotonicMs()
      this.#troubleSinceMs ??= nowMs
      if (nowMs - this.#troubleSinceMs > this.#options.troubleMs) throw error
      await sleep(clock, pauseMs, this.#options.signal)
      return []
    }
  }

  /** False for what was dropped, or moved, while it was under way. */
  #advance({ topic, partition, nextOffset }: ReadChunk): boolean {
    const found = this.#positions.find((p) => p.topic === topic && p.partition === partition)
    if (found === undefined || nextOffset < found.offset) return false
    found.offset = nextOffset
    return true
  }

  async #takeOff(): Promise<void> {
    const byLeader = new Map<BrokerConnection, Position[]>()
    for (const position of this.#positions) {
      const leader = await this.#client.leader(position.topic, position.partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), position])
    }
    for (const [leader, positions] of byLeader) {
      if (this.#flights.has(leader)) continue
      const flight = this.#fetch(leader, positions)
      flight.catch(() => this.#flights.delete(leader)) // whoever awaits it sees the failure
      this.#flights.set(leader, flight)
    }
  }

  async #fetch(leader: BrokerConnection, positions: readonly Position[]): Flight {
    const offsets = new Map(positions.map((p) => [`${p.topic}:${p.partition}`, p.offset]))
    const topics = [...Map.groupBy(positions, ({ topic }) => topic)]
    const body = {
      maxWaitMs: waitMs,
      minBytes: 1,
      maxBytes: answerBytesMax,
      isolationLevel: isolationLevels[this.#options.isolation ?? 'read_uncommitted'],
      topics: topics.map(([topic, own]) => ({
        topic,
        partitions: own.map(({ partition, offset }) => ({
          partition,
          fetchOffset: offset,
          partitionMaxBytes: partitionBytesMax,
        })),
      })),
      forgottenTopicsData: [],
    }
    const options = { versionMax: fetchVersionMax, waitMs }
    const answer = await leader.call(fetch, body, options).catch((error: unknown) => {
      for (const { topic, partition } of positions) this.#client.forgetLeader(topic, partition)
      throw error
    })
    const chunks: ReadChunk[] = []
    for (const { topic, partitions } of answer.responses) {
      for (const each of partitions) {
        const place = { topic, partition: each.partitionIndex }
        const offset = offsets.get(`${topic}:${each.partitionIndex}`)
        if (offset === undefined) continue
        const chunk = await this.#chunkOf(place, offset, each)
        if (chunk !== undefined) chunks.push(chunk)
      }
    }
    return { leader, chunks }
  }

  async #chunkOf(
    place: TopicPartition,
    offset: number,
    { errorCode, records, abortedTransactions }: PartitionAnswer,
  ): Promise<ReadChunk | undefined> {
    if (errorCode === ErrorCode.NONE) {
      if (records === null || records.length === 0) return undefined
      return chunkIn(place, offset, records, abortedTransactions ?? [])
    }
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return this.#backInRange(place, offset)
    this.#client.forgetLeader(place.topic, place.partition)
    if (passing.includes(errorCode)) return undefined
    throw refusalOf(`cannot read ${place.topic}:${place.partition}`, errorCode)
  }

  /** Below the start: retention was faster, go on there. Beyond the end: the log was lost. */
  async #backInRange(place: TopicPartition, offset: number): Promise<ReadChunk> {
    const [start = 0, end = 0] = await readOffsets(this.#client, [
      { ...place, timeMs: offsetTimes.earliest },
      { ...place, timeMs: offsetTimes.latest },
    ])
    if (offset > end) {
      const where = `${place.topic}:${place.partition}`
      throw new Failure('invalid', `${where} ends at ${end}: there is no offset ${offset}`)
    }
    this.#options.skipped(place, offset, Math.max(start, offset))
    return { ...place, records: [], nextOffset: Math.max(start, offset) }
  }
}
