/** What a look over a cluster needs of it: the catalog, the store, and groups wherever they lie. */
import type { Clock } from '../base/clock.ts'
import type { CatalogReader } from '../catalog/database.ts'
import type { CommitLogRow } from '../catalog/schema.ts'
import type { ObjectStore } from '../objects/object-store.ts'

/** Groups that are not packed yet. */
export interface GroupSource {
  /**
   * Why the header of a group does not prove it; undefined where it does.
   *
   * @throws Failure 'not-found': its object is gone. 'unavailable'.
   */
  prove(row: CommitLogRow): Promise<string | undefined>
  /**
   * @throws Failure 'not-found': its object is gone. 'corrupt': it is shorter. 'unavailable'.
   */
  read(row: CommitLogRow, position: number, length: number): Promise<Uint8Array>
}

export interface Patient {
  readonly catalog: CatalogReader
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly groups: GroupSource
  /** True where groups are objects of the store, whose list tells whether they are there. */
  readonly isFleet: boolean
  /** How the store is called, for people. */
  readonly place: string
  readonly clock: Clock
}

export interface LookOptions {
  /** Proves every byte, not only what catalog and lists say. */
  readonly isDeep: boolean
  /** Bytes without a name that are younger may be of a group on its way, in milliseconds. */
  readonly orphanMs: number
  /** Ends the look early. */
  readonly signal: AbortSignal
  /** Told now and then what is being done. */
  readonly progress: (text: () => string) => void
}
