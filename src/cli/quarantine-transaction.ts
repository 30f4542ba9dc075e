/**
 * Changes of a quarantine: each in one Kafka transaction, under an id that is the same for whoever
 * changes this quarantine topic, so that of two at once the first is shut out. What a broken-off
 * one left is decided when the next begins: what it committed is gone from the quarantine, of
 * anything else nothing is left.
 */
import { Failure, isFailure } from '../base/errors.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { TransactionalProducer } from '../client/transactional-producer.ts'
import type { NewRecord } from '../record/build-batch.ts'
import { type Choice, placeOf } from './quarantine-choice.ts'
import {
  findQuarantine,
  type QuarantineEntry,
  type QuarantineView,
  readQuarantine,
} from './quarantine-entries.ts'

/** Records that one transaction is about: so many of them can be named in a refusal (KIP-467). */
export const transactionRecordsMax = 100
/** Tombstones of one transaction: they are small, and nobody refuses one alone. */
const tombstonesMax = 1_000

export interface OpenQuarantine {
  readonly producer: TransactionalProducer
  readonly view: QuarantineView
  /** Of what was asked for by its place. */
  readonly missing: readonly string[]
}

/**
 * Resolves with what is in quarantine once nobody else changes it: whoever begins after us shuts us
 * out before anything of what we saw is changed.
 */
export async function openQuarantine(
  client: KafkaClient,
  signal: AbortSignal,
  { topic, quarantineTopic, wants, places }: Choice,
): Promise<OpenQuarantine> {
  const query = { client, signal, topic, quarantineTopic, wants }
  await findQuarantine(query)
  const transactionalId = `karst-quarantine-${quarantineTopic}`
  const producer = await TransactionalProducer.open(client, transactionalId, signal)
  const view = await readQuarantine(query)
  const found = new Set(view.entries.map(({ reason }) => placeOf(reason)))
  return { producer, view, missing: places.filter((place) => !found.has(place)) }
}

/** Commits what `work` sends if it says so; aborts it where it does not, or fails. */
export async function inTransaction(
  producer: TransactionalProducer,
  work: () => Promise<'commit' | 'abort'>,
): Promise<void> {
  try {
    if ((await work()) === 'commit') await producer.commit()
    else await producer.abort()
  } catch (error) {
    const isDecided = isFailure(error, 'fenced') || isFailure(error, 'unknown-outcome')
    // Else it would be open until its timeout, and readers would wait for it.
    if (!isDecided) await producer.abort().catch(() => undefined)
    throw error
  }
}

/** Tombstones for entries, in the transaction that is open. */
export async function sendTombstones(
  producer: TransactionalProducer,
  entries: readonly QuarantineEntry[],
  nowMs: number,
): Promise<void> {
  for (const own of Map.groupBy(entries, ({ at }) => at.partition).values()) {
    const [first] = own
    if (first === undefined) continue
    const records = own.map(({ key }): NewRecord => {
      return { key: Buffer.from(key), value: null, timestampMs: nowMs }
    })
    const refused = await producer.send(first.at, records)
    if (refused !== undefined) throw refused.refusal
  }
}

/** Takes entries out of the quarantine for good, some at a time; told of each some that is done. */
export async function forget(
  producer: TransactionalProducer,
  entries: readonly QuarantineEntry[],
  nowMs: number,
  done: (some: readonly QuarantineEntry[]) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < entries.length; from += tombstonesMax) {
    if (signal.aborted) throw new Failure('closed', 'stopped before all were done')
    const some = entries.slice(from, from + tombstonesMax)
    await inTransaction(producer, async () => {
      await sendTombstones(producer, some, nowMs)
      return 'commit'
    })
    done(some)
  }
}
