/** Where a broker lives: real in the commands, simulated in test/sim. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { LogLevels } from '../base/log-levels.ts'
import type { Random } from '../base/random.ts'
import type { CatalogDatabase, ReadTransaction } from '../catalog/database.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import type { Disk } from '../disk/disk.ts'
import type { Network } from '../kafka/byte-stream.ts'
import type { SlabPoolOptions } from '../kafka/slab.ts'
import type { OpenPass } from '../log/compaction-pass.ts'
import type { JobTimes } from '../log/jobs.ts'
import type { RecordChecker } from '../contract/check/record-checker.ts'
import type { Repacker } from '../log/repacker.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { S3OperationSeen } from '../objects/s3/s3-requests.ts'

export interface World {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly network: Network
  /** Opens the catalog of a data folder that exists. */
  readonly openDatabase: (folder: string) => Promise<CatalogDatabase>
  /** Given where brokers share a bucket and a catalog: then nothing is kept in a folder. */
  readonly fleet?: FleetWorld
  /** Is closed with the server. */
  readonly repacker: Repacker
  readonly checker: RecordChecker
  /** Where compaction judges batches. */
  readonly openPass: OpenPass
  readonly log: Log
  /** What `log` goes by. */
  readonly logLevels: LogLevels
  /** For tests: frames' memory of other sizes, overwritten when it is free: a late read is seen. */
  readonly slabs?: Partial<SlabPoolOptions>
  /** For tests: jobs by other times than their own. */
  readonly jobTimes?: JobTimes
}

export interface FleetWorld {
  /** `accept` runs on every new session before it is used, and refuses it by what it throws. */
  readonly openDatabase: (accept?: (tx: ReadTransaction) => Promise<void>) => Promise<FleetDatabase>
  /** `seen` is told of every operation on the bucket as it ends. */
  readonly openObjects: (seen: (operation: S3OperationSeen) => void) => Promise<ObjectStore>
  /** How the bucket is called, for people. */
  readonly place: string
}
