/**
 * ListGroups, versions 0 to 5: all groups of the cluster, by state (4+, KIP-518) and type (5+,
 * KIP-848). A state or type that no group here can have matches none.
 */
import type { GroupType } from '../../group/listing.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { listGroups } from '../../wire/messages/16-list-groups.ts'
import type { Broker } from '../broker.ts'
import { groupStateText, parseGroupState } from '../group-state-text.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

const groupTypes: readonly GroupType[] = ['classic', 'consumer']

export function listGroupsHandler({ groups }: Broker): Handler {
  return handler(listGroups, async ({ statesFilter, typesFilter }) => {
    const states = statesFilter.flatMap((text) => parseGroupState(text) ?? [])
    const wanted = new Set(typesFilter.map((text) => text.toLowerCase()))
    const types = groupTypes.filter((type) => wanted.has(type))
    const isNone =
      (states.length === 0 && statesFilter.length > 0) ||
      (types.length === 0 && typesFilter.length > 0)
    if (isNone) return { response: { errorCode: ErrorCode.NONE, groups: [] } }
    const result = await groups.list({ states, types })
    if (result.outcome === 'refused') {
      return { response: { errorCode: groupRefusalCode(result.reason), groups: [] } }
    }
    const listed = result.groups.map(({ groupId, protocolType, state, type: groupType }) => {
      return { groupId, protocolType, groupState: groupStateText(state), groupType }
    })
    return { response: { errorCode: ErrorCode.NONE, groups: listed } }
  })
}
