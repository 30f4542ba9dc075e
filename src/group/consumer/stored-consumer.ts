/**
 * A consumer group as its catalog row: everything that its members must not have to say again after
 * a restart. Persisted, version 1: keys are never renamed or reused. The row's generation is the
 * group's count of releases, by which commits of offsets are fenced.
 */
import { assert } from '../../base/assert.ts'
import type { ConsumerGroupRow } from '../../catalog/schema.ts'
import type { AssignorName } from './assignor.ts'
import type {
  ClassicFacet,
  ConsumerGroupState,
  ConsumerMember,
  MemberState,
} from './consumer-state.ts'
import { noPartitions, type PartitionSets } from './partition-sets.ts'

/** Topic id and partitions. */
type StoredPartitions = readonly (readonly [string, readonly number[]])[]

interface StoredConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly topicNames: readonly string[]
  readonly topicPattern: string | null
  readonly assignor: AssignorName | null
  readonly epoch: number
  readonly previousEpoch: number
  readonly state: MemberState
  readonly assigned: StoredPartitions
  readonly revoking: StoredPartitions
  /** Epochs, and what was given at each. */
  readonly gifts: readonly (readonly [number, StoredPartitions])[]
  readonly target: StoredPartitions
  readonly classic: StoredClassic | null
}

interface StoredClassic {
  readonly sessionTimeoutMs: number
  /** Name and base64 metadata, in order of preference. */
  readonly protocols: readonly (readonly [string, string])[]
}

export interface StoredConsumerGroup {
  readonly version: 1
  readonly type: 'consumer'
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignor: AssignorName
  readonly topicsSeen: string
  readonly members: readonly StoredConsumerMember[]
}

/** The row's protocol type while the group has had members of the consumer protocol. */
const protocolType = 'consumer'

export function toConsumerRow(
  state: ConsumerGroupState,
  coordinatorEpoch: number,
): ConsumerGroupRow {
  const { epoch, assignmentEpoch, assignor, topicsSeen } = state
  const members = Array.from(state.members.values(), (member) => {
    return toStored(member, state.target.get(member.memberId) ?? noPartitions)
  })
  const body: StoredConsumerGroup = {
    version: 1,
    type: 'consumer',
    epoch,
    assignmentEpoch,
    assignor,
    topicsSeen,
    members,
  }
  return {
    groupId: state.groupId,
    coordinatorEpoch,
    protocolType,
    generation: state.releases,
    body: JSON.stringify(body),
    changedMs: state.sinceMs,
  }
}

export function fromConsumerRow(
  row: ConsumerGroupRow,
  body: StoredConsumerGroup,
): ConsumerGroupState {
  const { epoch, assignmentEpoch, assignor, topicsSeen } = body
  return {
    type: 'consumer',
    groupId: row.groupId,
    sinceMs: row.changedMs,
    epoch,
    assignmentEpoch,
    assignedMs: 0,
    assignor,
    topicsSeen,
    lookedAt: '',
    members: new Map(body.members.map((stored) => [stored.memberId, toMember(stored)])),
    target: new Map(body.members.map(({ memberId, target }) => [memberId, new Map(target)])),
    releases: row.generation,
  }
}

function toStored(member: ConsumerMember, target: PartitionSets): StoredConsumerMember {
  const { assigned, revoking, gifts, classic, ...rest } = member
  return {
    ...rest,
    assigned: [...assigned],
    revoking: [...revoking],
    gifts: gifts.map(({ epoch, partitions }) => [epoch, [...partitions]]),
    target: [...target],
    classic: classic === null ? null : toStoredClassic(classic),
  }
}

function toStoredClassic({ sessionTimeoutMs, protocols }: ClassicFacet): StoredClassic {
  return {
    sessionTimeoutMs,
    protocols: protocols.map(({ name, metadata }) => [
      name,
      Buffer.from(metadata.buffer, metadata.byteOffset, metadata.length).toString('base64'),
    ]),
  }
}

function toMember(stored: StoredConsumerMember): ConsumerMember {
  const { target, classic, ...member } = stored
  assert(Array.isArray(target), 'a member has a target')
  return {
    ...member,
    assigned: new Map(stored.assigned),
    revoking: new Map(stored.revoking),
    gifts: stored.gifts.map(([epoch, partitions]) => ({ epoch, partitions: new Map(partitions) })),
    classic:
      classic === null
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            protocols: classic.protocols.map(([name, metadata]) => ({
              name,
              metadata: new Uint8Array(Buffer.from(metadata, 'base64')),
            })),
          },
  }
}
