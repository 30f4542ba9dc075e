/** The records in the bytes of a fetch: whole batches, and of transactions only what is asked for. */
import { isFailure, Failure } from '../base/errors.ts'
import { batchBytesOf, readBatchHeader } from '../record/batch-header.ts'
import { checkBatchCrc } from '../record/batch-sequence.ts'
import { readMarker } from '../record/control.ts'
import { type BatchRecord, recordsIn } from '../record/records.ts'
import type { FetchResponse } from '../wire/messages/01-fetch.ts'

/** `committed`: nothing of a transaction that was aborted, or has not ended (KIP-98). */
export type Isolation = 'uncommitted' | 'committed'
export const isolationLevels: Readonly<Record<Isolation, number>> = {
  uncommitted: 0,
  committed: 1,
}

type Aborted = FetchResponse['responses'][number]['partitions'][number]['abortedTransactions']

/** Base offset and length of a batch. */
const prefixBytes = 12

/**
 * Whole batches only: brokers may cut the last one short. Records before `offset` are left out, and
 * those of the transactions in `aborted`, which brokers tell to whoever reads committed.
 *
 * @throws Failure 'corrupt' | 'invalid': a batch is damaged, or unpacks to too much.
 */
export function fetchedRecords(
  bytes: Uint8Array,
  offset: number,
  aborted: Aborted,
): { readonly records: BatchRecord[]; readonly nextOffset: number } {
  const records: BatchRecord[] = []
  let nextOffset = offset
  const transactions = new AbortedTransactions(aborted ?? [])
  for (let at = 0; at + prefixBytes <= bytes.length;) {
    const size = batchBytesOf(bytes, at)
    if (at + size > bytes.length) break
    checkBatchCrc(bytes, at)
    const header = readBatchHeader(bytes, at)
    const { producerId, isControl, isTransactional, baseOffset, lastOffsetDelta } = header
    const end = baseOffset + lastOffsetDelta + 1
    transactions.reach(end)
    if (isControl) {
      if (readMarker(bytes, at)?.type === 'abort') transactions.ended(producerId)
    } else if (!isTransactional || !transactions.isAborted(producerId)) {
      for (const record of recordsIn(bytes, at)) if (record.offset >= offset) records.push(record)
    }
    nextOffset = Math.max(nextOffset, end)
    at += size
  }
  return { records, nextOffset }
}

/** `work`, whose failures name the partition. */
export function naming<Value>(where: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (!isFailure(error)) throw error
    throw new Failure(error.kind, `${where}: ${error.message}`, error)
  }
}

/** Producers whose transaction is aborted, from its first offset to its marker. */
class AbortedTransactions {
  readonly #waiting: { readonly producerId: number; readonly firstOffset: number }[]
  readonly #producers = new Set<number>()

  constructor(aborted: NonNullable<Aborted>) {
    this.#waiting = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset)
  }

  /** Those that begin before `end`. */
  reach(end: number): void {
    for (let next = this.#waiting.at(-1); next !== undefined && next.firstOffset < end;) {
      this.#producers.add(next.producerId)
      this.#waiting.pop()
      next = this.#waiting.at(-1)
    }
  }

  ended(producerId: number): void {
    this.#producers.delete(producerId)
  }

  isAborted(producerId: number): boolean {
    return this.#producers.has(producerId)
  }
}
