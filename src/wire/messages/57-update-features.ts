/**
 * UpdateFeatures, versions 0 to 2: finalises levels of features (KIP-584). Flexible from the start.
 *
 * - 1: kinds of upgrades, validation alone (KIP-778). 2: one result for the whole request.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    timeoutMs: 'int32 = 60000',
    featureUpdates: {
      _: 'struct[]',
      feature: 'string',
      maxVersionLevel: 'int16',
      allowDowngrade: 'boolean 0',
      upgradeType: 'int8 1+ = 1',
    },
    validateOnly: 'boolean 1+ = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string?',
    results: {
      _: 'struct[] 0-1 ignorable',
      feature: 'string',
      errorCode: 'int16',
      errorMessage: 'string?',
    },
  },
} as const

export const updateFeatures: Api<typeof definition> = api(definition)
export type UpdateFeaturesRequest = RequestOf<typeof definition>
export type UpdateFeaturesResponse = ResponseOf<typeof definition>
export type UpdateFeaturesReply = ReplyOf<typeof definition>
