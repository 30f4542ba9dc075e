/**
 * FindCoordinator, versions 0 to 6: which broker coordinates a group or a transaction.
 *
 * - 1: transactions besides groups (KIP-98). 2: as 1. 3: flexible. 4: several keys at once (KIP-699):
 *   the older fields give way to `coordinatorKeys` and `coordinators`. 5: as 4; transaction errors
 *   that may be aborted (KIP-890). 6: share groups (KIP-932).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleFrom: 3,
  request: {
    key: 'string 0-3',
    keyType: 'int8 1+ = 0',
    coordinatorKeys: 'string[] 4+',
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    errorCode: 'int16 0-3',
    errorMessage: 'string? 1-3 ignorable',
    nodeId: 'int32 0-3',
    host: 'string 0-3',
    port: 'int32 0-3',
    coordinators: {
      _: 'struct[] 4+',
      key: 'string',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      errorCode: 'int16',
      errorMessage: 'string?',
    },
  },
} as const

export const findCoordinator: Api<typeof definition> = api(definition)
export type FindCoordinatorRequest = RequestOf<typeof definition>
export type FindCoordinatorResponse = ResponseOf<typeof definition>
export type FindCoordinatorReply = ReplyOf<typeof definition>
