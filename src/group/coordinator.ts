/** The verbs of Kafka's classic consumer groups and of committed offsets, over the catalog. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { GroupConfig } from './config.ts'
import type { DeletedGroup, DescribeResult, ListFilter, ListResult } from './listing.ts'
import type {
  HeartbeatRequest,
  HeartbeatResult,
  JoinRequest,
  JoinResult,
  LeaveRequest,
  LeaveResult,
  SyncRequest,
  SyncResult,
} from './membership.ts'
import type {
  CommitOffsetsRequest,
  CommitOffsetsResult,
  DeleteOffsetsRequest,
  DeleteOffsetsResult,
  FetchOffsetsRequest,
  FetchOffsetsResult,
} from './offsets.ts'

export interface GroupCoordinatorParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly random: Random
  readonly config: GroupConfig
  readonly log: Log
}

/** No verb rejects because of the catalog or of a client: such is an outcome. */
export interface GroupVerbs {
  join(request: JoinRequest): Promise<JoinResult>
  sync(request: SyncRequest): Promise<SyncResult>
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatResult>
  leave(request: LeaveRequest): Promise<LeaveResult>
  commitOffsets(request: CommitOffsetsRequest): Promise<CommitOffsetsResult>
  fetchOffsets(request: FetchOffsetsRequest): Promise<FetchOffsetsResult>
  describe(groupIds: readonly string[]): Promise<DescribeResult[]>
  list(filter: ListFilter): Promise<ListResult>
  delete(groupIds: readonly string[]): Promise<DeletedGroup[]>
  deleteOffsets(request: DeleteOffsetsRequest): Promise<DeleteOffsetsResult>
  /** Removes what groups have committed for a topic that is gone; call it after the topic's deletion is durable. */
  topicDeleted(topicId: string): Promise<void>
}
