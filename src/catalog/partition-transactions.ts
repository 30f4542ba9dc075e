/**
 * What a commit changes of the open and aborted transactions of partitions, from which readers take
 * the last stable offset and the aborted ranges.
 */
import type { TransactionChange } from './commit-groups.ts'
import type { Transaction } from './database.ts'
import {
  type AbortedRangeRow,
  abortedRanges,
  type OpenTransactionRow,
  openTransactions,
} from './schema-transactions.ts'

type EndChange = Extract<TransactionChange, { readonly markerOffset: number }>

export class PartitionTransactions {
  /** First offsets of what is open, ascending: as many as this commit can end, and one more. */
  readonly #oldest = new Map<number, number[]>()
  readonly #began: OpenTransactionRow[] = []
  readonly #ended: EndChange[] = []
  readonly #aborted: AbortedRangeRow[] = []

  /** The partitions are locked. `ends`: how many transactions this commit ends at most. */
  async read(tx: Transaction, partitionIds: ReadonlySet<number>, ends: number): Promise<void> {
    const oldest = async (partitionId: number): Promise<void> => {
      const range = { prefix: [partitionId], limit: ends + 1 }
      const rows = await tx.scan(openTransactions, range)
      this.#oldest.set(
        partitionId,
        rows.map(({ firstOffset }) => firstOffset),
      )
    }
    await Promise.all(Array.from(partitionIds, oldest))
  }

  began(row: OpenTransactionRow): void {
    this.#began.push(row)
    const oldest = this.#oldest.get(row.partitionId)
    // Behind all others; where not all are known here it is not needed.
    oldest?.push(row.firstOffset)
  }

  /** `logEnd`: behind the marker. */
  ended(end: EndChange, logEnd: number): void {
    const { change, partitionId, producerId, firstOffset, markerOffset: lastOffset } = end
    if (firstOffset === null) return
    const left = this.#oldest.get(partitionId)?.filter((offset) => offset !== firstOffset) ?? []
    this.#oldest.set(partitionId, left)
    this.#ended.push(end)
    if (change === 'committed') return
    const stableOffset = left[0] ?? logEnd
    this.#aborted.push({ partitionId, lastOffset, firstOffset, producerId, stableOffset })
  }

  /** What began and ended in one commit was never there. */
  async write(tx: Transaction): Promise<void> {
    const keys = this.#ended.map(({ partitionId, firstOffset }) => [partitionId, firstOffset ?? 0])
    await Promise.all([
      this.#began.length > 0 ? tx.put(openTransactions, this.#began) : undefined,
      keys.length > 0 ? tx.delete(openTransactions, keys) : undefined,
      this.#aborted.length > 0 ? tx.put(abortedRanges, this.#aborted) : undefined,
    ])
  }
}
