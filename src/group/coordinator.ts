/** The verbs of consumer groups: those of members stand here, the others are told where they go. */
import { formatUuid } from '../base/format-uuid.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { randomUuid } from '../base/random.ts'
import type { Random } from '../base/random.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Coordination } from '../fleet/cluster-view.ts'
import type { GroupConfig } from './config.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from './consumer/consumer-membership.ts'
import { patternsOf } from './consumer/consumer-state.ts'
import type { DescribeConsumerResult } from './consumer/consumer-views.ts'
import { flawOfHeartbeat } from './consumer/flaw-of-heartbeat.ts'
import { TopicPatterns } from './consumer/topic-patterns.ts'
import type { EmbeddedProtocol, TopicView } from './consumer/topic-view.ts'
import { flawOfMemberGroup } from './flaw-of-group.ts'
import { GroupAdmin } from './group-admin.ts'
import { GroupDirectory } from './group-directory.ts'
import { GroupOffsets } from './group-offsets.ts'
import { GroupStore } from './group-store.ts'
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
import { OffsetExpiry } from './offset-expiry.ts'
import type {
  AllowedCommit,
  CommitOffsetsRequest,
  CommitOffsetsResult,
  DeleteOffsetsRequest,
  DeleteOffsetsResult,
  FetchOffsetsRequest,
  FetchOffsetsResult,
} from './offsets.ts'
import { ownProtocols } from './on-join.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface GroupCoordinatorParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly random: Random
  /** Of groups that nothing is set for. */
  readonly config: GroupConfig
  /** Of one group, as it is now. */
  readonly configOf: (groupId: string) => GroupConfig
  readonly log: Log
  readonly topics: TopicView
  readonly embedded: EmbeddedProtocol
  /** Whether this broker may coordinate a group now. Default: every group, always. */
  readonly coordination?: (groupId: string) => Coordination
}

/** What the edge needs of a coordinator. */
export type GroupVerbs = Pick<
  GroupCoordinator,
  | 'join'
  | 'sync'
  | 'heartbeat'
  | 'leave'
  | 'consumerHeartbeat'
  | 'commitOffsets'
  | 'allowTransactional'
  | 'fetchOffsets'
  | 'describe'
  | 'describeConsumer'
  | 'list'
  | 'delete'
  | 'deleteOffsets'
  | 'topicDeleted'
>

/**
 * No verb rejects because of the catalog or of a client: such is an outcome. Requests may hold
 * views into frames; what is kept of them is copied before the verb returns its promise.
 */
export class GroupCoordinator {
  readonly #parts: GroupCoordinatorParts
  readonly #groups: GroupDirectory
  readonly #offsets: GroupOffsets
  readonly #admin: GroupAdmin
  readonly #expiry: OffsetExpiry
  readonly #patterns: TopicPatterns

  constructor(parts: GroupCoordinatorParts) {
    const { database, clock, config, configOf, log, topics, embedded } = parts
    const { coordination = () => 'own' } = parts
    this.#parts = parts
    const patterns = new TopicPatterns(topics, clock)
    const around = { topics, embedded, patterns }
    const store = new GroupStore(database)
    const groups = new GroupDirectory({
      ...{ store, clock, configOf, around, log, coordination },
      memoryBytesMax: config.memoryBytesMax,
    })
    this.#patterns = patterns
    this.#groups = groups
    this.#offsets = new GroupOffsets({ database, clock, config, log, groups, patterns })
    this.#admin = new GroupAdmin({ database, log, groups })
    this.#expiry = new OffsetExpiry({ database, clock, config, log, groups, patterns })
  }

  /** Another broker has some of the groups now. */
  release(): void {
    this.#groups.release()
  }

  /** Groups in memory: those that were asked for lately. */
  get groupCount(): number {
    return this.#groups.size
  }

  /**
   * Resolves when the rebalance that it begins or takes part in has a generation, which is durable
   * then.
   */
  async join(request: JoinRequest): Promise<JoinResult> {
    const { random, config } = this.#parts
    const { groupId, memberId, instanceId, clientId, sessionTimeoutMs } = request
    const own = { ...request, protocols: ownProtocols(request.protocols) }
    const flaw = flawOfMemberGroup(groupId)
    if (flaw !== undefined) return flaw
    if (
      sessionTimeoutMs < config.sessionTimeoutMsMin ||
      sessionTimeoutMs > config.sessionTimeoutMsMax
    ) {
      const bounds = `${config.sessionTimeoutMsMin} to ${config.sessionTimeoutMsMax}`
      const detail = `a session of ${sessionTimeoutMs} ms, allowed are ${bounds}`
      return refused('invalid-session-timeout', detail)
    }
    const group = await this.#groups.find(groupId, memberId === '')
    if (group === undefined) return noSuchMember
    if ('outcome' in group) return group
    const freshMemberId = `${instanceId ?? clientId}-${formatUuid(randomUuid(random))}`
    return group.submit<'join'>({ kind: 'join', request: own, freshMemberId })
  }

