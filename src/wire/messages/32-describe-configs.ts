/**
 * DescribeConfigs, versions 1 to 4: configs of topics, brokers and groups, with their origin.
 *
 * - 1: synonyms and origin (KIP-226). 2: as 1. 3: type and documentation (KIP-569). 4: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: {
      _: 'struct[]',
      resourceType: 'int8',
      resourceName: 'string',
      configurationKeys: 'string[]?',
    },
    includeSynonyms: 'boolean = false',
    includeDocumentation: 'boolean 3+ = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      _: 'struct[]',
      errorCode: 'int16',
      errorMessage: 'string?',
      resourceType: 'int8',
      resourceName: 'string',
      configs: {
        _: 'struct[]',
        name: 'string',
        value: 'string?',
        readOnly: 'boolean',
        configSource: 'int8 = -1',
        isSensitive: 'boolean',
        synonyms: {
          _: 'struct[]',
          name: 'string',
          value: 'string?',
          source: 'int8',
        },
        configType: 'int8 3+ = 0 ignorable',
        documentation: 'string? 3+ ignorable',
      },
    },
  },
} as const

export const describeConfigs: Api<typeof definition> = api(definition)
export type DescribeConfigsRequest = RequestOf<typeof definition>
export type DescribeConfigsResponse = ResponseOf<typeof definition>
export type DescribeConfigsReply = ReplyOf<typeof definition>
