/** Which way to assign a group uses: one that all members know, by vote. */
import { assert } from '../base/assert.ts'
import type { GroupState, Member } from './group-state.ts'
import type { MemberProtocol } from './membership.ts'

/** Protocols that every member knows. */
function candidates(state: GroupState): Set<string> {
  const counts = new Map<string, number>()
  for (const { protocols } of state.members.values()) {
    for (const name of new Set(protocols.map((each) => each.name))) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  const known = new Set<string>()
  for (const [name, count] of counts) if (count === state.members.size) known.add(name)
  return known
}

/** Whether someone with these protocols can be in the group. */
export function isCompatible(
  state: GroupState,
  protocolType: string,
  protocols: readonly MemberProtocol[],
): boolean {
  if (state.name === 'empty') return protocolType !== '' && protocols.length > 0
  if (state.protocolType !== protocolType) return false
  if (state.members.size === 0) return protocols.length > 0
  const known = candidates(state)
  return protocols.some(({ name }) => known.has(name))
}

/** Each member votes for the first that all know; the most votes win, the first named on a tie. */
export function chooseProtocol(state: GroupState): string {
  const known = candidates(state)
  const votes = new Map<string, number>()
  for (const { protocols } of state.members.values()) {
    const choice = protocols.find(({ name }) => known.has(name))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let chosen: string | undefined
  for (const [name, count] of votes) {
    if (chosen === undefined || count > (votes.get(chosen) ?? 0)) chosen = name
  }
  assert(chosen !== undefined, `members of group ${state.groupId} share a protocol`)
  return chosen
}

/** Whether the member says what it said before: same protocols, order and bytes. */
export function isUnchanged(member: Member, protocols: readonly MemberProtocol[]): boolean {
  if (member.protocols.length !== protocols.length) return false
  return member.protocols.every(({ name, metadata }, at) => {
    const other = protocols[at]
    return other !== undefined && other.name === name && equalBytes(metadata, other.metadata)
  })
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at])
}