  /** Resolves when the leader of the generation has said who does what, which is durable then. */
  async sync(request: SyncRequest): Promise<SyncResult> {
    const assignments = request.assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: new Uint8Array(assignment),
    }))
    const group = await this.#groups.findOfMember(request.groupId)
    if (group === undefined) return noSuchMember
    if ('outcome' in group) return group
    return group.submit<'sync'>({ kind: 'sync', request: { ...request, assignments } })
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatResult> {
    const group = await this.#groups.findOfMember(request.groupId)
    if (group === undefined) return noSuchMember
    if ('outcome' in group) return group
    return group.submit<'heartbeat'>({ kind: 'heartbeat', request })
  }

  async leave(request: LeaveRequest): Promise<LeaveResult> {
    const group = await this.#groups.findOfMember(request.groupId)
    if (group === undefined) {
      const members = request.members.map(({ memberId, instanceId }) => ({
        memberId,
        instanceId,
        refusal: 'unknown-member' as const,
      }))
      return { outcome: 'left', members }
    }
    if ('outcome' in group) return group
    return group.submit<'leave'>({ kind: 'leave', request })
  }

  /** Resolves when what it tells the member is durable (KIP-848). */
  async consumerHeartbeat(request: ConsumerHeartbeat): Promise<ConsumerHeartbeatResult> {
    const { random, config } = this.#parts
    const { groupId, topicPattern, memberEpoch } = request
    const flaw = flawOfHeartbeat(request, config) ?? flawOfMemberGroup(groupId)
    if (flaw !== undefined) return flaw
    if (topicPattern !== null && topicPattern !== '') {
      const refusal = await this.#patterns.prepare(topicPattern)
      if (refusal !== undefined) return refusal
    }
    const group = await this.#groups.find(groupId, memberEpoch === 0)
    if (group === undefined) {
      return refused('group-not-found', `Consumer group ${groupId} not found.`)
    }
    if ('outcome' in group) return group
    const { state } = group
    // Read long ago, or by the process before this one.
    const known = state.type === 'consumer' ? patternsOf(state) : []
    for (const pattern of known) await this.#patterns.prepare(pattern)
    const freshMemberId = formatUuid(randomUuid(random))
    const event = { kind: 'consumer-heartbeat', request, freshMemberId } as const
    return group.submit<'consumer-heartbeat'>(event)
  }

  /** @see GroupOffsets.commit */
  commitOffsets(request: CommitOffsetsRequest): Promise<CommitOffsetsResult> {
    return this.#offsets.commit(request)
  }

  /** @see GroupOffsets.allowTransactional */
  allowTransactional(
    request: Omit<CommitOffsetsRequest, 'retentionMs' | 'isTransactional'>,
  ): Promise<AllowedCommit | Refused> {
    return this.#offsets.allowTransactional(request)
  }

  /** @see GroupOffsets.fetch */
  fetchOffsets(request: FetchOffsetsRequest): Promise<FetchOffsetsResult> {
    return this.#offsets.fetch(request)
  }

  /** @see GroupOffsets.delete */
  deleteOffsets(request: DeleteOffsetsRequest): Promise<DeleteOffsetsResult> {
    return this.#offsets.delete(request)
  }

  /** @see GroupOffsets.topicDeleted */
  topicDeleted(topicId: string): Promise<void> {
    return this.#offsets.topicDeleted(topicId)
  }

  /** Classic groups, one per id, in order. */
  describe(groupIds: readonly string[]): Promise<DescribeResult[]> {
    return this.#admin.describe(groupIds)
  }

  /** Consumer groups, one per id, in order. */
  describeConsumer(groupIds: readonly string[]): Promise<DescribeConsumerResult[]> {
    return this.#admin.describeConsumer(groupIds)
  }

  /** @see GroupAdmin.list */
  list(filter: ListFilter): Promise<ListResult> {
    return this.#admin.list(filter)
  }

  /** @see GroupAdmin.delete */
  delete(groupIds: readonly string[]): Promise<DeletedGroup[]> {
    return this.#admin.delete(groupIds)
  }

  /** @see OffsetExpiry.round */
  expireOffsets(): Promise<{ readonly offsets: number; readonly groups: number }> {
    return this.#expiry.round()
  }

  /** @see OffsetExpiry.run */
  runExpiry(signal: AbortSignal): Promise<void> {
    return this.#expiry.run(signal)
  }

  /** Answers whoever waits ('not-coordinator'); writes under way end by themselves. */
  close(): void {
    this.#expiry.close()
    this.#groups.close()
    this.#offsets.close()
  }
}

const noSuchMember = refused('unknown-member', 'the group has no members: join anew')
