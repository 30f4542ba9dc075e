/** Whether a request comes from a member of the group (KIP-345: by instance id first). */
import type { GroupState } from './group-state.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** undefined where it does. */
export function refuseMember(
  state: GroupState,
  memberId: string,
  instanceId: string | null,
): Refused | undefined {
  if (instanceId !== null) {
    const known = state.staticIds.get(instanceId)
    if (known === undefined) {
      return refused('unknown-member', `no member has the instance id ${instanceId}`)
    }
    if (known !== memberId) {
      return refused('fenced-instance', `another process joined as instance ${instanceId}`)
    }
  }
  if (state.members.has(memberId)) return undefined
  return refused('unknown-member', `the group has no member ${memberId}: join anew`)
}

/** undefined where the member belongs to the present generation. */
export function refuseGeneration(
  state: GroupState,
  member: {
    readonly memberId: string
    readonly instanceId: string | null
    readonly generation: number
  },
): Refused | undefined {
  const refusal = refuseMember(state, member.memberId, member.instanceId)
  if (refusal !== undefined || member.generation === state.generation) return refusal
  const detail = `generation ${member.generation}, the group is at ${state.generation}: join again`
  return refused('illegal-generation', detail)
}
