/**
 * UpdateFeatures, versions 0 to 2 (KIP-584, KIP-778): a feature's level is what this release does.
 * Asking for the level there is succeeds, anything else fails for all that were asked together:
 * FEATURE_UPDATE_FAILED, as in Kafka, with the feature and its level in the message.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  updateFeatures,
  type UpdateFeaturesRequest,
} from '../../wire/messages/57-update-features.ts'
import { type Feature, finalizedFeatures } from '../features.ts'
import { type Handler, handler } from '../router.ts'
import { fault, type TopicFault } from '../topic-rules.ts'

type Update = UpdateFeaturesRequest['featureUpdates'][number]

export function updateFeaturesHandler(features: readonly Feature[] = finalizedFeatures): Handler {
  return handler(updateFeatures, async ({ featureUpdates }) => {
    for (const update of featureUpdates) {
      const wrong = updateFault(features, update)
      if (wrong !== undefined) return { response: { ...wrong, results: [] } }
    }
    const none = { errorCode: ErrorCode.NONE, errorMessage: null }
    const results = featureUpdates.map(({ feature }) => ({ feature, ...none }))
    return { response: { ...none, results } }
  })
}

/** Upgrade, and downgrades with and without loss (KIP-778). */
const upgradeTypes = new Set([1, 2, 3])

function updateFault(
  features: readonly Feature[],
  { feature: name, maxVersionLevel: level, upgradeType }: Update,
): TopicFault | undefined {
  const failed = (why: string): TopicFault => {
    const message = `nothing is updated, because ${name} cannot become ${level}: ${why}`
    return fault(ErrorCode.FEATURE_UPDATE_FAILED, message)
  }
  const known = features.find((feature) => feature.name === name)
  if (known === undefined) return failed('there is no such feature here')
  if (!upgradeTypes.has(upgradeType)) return failed(`there is no upgrade type ${upgradeType}`)
  if (level === known.level) return undefined
  return failed(`this release has level ${known.level}, which other releases may change`)
}
