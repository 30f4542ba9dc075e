/** What brokers tell each other of changes that are no commits of groups. Persisted. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

/** One row: numbers of changes are given under its lock, so that they ascend as changes commit. */
export interface ChangeCounterRow {
  name: string
  next: number
}

/** A change that others have in memory, written by the transaction that makes it. */
export interface ChangeRow {
  changeId: number
  kind: string
  /** Which of that kind, as JSON: ids, or names. */
  names: string
}

/** Ordered before `changeLog`, also by name. */
export const changeCounter: Table<ChangeCounterRow> = {
  name: 'change_counter',
  lockClass: lockClass.change,
  columns: { name: 'text', next: 'int' },
  key: ['name'],
}

export const changeLog: Table<ChangeRow> = {
  name: 'change_log',
  lockClass: lockClass.change,
  columns: { changeId: 'int', kind: 'text', names: 'text' },
  key: ['changeId'],
  feed: true,
}
