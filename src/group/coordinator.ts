/** The verbs of Kafka's classic consumer groups and of committed offsets, over the catalog. */
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { randomUuid } from '../base/random.ts'
import type { Random } from '../base/random.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { groupLimits } from './config.ts'
import type { GroupConfig } from './config.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from './consumer/consumer-membership.ts'
import { patternsOf } from './consumer/consumer-state.ts'
import { describeConsumer } from './consumer/consumer-views.ts'
import type { DescribeConsumerResult } from './consumer/consumer-views.ts'
import { flawOfHeartbeat } from './consumer/flaw-of-heartbeat.ts'
import { TopicPatterns } from './consumer/topic-patterns.ts'
import type { EmbeddedProtocol, TopicView } from './consumer/topic-view.ts'
import type { AnyGroupState } from './draft.ts'
import { flawOfGroup, flawOfMemberGroup, formatUuid } from './flaw-of-group.ts'
import { GroupDirectory } from './group-directory.ts'
import { type GroupMailbox, hasNobody } from './group-mailbox.ts'
import { GroupStore } from './group-store.ts'
import {
  describeClassic,
  isListed,
  listGroup,
  pagesOfGroups,
  readGroups,
  readRow,
} from './group-views.ts'
import type {
  DeletedGroup,
  DescribeResult,
  ListedGroup,
  ListFilter,
  ListResult,
  RefusedGroup,
} from './listing.ts'
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
import { readOffsets } from './offset-reader.ts'
import { expiryOf, OffsetWriter } from './offset-writer.ts'
import type { OffsetCommit, OffsetRefusals } from './offset-writer.ts'
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
import { deleteGroup, deletePartitions, deleteTopic, expireGroup } from './removal.ts'
import type { Expired } from './removal.ts'
import { fromRow } from './stored-group.ts'
import { consumerProtocolType, isSubscribed, subscriptionOf } from './subscription.ts'

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
  readonly #offsets: OffsetWriter
  readonly #patterns: TopicPatterns
  #isClosed = false

  constructor(parts: GroupCoordinatorParts) {
    const { database, clock, configOf, log, topics, embedded } = parts
    this.#parts = parts
    const patterns = new TopicPatterns(topics, clock)
    const around = { topics, embedded, patterns }
    const store = new GroupStore(database)
    this.#patterns = patterns
    this.#groups = new GroupDirectory({ store, clock, configOf, around, log })
    this.#offsets = new OffsetWriter(database, clock, log)
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
    const group = await this.#findOfMember(request.groupId)
    if (group === undefined) return noSuchMember
    if ('outcome' in group) return group
    return group.submit<'sync'>({ kind: 'sync', request: { ...request, assignments } })
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatResult> {
    const group = await this.#findOfMember(request.groupId)
    if (group === undefined) return noSuchMember
    if ('outcome' in group) return group
    return group.submit<'heartbeat'>({ kind: 'heartbeat', request })
  }

  async leave(request: LeaveRequest): Promise<LeaveResult> {
    const group = await this.#findOfMember(request.groupId)
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

  /**
   * Resolves when the offsets are durable, fenced by the group's generation in the same
   * transaction.
   */
  async commitOffsets(request: CommitOffsetsRequest): Promise<CommitOffsetsResult> {
    const { groupId, generation, retentionMs, offsets } = request
    if (offsets.length > groupLimits.offsetsPerCommitMax) {
      const most = groupLimits.offsetsPerCommitMax
      return refused('invalid-request', `${offsets.length} partitions, at most ${most} at once`)
    }
    const group = await this.#find(groupId, generation < 0)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    const { config, clock } = this.#parts
    const isFitting = offsets.map(
      ({ metadata }) => metadata.length <= config.offsetMetadataBytesMax,
    )
    const results = await this.#commitAsMember(group, request, {
      groupId,
      coordinatorEpoch: group.coordinatorEpoch,
      expiresMs: expiryOf(retentionMs, clock.nowMs()),
      offsets: offsets.filter((_, at) => isFitting[at] === true),
    })
    if ('outcome' in results) return results
    const next = results.values()
    const refusals = isFitting.map((fits) => (fits ? (next.next().value ?? null) : tooLarge))
    return { outcome: 'committed', refusals }
  }

  /** Asks whether it may, writes, and asks again where the group has moved on in between. */
  async #commitAsMember(
    group: GroupMailbox,
    request: CommitOffsetsRequest,
    commit: Omit<OffsetCommit, 'generation'>,
  ): Promise<OffsetRefusals | Refused> {
    for (let attempt = 1; ; attempt++) {
      const allowed = await group.submit<'commit'>({ kind: 'commit', request })
      if (allowed.outcome === 'refused') return allowed
      const { generation, isWorthAsking } = allowed
      const results = await this.#offsets.commit({ ...commit, generation })
      const hasMovedOn = 'outcome' in results && results.reason === 'illegal-generation'
      if (!hasMovedOn || !isWorthAsking) return results
      if (attempt === commitAttemptsMax) {
        return refused('unavailable', 'the group rebalances faster than it commits: try again')
      }
    }
  }

  /** Whether a transaction may write offsets for the group, as Kafka judges it. */
  async allowTransactional(
    request: Pick<CommitOffsetsRequest, 'groupId' | 'memberId' | 'instanceId' | 'generation'>,
  ): Promise<AllowedCommit | Refused> {
    const { groupId, generation } = request
    const group = await this.#find(groupId, generation < 0)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    const asked = { ...request, retentionMs: null, offsets: [], isTransactional: true }
    const allowed = await group.submit<'commit'>({ kind: 'commit', request: asked })
    if (allowed.outcome === 'refused') return allowed
    return { ...allowed, coordinatorEpoch: group.coordinatorEpoch }
  }

  /** What is durable when it is asked for; a group that is not there has committed nothing. */
  async fetchOffsets(request: FetchOffsetsRequest): Promise<FetchOffsetsResult> {
    const { groupId, member } = request
    if (member !== undefined) {
      const group = await this.#findOfMember(groupId)
      if (group !== undefined) {
        if ('outcome' in group) return group
        const looked = await group.submit<'look'>({ kind: 'look', request: member })
        if (looked.outcome === 'refused') return looked
      }
    }
    return this.#orRefused('fetch offsets', async () => ({
      outcome: 'fetched',
      offsets: await readOffsets(this.#parts.database, request),
    }))
  }

  /** Classic groups, one per id, in order. */
  describe(groupIds: readonly string[]): Promise<DescribeResult[]> {
    return this.#describe(groupIds, describeClassic)
  }

  /** Consumer groups, one per id, in order. */
  async describeConsumer(groupIds: readonly string[]): Promise<DescribeConsumerResult[]> {
    const found = await this.#describe(groupIds, describeConsumer)
    return found.map((each) => {
      const flaw = flawOfMemberGroup(each.groupId)
      return flaw === undefined ? each : { ...flaw, groupId: each.groupId }
    })
  }

  /**
   * All groups of the cluster, in order of their ids; states of groups that others coordinate may
   * lag behind.
   */
  list(filter: ListFilter): Promise<ListResult> {
    return this.#orRefused('list groups', async () => {
      const groups: ListedGroup[] = []
      for await (const rows of pagesOfGroups(this.#parts.database)) {
        for (const row of rows) {
          const listed = listGroup(this.#groups.peek(row.groupId)?.state ?? readRow(row), row)
          if (isListed(listed, filter)) groups.push(listed)
        }
      }
      return { outcome: 'listed', groups }
    })
  }

  /** Deletes groups without members, with their offsets; one answer per id, in order. */
  async delete(groupIds: readonly string[]): Promise<DeletedGroup[]> {
    const deleted: DeletedGroup[] = []
    for (const groupId of groupIds) {
      const refusal = await this.#delete(groupId)
      deleted.push({ groupId, refusal: refusal?.reason ?? null, detail: refusal?.detail ?? '' })
    }
    return deleted
  }

  /**
   * Deletes what the group has committed, but for topics that its members are subscribed to
   * (KIP-496).
   */
  async deleteOffsets(request: DeleteOffsetsRequest): Promise<DeleteOffsetsResult> {
    const { groupId } = request
    const group = await this.#findOfMember(groupId)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    return this.#orRefused('delete offsets', () =>
      group.turn<DeleteOffsetsResult>(async (state) => {
        const isOpaque =
          state.type === 'classic' &&
          state.name !== 'empty' &&
          state.protocolType !== consumerProtocolType
        if (isOpaque) {
          const value = refused('group-not-empty', `group ${groupId} has members`)
          return { value, isDeleted: false }
        }
        const subscription = subscriptionOf(state, this.#patterns)
        const topics = request.topics.map(({ topicId, name }) => ({
          topicId,
          refusal: isSubscribed(subscription, name) ? ('subscribed' as const) : null,
        }))
        const free = request.topics.filter(({ name }) => !isSubscribed(subscription, name))
        await deletePartitions(this.#parts.database, groupId, group.coordinatorEpoch, free)
        return { value: { outcome: 'deleted', topics }, isDeleted: false }
      }),
    )
  }

  /**
   * Removes what groups have committed for a topic that is gone; call it after the deletion is
   * durable. What a failing catalog leaves over cannot be seen by name, and goes with the next
   * expiry.
   */
  async topicDeleted(topicId: string): Promise<void> {
    const { database } = this.#parts
    await this.#orRefused('delete offsets of a topic', async () => {
      for await (const rows of pagesOfGroups(database)) {
        for (const { groupId } of rows) await deleteTopic(database, groupId, topicId)
      }
      return undefined
    })
  }

  /**
   * One round of the expiry: offsets past offsets.retention.minutes, then groups that have nothing
   * left.
   */
  async expireOffsets(): Promise<{ readonly offsets: number; readonly groups: number }> {
    const { database } = this.#parts
    let [offsets, groups] = [0, 0]
    await this.#orRefused('expire offsets', async () => {
      for await (const rows of pagesOfGroups(database)) {
        for (const row of rows) {
          if (this.#isClosed) return
          const known = this.#groups.peek(row.groupId)
          const expire = (): Promise<Expired | Refused> =>
            known === undefined
              ? this.#expire(fromRow(row), row.coordinatorEpoch)
              : this.#expireKnown(known)
          const expired = await this.#orRefused('expire offsets of a group', expire)
          if (expired === undefined || 'outcome' in expired) continue
          offsets += expired.offsets
          groups += expired.isGroupDeleted ? 1 : 0
        }
      }
    })
    return { offsets, groups }
  }

  /** Runs the expiry every offsets.retention.check.interval.ms until `signal` aborts. */
  async runExpiry(signal: AbortSignal): Promise<void> {
    const { clock, config, log } = this.#parts
    for (;;) {
      await sleep(clock, config.offsetsRetentionCheckMs, signal)
      if (signal.aborted || this.#isClosed) return
      const expired = await this.expireOffsets()
      if (expired.offsets + expired.groups > 0) log.info(expired, 'committed offsets have expired')
    }
  }

  /** Answers whoever waits ('not-coordinator'); writes under way end by themselves. */
  close(): void {
    this.#isClosed = true
    this.#groups.close()
    this.#offsets.close()
  }

  #find(groupId: string, canCreate: boolean): Promise<GroupMailbox | Refused | undefined> {
    const flaw = flawOfGroup(groupId)
    return flaw === undefined ? this.#groups.find(groupId, canCreate) : Promise.resolve(flaw)
  }

  #findOfMember(groupId: string): Promise<GroupMailbox | Refused | undefined> {
    const flaw = flawOfMemberGroup(groupId)
    return flaw === undefined ? this.#groups.find(groupId, false) : Promise.resolve(flaw)
  }

  async #describe<Described>(
    groupIds: readonly string[],
    describe: (state: AnyGroupState) => Described,
  ): Promise<(Described | RefusedGroup)[]> {
    const absent = groupIds.filter((groupId) => this.#groups.peek(groupId) === undefined)
    const read = (): ReturnType<typeof readGroups> => readGroups(this.#parts.database, absent)
    const stored = await this.#orRefused('describe groups', read)
    return groupIds.map((groupId) => {
      const known = this.#groups.peek(groupId)?.state
      if (known !== undefined) return describe(known)
      if ('outcome' in stored) return { ...stored, groupId }
      const found = stored[absent.indexOf(groupId)]
      if (found === 'corrupt') {
        return { ...refused('unavailable', `the catalog's row of ${groupId} is corrupt`), groupId }
      }
      if (found !== undefined) return describe(found)
      return { ...refused('group-not-found', `Group ${groupId} not found.`), groupId }
    })
  }

  async #delete(groupId: string): Promise<Refused | undefined> {
    const group = await this.#find(groupId, false)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    return this.#orRefused('delete group', () =>
      group.turn(async (state) => {
        if (state.type === 'classic' ? state.name !== 'empty' : !hasNobody(state)) {
          const value = refused('group-not-empty', `group ${groupId} has members`)
          return { value, isDeleted: false }
        }
        await deleteGroup(this.#parts.database, groupId, group.coordinatorEpoch)
        return { value: undefined, isDeleted: true }
      }),
    )
  }

  #expire(state: AnyGroupState, epoch: number): Promise<Expired> {
    const { database, config, clock } = this.#parts
    const { offsetsRetentionMs } = config
    return expireGroup(database, state, this.#patterns, epoch, offsetsRetentionMs, clock.nowMs())
  }

  #expireKnown(group: GroupMailbox): Promise<Expired | Refused> {
    return group.turn(async (state) => {
      const value = await this.#expire(state, group.coordinatorEpoch)
      return { value, isDeleted: value.isGroupDeleted }
    })
  }

  async #orRefused<Value>(name: string, run: () => Promise<Value>): Promise<Value | Refused> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#parts.log.warn({ operation: name, error }, 'the catalog refused')
      if (isFailure(error, 'fenced')) return refused('not-coordinator', error.message)
      return refused('unavailable', 'the catalog did not answer: try again')
    }
  }
}

/** Each attempt comes after a write of the group, and those end. */
const commitAttemptsMax = 10

const noSuchMember = refused('unknown-member', 'the group has no members: join anew')
const tooLarge = 'metadata-too-large'
