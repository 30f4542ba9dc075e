/** The committed rows of one table in key order, read under the changes that a reader sees instead. */
import type { KeyRange } from './database.ts'
import { compareKeys, keyText, type Key, type KeyPart, type Table } from './table.ts'

export interface Change {
  readonly key: Key
  /** undefined where there is no such row. */
  readonly row: object | undefined
  /** The transaction inserted it. Of followed tables only. */
  readonly isNew?: boolean
}

/** Changes by key: what a transaction wrote, or what a snapshot must still see. */
export type Changes = ReadonlyMap<KeyPart, Change>

interface Entry {
  readonly key: Key
  row: object
}

interface Bound {
  readonly key: Key
  readonly inclusive: boolean
}

interface Bounds {
  readonly low: readonly Bound[]
  readonly high: readonly Bound[]
}

/**
 * One sorted array: a binary search per row, an append at the end for growing keys, and a move of
 * pointers otherwise (100,000 rows: some 10 µs). Beyond a million rows it should become a tree.
 */
export class MemoryTable {
  readonly #entries: Entry[] = []

  get(key: Key, changes?: Changes): object | undefined {
    const change = changes?.get(keyText(key))
    if (change !== undefined) return change.row
    const entry = this.#entries[this.#indexOf(key)]
    return entry !== undefined && compareKeys(entry.key, key) === 0 ? entry.row : undefined
  }

  /** Inserts or replaces, or deletes where the row is undefined. */
  apply(change: Change): void {
    const { key, row } = change
    const entries = this.#entries
    const at = this.#indexOf(key)
    const entry = entries[at]
    const found = entry !== undefined && compareKeys(entry.key, key) === 0
    if (row === undefined) {
      if (found) entries.splice(at, 1)
    } else if (found) entry.row = row
    else if (at === entries.length) entries.push({ key, row })
    else entries.splice(at, 0, { key, row })
  }

  scan(range: KeyRange, changes?: Changes): object[] {
    const bounds = toBounds(range)
    const start = Math.max(0, ...bounds.low.map((bound) => this.#firstInside(bound)))
    const ends = bounds.high.map((bound) => this.#firstBeyond(bound))
    const end = Math.min(this.#entries.length, ...ends)
    const changed = changes === undefined ? [] : changesInside(changes, bounds)
    const step = range.descending === true ? -1 : 1
    if (step < 0) changed.reverse()
    const rows: object[] = []
    let at = step > 0 ? start : end - 1
    let changedAt = 0
    while (rows.length < range.limit) {
      const entry = at >= start && at < end ? this.#entries[at] : undefined
      const change = changed[changedAt]
      if (entry === undefined && change === undefined) break
      const order = orderOf(entry, change, step)
      if (order <= 0) at += step // a changed row stands for the entry of the same key
      if (order >= 0) changedAt++
      const row = order < 0 ? entry?.row : change?.row
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  /** The index of `key`, or where it would stand. */
  #indexOf(key: Key): number {
    const last = this.#entries.at(-1)
    if (last === undefined || compareKeys(last.key, key) < 0) return this.#entries.length
    return this.#first((other) => compareKeys(other, key) >= 0)
  }

  #firstInside({ key, inclusive }: Bound): number {
    return this.#first((other) => comparePrefix(other, key) >= (inclusive ? 0 : 1))
  }

  #firstBeyond({ key, inclusive }: Bound): number {
    return this.#first((other) => comparePrefix(other, key) >= (inclusive ? 1 : 0))
  }

  /** The first index whose key passes; those that pass come behind those that do not. */
  #first(passes: (key: Key) => boolean): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (passes((this.#entries[middle] as Entry).key)) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** By the columns of `bound` only: -1, 0 or 1. */
function comparePrefix(key: Key, bound: Key): number {
  return Math.sign(compareKeys(key.slice(0, bound.length), bound))
}

function toBounds(range: KeyRange): Bounds {
  const { prefix, after, from, before } = range
  const bound = (key: Key | undefined, inclusive: boolean): Bound[] =>
    key === undefined ? [] : [{ key: [...prefix, ...key], inclusive }]
  const whole = [{ key: prefix, inclusive: true }]
  const starts = [...whole, ...bound(after, false), ...bound(from, true)]
  const ends = [...whole, ...bound(before, false)]
  return range.descending === true ? { low: ends, high: starts } : { low: starts, high: ends }
}

function changesInside(changes: Changes, { low, high }: Bounds): Change[] {
  const inside = (key: Key): boolean =>
    low.every((bound) => comparePrefix(key, bound.key) >= (bound.inclusive ? 0 : 1)) &&
    high.every((bound) => comparePrefix(key, bound.key) <= (bound.inclusive ? 0 : -1))
  const found: Change[] = []
  for (const change of changes.values()) if (inside(change.key)) found.push(change)
  return found.toSorted((left, right) => compareKeys(left.key, right.key))
}

/** Negative where the entry comes first in the direction of `step`. */
function orderOf(entry: Entry | undefined, change: Change | undefined, step: number): number {
  if (change === undefined) return -1
  if (entry === undefined) return 1
  return compareKeys(entry.key, change.key) * step
}

/** Bytes as long as this are data of clients, which nobody changes. */
const dataBytesMin = 4_096

/**
 * A copy that shares no bytes: neither the writer nor a reader can change a stored row. But data is
 * copied when it is written only: to copy it for each read was a third of what the simulation did.
 */
export function copyRow<Row extends object>(
  table: Table<Row>,
  row: object,
  isWritten = false,
): Row {
  const copy: Record<string, unknown> = {}
  for (const name in table.columns) {
    const value = (row as Record<string, unknown>)[name]
    const isCopied = value instanceof Uint8Array && (isWritten || value.length < dataBytesMin)
    copy[name] = isCopied ? new Uint8Array(value) : value
  }
  return copy as Row
}
