/**
 * IncrementalAlterConfigs, versions 0 to 1: sets, deletes, appends to or subtracts from configs
 * (KIP-339).
 *
 * - 1: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: {
      _: 'struct[]',
      resourceType: 'int8',
      resourceName: 'string',
      configs: {
        _: 'struct[]',
        name: 'string',
        configOperation: 'int8',
        value: 'string?',
      },
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

export const incrementalAlterConfigs: Api<typeof definition> = api(definition)
export type IncrementalAlterConfigsRequest = RequestOf<typeof definition>
export type IncrementalAlterConfigsResponse = ResponseOf<typeof definition>
export type IncrementalAlterConfigsReply = ReplyOf<typeof definition>
