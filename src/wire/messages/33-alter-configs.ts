/**
 * AlterConfigs, versions 0 to 2: replaces all configs of a resource (KIP-133).
 *
 * - 1: as 0. 2: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: {
      _: 'struct[]',
      resourceType: 'int8',
      resourceName: 'string',
      configs: { _: 'struct[]', name: 'string', value: 'string?' },
    },
    validateOnly: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    responses: {
      _: 'struct[]',
      errorCode: 'int16',
      errorMessage: 'string?',
      resourceType: 'int8',
      resourceName: 'string',
    },
  },
} as const

export const alterConfigs: Api<typeof definition> = api(definition)
export type AlterConfigsRequest = RequestOf<typeof definition>
export type AlterConfigsResponse = ResponseOf<typeof definition>
export type AlterConfigsReply = ReplyOf<typeof definition>
