/** What holds bytes and decisions, opened: of one machine, or of a fleet. */
import type { Samples } from '../admin/exposition.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Volume } from '../disk/disk.ts'
import type { Journal } from '../journal/journal.ts'
import type { BrokerLog } from '../log/broker-log.ts'
import type { ObjectStore } from '../objects/object-store.ts'

export interface Storage {
  readonly clusterId: string
  readonly leaderEpoch: number
  /** Of this process. */
  readonly incarnation: number
  readonly database: CatalogDatabase
  readonly journal: Journal
  readonly objects: ObjectStore
  readonly logs: BrokerLog
  readonly space: StorageSpace
  /** What does not work, for people who ask; undefined where all does. */
  readonly lack: () => string | undefined
  /** What it has counted, for a scrape. */
  readonly samples: () => readonly Samples[]
  /** For tools that ask where things lie. */
  readonly volume: () => Promise<Volume>
}

export interface StorageSpace {
  /** Why nothing new is taken, for people; undefined where there is room. */
  readonly full: string | undefined
}
