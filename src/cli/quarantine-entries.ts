/**
 * What is in quarantine of a topic, without the records themselves: the last of each key that is
 * not deleted, as far as it is committed. The quarantine topic is read from its beginning: no index
 * of it is kept anywhere.
 */
import { Failure, isFailure } from '../base/errors.ts'
import type { KafkaClient, TopicInfo } from '../client/kafka-client.ts'
import {
  type Isolation,
  offsetTimes,
  readOffsets,
  type TopicPartition,
} from '../client/partition-offsets.ts'
import { PartitionReader } from '../client/partition-reader.ts'
import {
  fromStored,
  quarantineKey,
  type QuarantinedRecord,
  type QuarantineReason,
} from '../contract/quarantine/quarantine-record.ts'
import type { BatchRecord } from '../record/records.ts'

export interface QuarantineEntry {
  readonly reason: QuarantineReason
  /** Of key, value and headers as they were sent. */
  readonly bytes: number
  /** Its key in the quarantine topic, and where it stands there. */
  readonly key: string
  readonly at: TopicPartition & { readonly offset: number }
}

export interface QuarantineView {
  /** By place, those that were wanted. */
  readonly entries: readonly QuarantineEntry[]
  /** There are more than are held in memory. */
  readonly isCut: boolean
  /** A retry has set these aside again after they were released or dropped: they are done with. */
  readonly late: readonly QuarantineEntry[]
  /** Records that no broker has written. */
  readonly foreign: number
  /** Offsets behind a transaction that is open: what it is about is not known yet. */
  readonly undecided: number
}

export interface QuarantineQuery {
  readonly client: KafkaClient
  readonly signal: AbortSignal
  /** The topic that the records were sent to. */
  readonly topic: string
  readonly quarantineTopic: string
  readonly wants: (reason: QuarantineReason) => boolean
  /** Entries that are held at most (entriesMax). */
  readonly heldMax?: number
}

/** Each takes about half a KiB. */
export const entriesMax = 50_000
/** Of a message that is held; `show` reads all of it. Characters. */
const messageMax = 300
/** Keys of deleted records that are remembered; late retries of others are taken for new. */
const deletedMax = 100_000
/** How long brokers may be gone before the reading is given up. */
const troubleMs = 30_000
/** Answers without anything while there should be more, about a second each. */
const quietMax = 60
const committed: Isolation = 'read_committed'

/** @throws Failure 'not-found': there is no quarantine topic. Others as PartitionReader. */
export async function readQuarantine(query: QuarantineQuery): Promise<QuarantineView> {
  const { client, signal, quarantineTopic } = query
  const places = (await findQuarantine(query)).partitions.map(({ partitionIndex }) => {
    return { topic: quarantineTopic, partition: partitionIndex }
  })
  const ask = (timeMs: number, isolation?: Isolation): Promise<number[]> =>
    readOffsets(
      client,
      places.map((place) => ({ ...place, timeMs })),
      isolation,
    )
  const [starts, ends, all] = await Promise.all([
    ask(offsetTimes.earliest),
    ask(offsetTimes.latest, committed),
    ask(offsetTimes.latest),
  ])
  const positions = places.map((place, at) => {
    return { ...place, offset: starts[at] ?? 0, end: ends[at] ?? 0 }
  })
  const open = positions.filter(({ offset, end }) => offset < end)
  const options = { signal, troubleMs, isolation: committed, skipped: () => undefined }
  const reader = new PartitionReader(client, open, options)
  const gathered = new Gathered(query)
  for (let quiet = 0; reader.count > 0; quiet++) {
    if (signal.aborted) throw new Failure('closed', 'stopped before all of the topic was read')
    if (quiet > quietMax) throw new Failure('unavailable', `${quarantineTopic} cannot be read on`)
    for (const { topic, partition, records, nextOffset } of await reader.next()) {
      quiet = 0
      const end = ends[partition] ?? 0
      for (const record of records) {
        if (record.offset < end) gathered.take({ topic, partition }, record)
      }
      if (nextOffset >= end) reader.drop({ topic, partition })
    }
  }
  const behind = ends.map((end, at) => (all[at] ?? end) - end)
  return gathered.view(behind.reduce((sum, each) => sum + each, 0))
}

/** @throws Failure 'not-found': there is none, and what that means. */
export async function findQuarantine({
  client,
  topic,
  quarantineTopic,
}: Pick<QuarantineQuery, 'client' | 'topic' | 'quarantineTopic'>): Promise<TopicInfo> {
  try {
    return await client.topic(quarantineTopic)
  } catch (error) {
    if (!isFailure(error, 'not-found')) throw error
    const why = `nothing of ${topic} is set aside there`
    const hint = 'a contract may name another: --quarantine-topic NAME'
    throw new Failure('not-found', `there is no topic ${quarantineTopic}: ${why}; ${hint}`)
  }
}

/** What was read so far. All of a key stands in one partition, so that its order is known. */
class Gathered {
  readonly #query: QuarantineQuery
  readonly #entries = new Map<string, QuarantineEntry>()
  readonly #late = new Map<string, QuarantineEntry>()
  readonly #deleted = new Set<string>()
  #foreign = 0
  #isCut = false

  constructor(query: QuarantineQuery) {
    this.#query = query
  }

  take(place: TopicPartition, record: BatchRecord): void {
    const key = Buffer.from(record.key ?? []).toString()
    if (record.value === null) {
      this.#entries.delete(key)
      this.#late.delete(key)
      if (this.#deleted.size < deletedMax) this.#deleted.add(key)
      return
    }
    const found = brokersOwn(record)
    if (found === undefined) {
      this.#foreign++
      return
    }
    if (found.reason.topic !== this.#query.topic) return
    const isLate = this.#deleted.has(key)
    if (!isLate && !this.#query.wants(found.reason)) return
    const held = isLate ? this.#late : this.#entries
    if (held.size >= (this.#query.heldMax ?? entriesMax) && !held.has(key)) {
      this.#isCut ||= !isLate
      return
    }
    const message = found.reason.message.slice(0, messageMax)
    const reason = { ...found.reason, message }
    held.set(key, { reason, bytes: bytesOf(found), key, at: { ...place, offset: record.offset } })
  }

  view(undecided: number): QuarantineView {
    return {
      entries: [...this.#entries.values()].toSorted(byPlace),
      isCut: this.#isCut,
      late: [...this.#late.values()],
      foreign: this.#foreign,
      undecided,
    }
  }
}

/** Undefined for what anybody may have written there. */
export function brokersOwn(record: BatchRecord): QuarantinedRecord | undefined {
  const found = fromStored(record)
  if (found === undefined) return undefined
  return quarantineKey(found.reason).equals(record.key ?? new Uint8Array(0)) ? found : undefined
}

function byPlace({ reason: a }: QuarantineEntry, { reason: b }: QuarantineEntry): number {
  return a.partition - b.partition || a.offset - b.offset || a.setAsideMs - b.setAsideMs
}

function bytesOf({ key, value, headers }: QuarantinedRecord): number {
  const parts = headers.map((each) => Buffer.byteLength(each.key) + (each.value?.length ?? 0))
  const ofHeaders = parts.reduce((sum, each) => sum + each, 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders
}
