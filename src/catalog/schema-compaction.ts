/** Where log compaction has come to, see schema.ts. Persisted. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

/** Of a partition that was compacted once. */
export interface CompactionRow {
  partitionId: number
  /** The first dirty offset: below it each key stands once, but for what began to count later. */
  cleanEnd: number
  /** When the next tombstone or marker may go; null: none waits. */
  horizonMs: number | null
  /**
   * Swaps that took aborted ranges away, with their markers. Whoever has bytes from before must not
   * judge them by ranges from behind: what was aborted would be seen (T2).
   */
  rangesGone: number
}

/** Of a partition that was never compacted. */
export const neverCompacted: Omit<CompactionRow, 'partitionId'> = {
  cleanEnd: 0,
  horizonMs: null,
  rangesGone: 0,
}

export const compactions: Table<CompactionRow> = {
  name: 'compaction',
  lockClass: lockClass.partition,
  columns: { partitionId: 'int', cleanEnd: 'int', horizonMs: 'int?', rangesGone: 'int' },
  key: ['partitionId'],
  guard: { table: 'partition', columns: ['partitionId'] },
}
