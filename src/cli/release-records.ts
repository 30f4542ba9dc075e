/**
 * Writes records back to their topic and takes them out of the quarantine, some in one transaction.
 * What the topic's contract still refuses is left out of them, and stays where it is.
 */
import { Failure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import type { BatchRefusal, TransactionalProducer } from '../client/transactional-producer.ts'
import type { QuarantinedRecord } from '../contract/quarantine/quarantine-record.ts'
import type { QuarantineEntry } from './quarantine-entries.ts'
import { loadEntries } from './quarantine-load.ts'
import { inTransaction, sendTombstones, transactionRecordsMax } from './quarantine-transaction.ts'

/** Of records of one transaction, as they are in the quarantine; one alone may have more. */
const transactionBytesMax = 8 * 1024 * 1024
/** Of a batch that is sent as it is; above it would pass max.message.bytes. */
const plainBytesMax = 512 * 1024

export interface ReleaseTold {
  released(entries: readonly QuarantineEntry[]): void
  /** It stays in quarantine. */
  refused(entry: QuarantineEntry, why: string): void
}

interface Release {
  readonly entry: QuarantineEntry
  readonly record: QuarantinedRecord
}

export class Releaser {
  readonly #client: KafkaClient
  readonly #producer: TransactionalProducer
  readonly #topic: string
  readonly #told: ReleaseTold
  readonly #signal: AbortSignal

  constructor(
    client: KafkaClient,
    producer: TransactionalProducer,
    topic: string,
    told: ReleaseTold,
    signal: AbortSignal,
  ) {
    this.#client = client
    this.#producer = producer
    this.#topic = topic
    this.#told = told
    this.#signal = signal
  }

  /** @throws Failure what was not told as released is not, but for 'unknown-outcome'. */
  async release(entries: readonly QuarantineEntry[]): Promise<void> {
    const { partitions } = await this.#client.topic(this.#topic)
    const there = new Set(partitions.map(({ partitionIndex }) => partitionIndex))
    const wanted = entries.filter((entry) => {
      const { partition } = entry.reason
      if (there.has(partition)) return true
      this.#told.refused(entry, `${this.#topic} has no partition ${partition}`)
      return false
    })
    for (const some of portions(wanted)) {
      if (this.#signal.aborted) throw new Failure('closed', 'stopped before all were released')
      const loaded = await loadEntries(this.#client, this.#signal, some)
      const releases = loaded.flatMap(({ entry, record }): Release[] => {
        if (record !== undefined) return [{ entry, record }]
        this.#told.refused(entry, 'retention has deleted it meanwhile')
        return []
      })
      await this.#releaseSome(releases)
    }
  }

  /** Tries without those that are refused, until what is left is taken. */
  async #releaseSome(releases: readonly Release[]): Promise<void> {
    let left = releases
    while (left.length > 0) {
      const { named, unnamed } = await this.#attempt(left)
      if (named.size === 0 && unnamed === undefined) return
      for (const { entry } of left) {
        const why = named.get(entry)
        if (why !== undefined) this.#told.refused(entry, why)
      }
      left = left.filter(({ entry }) => !named.has(entry))
      if (named.size > 0 || unnamed === undefined) continue
      // A batch is refused as a whole: halves tell which of its records is at fault.
      const half = Math.ceil(left.length / 2)
      await this.#releaseSome(left.slice(0, half))
      left = left.slice(half)
    }
  }

  /** One transaction: all of them are released, or none and it is said why. */
  async #attempt(releases: readonly Release[]): Promise<Refused> {
    const refused: Refused = { named: new Map(), unnamed: undefined }
    const entries = releases.map(({ entry }) => entry)
    await inTransaction(this.#producer, async () => {
      for (const [partition, own] of byPartition(releases)) {
        const answer = await this.#send(partition, own)
        if (answer !== undefined) take(refused, own, answer)
      }
      if (refused.named.size > 0 || refused.unnamed !== undefined) return 'abort'
      await sendTombstones(this.#producer, entries, systemClock.nowMs())
      return 'commit'
    })
    if (refused.named.size === 0 && refused.unnamed === undefined) this.#told.released(entries)
    return refused
  }

  #send(partition: number, own: readonly Release[]): Promise<BatchRefusal | undefined> {
    const records = own.map(({ record }) => record)
    const isLarge = own.reduce((sum, { entry }) => sum + entry.bytes, 0) > plainBytesMax
    const place = { topic: this.#topic, partition }
    return this.#producer.send(place, records, isLarge ? 'gzip' : 'none')
  }
}

interface Refused {
  readonly named: Map<QuarantineEntry, string>
  unnamed: BatchRefusal | undefined
}

/** A record that is alone in its batch is at fault, named or not. */
function take(refused: Refused, own: readonly Release[], answer: BatchRefusal): void {
  const { refusal, records } = answer
  for (const [at, { entry }] of own.entries()) {
    const why = records.get(at) ?? (own.length === 1 ? refusal.message : undefined)
    if (why !== undefined) refused.named.set(entry, why)
  }
  if (!own.some(({ entry }) => refused.named.has(entry))) refused.unnamed = answer
}

const byPartition = (releases: readonly Release[]): Map<number, Release[]> =>
  Map.groupBy(releases, ({ entry }) => entry.reason.partition)

/** Entries for one transaction each, in their order. */
function* portions(entries: readonly QuarantineEntry[]): Generator<QuarantineEntry[]> {
  let some: QuarantineEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const isFull = some.length >= transactionRecordsMax || bytes + entry.bytes > transactionBytesMax
    if (some.length > 0 && isFull) {
      yield some
      some = []
      bytes = 0
    }
    some.push(entry)
    bytes += entry.bytes
  }
  if (some.length > 0) yield some
}
