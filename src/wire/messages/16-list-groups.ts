/**
 * ListGroups, versions 0 to 5: the groups that this broker coordinates.
 *
 * - 1: throttle time. 2: as 1. 3: flexible. 4: by state (KIP-518). 5: by type (KIP-848).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    statesFilter: 'string[] 4+',
    typesFilter: 'string[] 5+',
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    errorCode: 'int16',
    groups: {
      _: 'struct[]',
      groupId: 'string',
      protocolType: 'string',
      groupState: 'string 4+ ignorable',
      groupType: 'string 5+ ignorable',
    },
  },
} as const

export const listGroups: Api<typeof definition> = api(definition)
export type ListGroupsRequest = RequestOf<typeof definition>
export type ListGroupsResponse = ResponseOf<typeof definition>
export type ListGroupsReply = ReplyOf<typeof definition>
