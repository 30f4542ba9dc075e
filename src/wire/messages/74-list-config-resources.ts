/**
 * ListConfigResources, versions 0 to 1: which resources have configs. Flexible from the start.
 *
 * - 0: subscriptions of client metrics only (KIP-714). 1: by type (KIP-1142).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleFrom: 0,
  request: { resourceTypes: 'int8[] 1+' },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    configResources: {
      _: 'struct[]',
      resourceName: 'string',
      resourceType: 'int8 1+ = 16 ignorable',
    },
  },
} as const

export const listConfigResources: Api<typeof definition> = api(definition)
export type ListConfigResourcesRequest = RequestOf<typeof definition>
export type ListConfigResourcesResponse = ResponseOf<typeof definition>
export type ListConfigResourcesReply = ReplyOf<typeof definition>
