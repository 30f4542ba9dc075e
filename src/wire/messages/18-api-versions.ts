/**
 * ApiVersions, versions 0 to 4: which keys and versions a broker knows, and its features.
 *
 * - 1: throttle time. 2: as 1. 3: flexible, name of the client (KIP-511), features (KIP-584).
 * - 4: features whose lowest version is 0 are shown (KAFKA-17011).
 *
 * An unknown version is answered in version 0, and no version has a flexible response header
 * (KIP-511).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    clientSoftwareName: 'string 3+ ignorable',
    clientSoftwareVersion: 'string 3+ ignorable',
  },
  response: {
    errorCode: 'int16',
    apiKeys: {
      _: 'struct[]',
      apiKey: 'int16',
      minVersion: 'int16',
      maxVersion: 'int16',
    },
    throttleTimeMs: 'int32 1+ ignorable',
    supportedFeatures: {
      _: 'struct[] 3+ tag 0 ignorable',
      name: 'string',
      minVersion: 'int16',
      maxVersion: 'int16',
    },
    finalizedFeaturesEpoch: 'int64 3+ tag 1 = -1 ignorable',
    finalizedFeatures: {
      _: 'struct[] 3+ tag 2 ignorable',
      name: 'string',
      maxVersionLevel: 'int16',
      minVersionLevel: 'int16',
    },
    zkMigrationReady: 'boolean 3+ tag 3 = false ignorable',
  },
} as const

export const apiVersions: Api<typeof definition> = api(definition)
export type ApiVersionsRequest = RequestOf<typeof definition>
export type ApiVersionsResponse = ResponseOf<typeof definition>
export type ApiVersionsReply = ReplyOf<typeof definition>
