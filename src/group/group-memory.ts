/**
 * What the members of all groups on this broker take in memory, in bytes, roughly: one client with
 * thousands of groups, or a few huge ones, must leave room for everybody's.
 */
import { consumerMemberBytes } from './consumer/consumer-state.ts'
import type { AnyGroupState } from './decision.ts'
import { memberBytes } from './group-state.ts'

/** Who asks for more than this at once asks for much. */
const muchBytes = 64 * 1024

export class GroupMemory {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** The last quarter is kept for those who ask for little. */
  hasRoomFor(growthBytes: number): boolean {
    const limitBytes = growthBytes > muchBytes ? (this.#limitBytes * 3) / 4 : this.#limitBytes
    return growthBytes <= 0 || this.#usedBytes + growthBytes <= limitBytes
  }

  /** A group has grown, or shrunk where negative. */
  change(bytes: number): void {
    this.#usedBytes += bytes
  }
}

export function groupBytes(state: AnyGroupState): number {
  let bytes = 0
  if (state.type === 'consumer') {
    for (const member of state.members.values()) bytes += consumerMemberBytes(member)
    return bytes
  }
  for (const member of state.members.values()) bytes += memberBytes(member)
  for (const memberId of state.pendingJoins) bytes += memberId.length
  return bytes
}

/** True where `groupBytes` gives the same for both, without counting. */
export function isSameSize(left: AnyGroupState, right: AnyGroupState): boolean {
  if (left.members !== right.members) return false
  return (
    left.type !== 'classic' ||
    (right.type === 'classic' && left.pendingJoins === right.pendingJoins)
  )
}
