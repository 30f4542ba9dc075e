/**
 * AlterClientQuotas, versions 0 to 1: sets and removes quotas, entity by entity (KIP-546).
 *
 * - 1: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    entries: {
      _: 'struct[]',
      entity: { _: 'struct[]', entityType: 'string', entityName: 'string?' },
      ops: { _: 'struct[]', key: 'string', value: 'float64', remove: 'boolean' },
    },
    validateOnly: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    entries: {
      _: 'struct[]',
      errorCode: 'int16',
      errorMessage: 'string?',
      entity: { _: 'struct[]', entityType: 'string', entityName: 'string?' },
    },
  },
} as const

export const alterClientQuotas: Api<typeof definition> = api(definition)
export type AlterClientQuotasRequest = RequestOf<typeof definition>
export type AlterClientQuotasResponse = ResponseOf<typeof definition>
export type AlterClientQuotasReply = ReplyOf<typeof definition>
