/**
 * DeleteTopics, versions 1 to 6.
 *
 * - 2, 3: as 1; errors changed. 4: flexible. 5: error message (KIP-599). 6: topics by id or name
 *   (KIP-516): `topicNames` gives way to `topics`.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: {
      _: 'struct[] 6+',
      name: 'string? = null',
      topicId: 'uuid',
    },
    topicNames: 'string[] 1-5 ignorable',
    timeoutMs: 'int32',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    responses: {
      _: 'struct[]',
      name: 'string?6+',
      topicId: 'uuid 6+ ignorable',
      errorCode: 'int16',
      errorMessage: 'string? 5+ = null ignorable',
    },
  },
} as const

export const deleteTopics: Api<typeof definition> = api(definition)
export type DeleteTopicsRequest = RequestOf<typeof definition>
export type DeleteTopicsResponse = ResponseOf<typeof definition>
export type DeleteTopicsReply = ReplyOf<typeof definition>
