/** Offsets that groups have committed: written, read and deleted by wish. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { orRefused } from './catalog-refusal.ts'
import { groupLimits } from './config.ts'
import type { GroupConfig } from './config.ts'
import type { PatternView } from './consumer/topic-view.ts'
import type { GroupDirectory } from './group-directory.ts'
import type { GroupMailbox } from './group-mailbox.ts'
import { pagesOfGroups } from './group-views.ts'
import { expiryOf, OffsetWriter } from './offset-writer.ts'
import type { OffsetCommit, OffsetRefusals } from './offset-writer.ts'
import { readOffsets } from './offset-reader.ts'
import type {
  AllowedCommit,
  CommitOffsetsRequest,
  CommitOffsetsResult,
  DeleteOffsetsRequest,
  DeleteOffsetsResult,
  FetchOffsetsRequest,
  FetchOffsetsResult,
} from './offsets.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { deletePartitions, deleteTopic } from './removal.ts'
import { consumerProtocolType, isSubscribed, subscriptionOf } from './subscription.ts'

export interface GroupOffsetsParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly config: GroupConfig
  readonly log: Log
  readonly groups: GroupDirectory
  readonly patterns: PatternView
}

export class GroupOffsets {
  readonly #parts: GroupOffsetsParts
  readonly #writer: OffsetWriter

  constructor(parts: GroupOffsetsParts) {
    this.#parts = parts
    this.#writer = new OffsetWriter(parts.database, parts.clock, parts.log)
  }

  /**
   * Resolves when the offsets are durable, fenced by the group's generation in the same
   * transaction.
   */
  async commit(request: CommitOffsetsRequest): Promise<CommitOffsetsResult> {
    const { groupId, generation, retentionMs, offsets } = request
    if (offsets.length > groupLimits.offsetsPerCommitMax) {
      const most = groupLimits.offsetsPerCommitMax
      return refused('invalid-request', `${offsets.length} partitions, at most ${most} at once`)
    }
    const group = await this.#parts.groups.find(groupId, generation < 0)
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
      const results = await this.#writer.commit({ ...commit, generation })
      const hasMovedOn = 'outcome' in results && results.reason === 'illegal-generation'
      if (!hasMovedOn || !isWorthAsking) return results
      if (attempt === commitAttemptsMax) {
        return refused('unavailable', 'the group rebalances faster than it commits: try again')
      }
    }
  }

  /** Whether a transaction may write offsets for the group, as Kafka judges it. */
  async allowTransactional(
    request: Omit<CommitOffsetsRequest, 'retentionMs' | 'isTransactional'>,
  ): Promise<AllowedCommit | Refused> {
    const { groupId, generation } = request
    const group = await this.#parts.groups.find(groupId, generation < 0)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    const asked = { ...request, retentionMs: null, isTransactional: true }
    const allowed = await group.submit<'commit'>({ kind: 'commit', request: asked })
    if (allowed.outcome === 'refused') return allowed
    return { ...allowed, coordinatorEpoch: group.coordinatorEpoch }
  }

  /** What is durable when it is asked for; a group that is not there has committed nothing. */
  async fetch(request: FetchOffsetsRequest): Promise<FetchOffsetsResult> {
    const { groupId, member } = request
    if (member !== undefined) {
      const group = await this.#parts.groups.findOfMember(groupId)
      if (group !== undefined) {
        if ('outcome' in group) return group
        const looked = await group.submit<'look'>({ kind: 'look', request: member })
        if (looked.outcome === 'refused') return looked
      }
    }
    return orRefused(this.#parts.log, 'fetch offsets', async () => ({
      outcome: 'fetched',
      offsets: await readOffsets(this.#parts.database, request),
    }))
  }

  /**
   * Deletes what the group has committed, but for topics that its members are subscribed to
   * (KIP-496).
   */
  async delete(request: DeleteOffsetsRequest): Promise<DeleteOffsetsResult> {
    const { groupId } = request
    const group = await this.#parts.groups.findOfMember(groupId)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    return orRefused(this.#parts.log, 'delete offsets', () =>
      group.turn<DeleteOffsetsResult>(async (state) => {
        const isOpaque =
          state.type === 'classic' &&
          state.name !== 'empty' &&
          state.protocolType !== consumerProtocolType
        if (isOpaque) {
          const value = refused('group-not-empty', `group ${groupId} has members`)
          return { value, isDeleted: false }
        }
        const subscription = subscriptionOf(state, this.#parts.patterns)
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
    await orRefused(this.#parts.log, 'delete offsets of a topic', async () => {
      for await (const rows of pagesOfGroups(database)) {
        for (const { groupId } of rows) await deleteTopic(database, groupId, topicId)
      }
      return undefined
    })
  }

  /** Answers whoever waits ('not-coordinator'); writes under way end by themselves. */
  close(): void {
    this.#writer.close()
  }
}

/** Each attempt comes after a write of the group, and those end. */
const commitAttemptsMax = 10

const tooLarge = 'metadata-too-large'
