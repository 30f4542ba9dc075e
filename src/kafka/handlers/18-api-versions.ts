/**
 * ApiVersions, versions 0 to 4: what this broker speaks. What is advertised works.
 *
 * A version that is not known is answered in version 0 with UNSUPPORTED_VERSION and the versions of
 * this API, so that the client can ask again (KIP-511). Features are those of features.ts
 * (KIP-584).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { apiVersions, type ApiVersionsReply } from '../../wire/messages/18-api-versions.ts'
import type { AnyApi } from '../../wire/message.ts'
import { type Feature, finalizedFeatures } from '../features.ts'
import { type Handler, handler } from '../router.ts'

/** KIP-511: what a client may call itself. */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** Characters of it that are kept as long as the connection. */
const softwareMax = 100

const rangeOf = (api: AnyApi): { apiKey: number; minVersion: number; maxVersion: number } => ({
  apiKey: api.key,
  minVersion: api.advertised.min,
  maxVersion: api.advertised.max,
})

const featuresFrom = 3
/** Older clients fail at features that may be off, so they are not shown them (KAFKA-17011). */
const levelZeroFrom = 4

/** The table does not change while a release runs: one epoch is enough. */
const featuresEpoch = 0

function features(apiVersion: number): Partial<ApiVersionsReply> {
  if (apiVersion < featuresFrom || finalizedFeatures.length === 0) return {}
  const isShown = ({ minLevel }: Feature): boolean => minLevel > 0 || apiVersion >= levelZeroFrom
  return {
    supportedFeatures: finalizedFeatures.filter(isShown).map(({ name, minLevel, level }) => {
      return { name, minVersion: minLevel, maxVersion: level }
    }),
    finalizedFeatures: finalizedFeatures.map(({ name, level }) => {
      return { name, minVersionLevel: level, maxVersionLevel: level }
    }),
    finalizedFeaturesEpoch: featuresEpoch,
  }
}

export function apiVersionsHandler(served: () => readonly AnyApi[]): Handler {
  return handler(apiVersions, async (request, { header, peer }) => {
    const { apiVersion } = header
    if (apiVersion > apiVersions.versions.max || apiVersion < 0) {
      return {
        response: { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [rangeOf(apiVersions)] },
      }
    }
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request
    if (apiVersion >= 3) {
      if (!softwareName.test(name) || !softwareName.test(version)) {
        return { response: { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] } }
      }
      peer.software = { name: name.slice(0, softwareMax), version: version.slice(0, softwareMax) }
    }
    const apiKeys = served().map(rangeOf)
    return { response: { errorCode: ErrorCode.NONE, apiKeys, ...features(apiVersion) } }
  })
}
