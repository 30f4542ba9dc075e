/**
 * A group as its catalog row: what must outlive a broker. Persisted, version 1: keys are never
 * renamed or reused. Who waits for what, pending ids and timers are not stored; new members are
 * once they have a generation.
 */
import { Failure } from '../base/errors.ts'
import type { ConsumerGroupRow } from '../catalog/schema.ts'
import { fromConsumerRow, toConsumerRow } from './consumer/stored-consumer.ts'
import type { StoredConsumerGroup } from './consumer/stored-consumer.ts'
import type { AnyGroupState } from './decision.ts'
import type { GroupState, Member } from './group-state.ts'
import type { ClassicStateName } from './listing.ts'

interface StoredMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Name and base64 metadata, in order of preference. */
  readonly protocols: readonly (readonly [string, string])[]
  /** base64 */
  readonly assignment: string
}

interface StoredGroup {
  readonly version: 1
  readonly state: ClassicStateName
  readonly protocolName: string | null
  readonly leaderId: string | null
  /** In the order of joining. */
  readonly members: readonly StoredMember[]
}

const storedStates: readonly string[] = [
  'empty',
  'preparing-rebalance',
  'completing-rebalance',
  'stable',
]

export function toRow(state: AnyGroupState, coordinatorEpoch: number): ConsumerGroupRow {
  if (state.type === 'consumer') return toConsumerRow(state, coordinatorEpoch)
  const members = [...state.members.values()].filter(({ isNew }) => !isNew)
  const body: StoredGroup = {
    version: 1,
    state: state.name,
    protocolName: state.protocolName,
    leaderId: members.some(({ memberId }) => memberId === state.leaderId) ? state.leaderId : null,
    members: members.map(toStored),
  }
  return {
    groupId: state.groupId,
    coordinatorEpoch,
    protocolType: state.protocolType ?? '',
    generation: state.generation,
    body: JSON.stringify(body),
    changedMs: state.sinceMs,
  }
}

/** @throws Failure 'corrupt' where the body is of a later version, or not what was written. */
export function fromRow(row: ConsumerGroupRow): AnyGroupState {
  const body = parseBody(row)
  if ('type' in body) return fromConsumerRow(row, body)
  return fromClassicRow(row, body)
}

function fromClassicRow(row: ConsumerGroupRow, body: StoredGroup): GroupState {
  const members = body.members.map(toMember)
  return {
    type: 'classic',
    groupId: row.groupId,
    name: body.state,
    sinceMs: row.changedMs,
    generation: row.generation,
    protocolType: row.protocolType === '' ? null : row.protocolType,
    protocolName: body.protocolName,
    leaderId: body.leaderId,
    members: new Map(members.map((member) => [member.memberId, member])),
    staticIds: new Map(
      members.flatMap(({ instanceId, memberId }) =>
        instanceId === null ? [] : [[instanceId, memberId] as const],
      ),
    ),
    pendingJoins: new Set(),
    pendingSyncs: new Set(),
    waitingJoins: 0,
    initial: null,
  }
}

type StoredAny = StoredGroup | StoredConsumerGroup

function parseBody({ groupId, body }: ConsumerGroupRow): StoredAny {
  let parsed: { version?: unknown; type?: unknown; state?: string } | null
  try {
    parsed = JSON.parse(body) as typeof parsed
  } catch (error) {
    throw new Failure('corrupt', `the catalog's row of group ${groupId} is no JSON`, error)
  }
  const isConsumer = parsed?.type === 'consumer'
  const isKnown = isConsumer || storedStates.includes(parsed?.state ?? '')
  if (parsed?.version !== 1 || !isKnown) {
    const found = JSON.stringify(parsed?.version)
    throw new Failure(
      'corrupt',
      `the catalog's row of group ${groupId} has version ${found}, not 1`,
    )
  }
  return parsed as unknown as StoredAny
}

function toStored(member: Member): StoredMember {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    sessionTimeoutMs: member.sessionTimeoutMs,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    protocols: member.protocols.map(({ name, metadata }) => [name, toBase64(metadata)] as const),
    assignment: toBase64(member.assignment),
  }
}

function toMember(stored: StoredMember): Member {
  return {
    ...stored,
    protocols: stored.protocols.map(([name, metadata]) => ({
      name,
      metadata: fromBase64(metadata),
    })),
    assignment: fromBase64(stored.assignment),
    isNew: false,
    joinTicket: null,
    syncTicket: null,
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
