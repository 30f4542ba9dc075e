/**
 * DescribeClientQuotas, versions 0 to 1: quotas of the entities that a filter takes (KIP-546).
 *
 * - 1: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    components: {
      _: 'struct[]',
      entityType: 'string',
      matchType: 'int8',
      match: 'string?',
    },
    strict: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string?',
    entries: {
      _: 'struct[]?',
      entity: { _: 'struct[]', entityType: 'string', entityName: 'string?' },
      values: { _: 'struct[]', key: 'string', value: 'float64' },
    },
  },
} as const

export const describeClientQuotas: Api<typeof definition> = api(definition)
export type DescribeClientQuotasRequest = RequestOf<typeof definition>
export type DescribeClientQuotasResponse = ResponseOf<typeof definition>
export type DescribeClientQuotasReply = ReplyOf<typeof definition>
