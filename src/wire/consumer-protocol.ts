/**
 * What consumers put into classic groups: subscription (JoinGroup metadata) and assignment
 * (SyncGroup). To a broker both are opaque; tools that describe groups read them.
 *
 * - 0: topics, user data. 1: owned partitions (KIP-429). 2: generation (KIP-792). 3: rack (KIP-881).
 */
import { Failure, isFailure } from '../base/errors.ts'
import { message } from './message.ts'
import type { Message } from './message.ts'
import type { InputOf, ValueOf } from './notation.ts'

const subscription = {
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  fields: {
    topics: 'string[]',
    userData: 'bytes? = null',
    ownedPartitions: { _: 'struct[] 1+ ignorable', topic: 'string', partitions: 'int32[]' },
    generationId: 'int32 2+ = -1 ignorable',
    rackId: 'string? 3+ = null ignorable',
  },
} as const

const assignment = {
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  fields: {
    assignedPartitions: { _: 'struct[]', topic: 'string', partitions: 'int32[]' },
    userData: 'bytes? = null',
  },
} as const

export type Subscription = ValueOf<typeof subscription.fields>
export type Assignment = ValueOf<typeof assignment.fields>
export type SubscriptionInput = InputOf<typeof subscription.fields>
export type AssignmentInput = InputOf<typeof assignment.fields>

export const subscriptions: Message<Subscription, SubscriptionInput> = message(subscription)
export const assignments: Message<Assignment, AssignmentInput> = message(assignment)

/**
 * Reads a member's subscription. Clients exist that name version 1 and send version 0: since fields
 * are only ever added behind, what a version does not hold is then read as that one.
 *
 * @throws Failure 'corrupt': this is not one; groups of other protocols, such as Connect's, have
 *   other bytes here.
 */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  const version = versionOf(bytes, subscriptions)
  try {
    return subscriptions.decode(version, bytes, 2)
  } catch (error) {
    if (version === 0 || !isFailure(error, 'corrupt')) throw error
    return subscriptions.decode(0, bytes, 2)
  }
}

/**
 * Reads a member's assignment. A member without one has no bytes: it is assigned nothing.
 *
 * @throws Failure 'corrupt': this is not one.
 */
export function decodeAssignment(bytes: Uint8Array): Assignment {
  if (bytes.length === 0) return { assignedPartitions: [], userData: null }
  return assignments.decode(versionOf(bytes, assignments), bytes, 2)
}

/** @throws Failure 'invalid': the version cannot carry what is given. */
export function encodeSubscription(version: number, value: SubscriptionInput): Uint8Array {
  return withVersion(version, subscriptions.encode(version, value))
}

/** @throws Failure 'invalid': the version cannot carry what is given. */
export function encodeAssignment(version: number, value: AssignmentInput): Uint8Array {
  return withVersion(version, assignments.encode(version, value))
}

/** A later version begins as the highest one known does: fields are only ever added behind. */
function versionOf(bytes: Uint8Array, { name, versions }: Message<unknown, never>): number {
  const [high, low] = bytes
  if (high === undefined || low === undefined || high > 0x7f) {
    throw new Failure('corrupt', `${name}, byte 0: no version`)
  }
  return Math.min((high << 8) | low, versions.max)
}

function withVersion(version: number, chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from([version >> 8, version & 0xff]), ...chunks])
}
