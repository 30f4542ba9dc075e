/** What is wrong with a group's id, before anybody looks for the group; and ids of members. */
import { groupLimits } from './config.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** Offsets may be committed for the group '' (as old clients do), but nobody joins it. */
export function flawOfMemberGroup(groupId: string): Refused | undefined {
  return groupId === ''
    ? refused('invalid-group-id', 'the group id is empty')
    : flawOfGroup(groupId)
}

export function flawOfGroup(groupId: string): Refused | undefined {
  if (Buffer.byteLength(groupId) <= groupLimits.groupIdBytesMax) return undefined
  return refused('invalid-group-id', `the group id exceeds ${groupLimits.groupIdBytesMax} bytes`)
}
