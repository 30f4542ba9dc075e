/** A member of a classic consumer group: joins, keeps its place with heartbeats, and leaves. */
import type { Timer } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../wire/consumer-protocol.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { joinGroup, type JoinGroupResponse } from '../wire/messages/11-join-group.ts'
import { heartbeat } from '../wire/messages/12-heartbeat.ts'
import { leaveGroup } from '../wire/messages/13-leave-group.ts'
import { syncGroup } from '../wire/messages/14-sync-group.ts'
import { assignors, type Subscriber } from './assignors.ts'
import { commitOffsets, type CommittedOffset, type Committer } from './consumer-group.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './partition-offsets.ts'
import { expectNone, isRefusal } from './refusal.ts'

const sessionTimeoutMs = 45_000
const rebalanceTimeoutMs = 60_000
const heartbeatMs = 3_000
const protocolType = 'consumer'

/** The place in the group is lost, or must be taken again. */
const rejoinCodes = [
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
]

export class GroupMember {
  readonly groupId: string
  readonly #client: KafkaClient
  readonly #topics: readonly string[]
  #memberId = ''
  #generationId = -1
  #mustRejoin = true
  #timer: Timer | undefined

  constructor(client: KafkaClient, groupId: string, topics: readonly string[]) {
    this.#client = client
    this.groupId = groupId
    this.#topics = topics
  }

  /** True where the group rebalances: finish, commit and `join` again. */
  get mustRejoin(): boolean {
    return this.#mustRejoin
  }

  get #committer(): Committer {
    return { groupId: this.groupId, memberId: this.#memberId, generationId: this.#generationId }
  }

  /**
   * Resolves with this member's partitions once the group has agreed.
   *
   * @throws Failure 'unavailable' | 'invalid': for instance a group of another protocol.
   */
  async join(signal: AbortSignal): Promise<TopicPartition[]> {
    this.#timer?.cancel()
    for (;;) {
      try {
        const assigned = await this.#client.retrying(() => this.#joinOnce(), signal)
        this.#mustRejoin = false
        this.#beatLater()
        return assigned
      } catch (error) {
        const isAgain = isRefusal(error, ...rejoinCodes) && !signal.aborted
        if (!isAgain) throw error
        if (isRefusal(error, ErrorCode.UNKNOWN_MEMBER_ID)) this.#memberId = ''
      }
    }
  }

  /** False where the group has moved on: what was to be committed will be read again by others. */
  async commit(offsets: readonly CommittedOffset[]): Promise<boolean> {
    if (offsets.length === 0) return true
    try {
      await commitOffsets(this.#client, this.#committer, offsets)
      return true
    } catch (error) {
      if (!isRefusal(error, ...rejoinCodes)) throw error
      this.#mustRejoin = true
      return false
    }
  }

  /** Tells the group, so that others need not wait for the session to end. */
  async leave(): Promise<void> {
    this.#timer?.cancel()
    const memberId = this.#memberId
    if (memberId === '') return
    this.#memberId = ''
    const coordinator = await this.#client.coordinator(this.groupId)
    const { groupId } = this
    await coordinator.call(leaveGroup, (version) =>
      version < membersFrom ? { groupId, memberId } : { groupId, members: [{ memberId }] },
    )
  }

  async #joinOnce(): Promise<TopicPartition[]> {
    const coordinator = await this.#client.coordinator(this.groupId)
    const metadata = encodeSubscription(0, { topics: this.#topics })
    const answer = await coordinator.call(
      joinGroup,
      {
        groupId: this.groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        protocolType,
        protocols: Object.keys(assignors).map((name) => ({ name, metadata })),
      },
      { waitMs: rebalanceTimeoutMs },
    )
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#memberId = answer.memberId
      return this.#joinOnce()
    }
    expectNone(`cannot join group ${this.groupId}`, answer.errorCode)
    this.#memberId = answer.memberId
    this.#generationId = answer.generationId
    const isLeader = answer.leader === answer.memberId
    const synced = await coordinator.call(
      syncGroup,
      {
        groupId: this.groupId,
        generationId: answer.generationId,
        memberId: answer.memberId,
        protocolType,
        protocolName: answer.protocolName,
        assignments: isLeader ? await this.#assign(answer) : [],
      },
      { waitMs: rebalanceTimeoutMs },
    )
    expectNone(`cannot join group ${this.groupId}`, synced.errorCode)
    return decodeAssignment(synced.assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    )
  }

  /** The leader of a group knows what all subscribe to, and hands out partitions. */
  async #assign({
    protocolName,
    members,
  }: JoinGroupResponse): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const subscribers = members.map(({ memberId, metadata }): Subscriber => {
      return { memberId, topics: decodeSubscription(metadata).topics }
    })
    const names = [...new Set(subscribers.flatMap(({ topics }) => topics))]
    const known = await this.#client.topics(names)
    const counts = new Map(known.map(({ name, partitions }) => [name, partitions.length]))
    const assignor = assignors[protocolName ?? ''] ?? assignors['range']!
    return [...assignor(subscribers, counts)].map(([memberId, partitions]) => {
      const topics = [...Map.groupBy(partitions, ({ topic }) => topic)]
      const assignedPartitions = topics.map(([topic, own]) => ({
        topic,
        partitions: own.map(({ partition }) => partition),
      }))
      return { memberId, assignment: encodeAssignment(0, { assignedPartitions }) }
    })
  }

  #beatLater(): void {
    this.#timer = this.#client.clock.after(heartbeatMs, () => void this.#beat())
  }

  /** A broker that is gone for a moment is no reason to give up: the session is longer. */
  async #beat(): Promise<void> {
    const { groupId, memberId, generationId } = this.#committer
    try {
      const coordinator = await this.#client.coordinator(groupId)
      const { errorCode } = await coordinator.call(heartbeat, { groupId, memberId, generationId })
      if ((rejoinCodes as readonly number[]).includes(errorCode)) this.#mustRejoin = true
    } catch (error) {
      if (!isFailure(error)) throw error
    }
    if (!this.#mustRejoin && this.#memberId !== '') this.#beatLater()
  }
}

const membersFrom = 3
