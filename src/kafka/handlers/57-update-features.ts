/**
 * UpdateFeatures, versions 0 to 2 (KIP-584, KIP-778): a feature's level is what this release does.
 * Asking for the level there is succeeds, up or down, and also where it is only validated; anything
 * else fails for all that were asked together: INVALID_UPDATE_VERSION, as in Kafka, with the
 * feature and its level in the message. Kafka can go down to a lower level, which this release does
 * not have.
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

/** Kafka's: any number but these is no way to update. */
const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

function updateFault(
  features: readonly Feature[],
  { feature: name, maxVersionLevel: level, upgradeType, allowDowngrade }: Update,
): TopicFault | undefined {
  const failed = (why: string): TopicFault => {
    const message = `nothing is updated, because ${name} cannot become ${level}: ${why}`
    return fault(ErrorCode.INVALID_UPDATE_VERSION, message)
  }
  const known = features.find((feature) => feature.name === name)
  if (known === undefined) return failed('there is no such feature here')
  const isDown = upgradeType !== upgradeTypes.upgrade || allowDowngrade
  if (!Object.values<number>(upgradeTypes).includes(upgradeType)) {
    return failed(`there is no upgrade type ${upgradeType}`)
  }
  if (level === known.level) return undefined
  if (level < known.level && !isDown) return failed('this is lower, and no downgrade was asked for')
  return failed(`this release has level ${known.level}, which other releases may change`)
}
