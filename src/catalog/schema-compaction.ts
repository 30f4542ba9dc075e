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
}

export const compactions: Table<CompactionRow> = {
  name: 'compaction',
  lockClass: lockClass.partition,
  columns: { partitionId: 'int', cleanEnd: 'int', horizonMs: 'int?' },
  key: ['partitionId'],
  guard: { table: 'partition', columns: ['partitionId'] },
}
