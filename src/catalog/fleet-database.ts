/**
 * What a catalog that several brokers share can do beyond the port: tell what others committed,
 * call them, and say what time it is.
 */
import type { CatalogDatabase } from './database.ts'
import type { Table } from './table.ts'

/** The rows of each table asked for, in the order of the tables. */
export type ChangedRows = readonly (readonly object[])[]

export interface Changes {
  /** Hand it to the next call. Opaque; not comparable. */
  readonly position: string
  readonly rows: ChangedRows
  /**
   * True where `since` is too old, or of another life of the catalog, or more than `limit` rows
   * changed: rows are left out, everything must be read anew after this call.
   */
  readonly isReset: boolean
}

export interface FleetDatabase extends CatalogDatabase {
  /**
   * Rows of `tables` (each with `feed: true`) that were inserted by transactions that became
   * visible after `since` and are visible now: each exactly once along a chain of positions,
   * whatever order transactions began, wrote and committed in. A row is as it is now, not as it was
   * inserted; one that is deleted already is left out. Of one instant over all tables. Without
   * `since`: no rows, and the position to begin with.
   *
   * @throws Failure 'unavailable': ask again with the same position. 'closed'.
   */
  changes(
    since: string | undefined,
    tables: readonly Table<never>[],
    limit: number,
  ): Promise<Changes>
  /**
   * Calls the brokers that share the catalog: somebody should look for changes now. Sent soon, at
   * most once in 10 ms, outside of any transaction; it may be lost, and carries no truth.
   */
  announce(): void
  /** `listener` runs for announcements of others, and may run for own ones. Returns its end. */
  onAnnounced(listener: () => void): () => void
  /**
   * The database's clock in milliseconds since 1970, never before an earlier answer of this object.
   *
   * @throws Failure 'unavailable' | 'closed'
   */
  databaseMs(): Promise<number>
}

/**
 * Rows of a feed are kept for ten minutes at least. A position younger than half of that has missed
 * none, even where a row's commit took its time; an older one is reset.
 */
export const feedPositionMsMax: number = 5 * 60_000
