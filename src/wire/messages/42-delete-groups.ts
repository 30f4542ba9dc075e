/**
 * DeleteGroups, versions 0 to 2: deletes empty groups with their offsets (KIP-229).
 *
 * - 1: as 0. 2: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    groupsNames: 'string[]',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      _: 'struct[]',
      groupId: 'string',
      errorCode: 'int16',
    },
  },
} as const

export const deleteGroups: Api<typeof definition> = api(definition)
export type DeleteGroupsRequest = RequestOf<typeof definition>
export type DeleteGroupsResponse = ResponseOf<typeof definition>
export type DeleteGroupsReply = ReplyOf<typeof definition>
