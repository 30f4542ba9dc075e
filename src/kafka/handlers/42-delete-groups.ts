/** DeleteGroups, versions 0 to 2: deletes groups without members, with their offsets (KIP-229). */
import { ErrorCode } from '../../wire/error-codes.ts'
import { deleteGroups } from '../../wire/messages/42-delete-groups.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

export function deleteGroupsHandler({ groups }: Broker): Handler {
  return handler(deleteGroups, async ({ groupsNames }) => {
    // A name given twice is deleted once: its second answer would be that it is not there.
    const deleted = await groups.delete([...new Set(groupsNames)])
    const results = deleted.map(({ groupId, refusal }) => ({
      groupId,
      errorCode: refusal === null ? ErrorCode.NONE : groupRefusalCode(refusal),
    }))
    return { response: { results } }
  })
}
