/**
 * DescribeConfigs, versions 1 to 4: every config of topics, of this broker and of groups, with its
 * source. Synonyms, and documentation (3+, KIP-569), on demand.
 *
 * - A resource that is named again is told once: an answer is not to be larger than what there is.
 * - Configs of Kafka that have nothing to act on here are shown with Kafka's default, read-only, and
 *   say so in their documentation. Resource '' are the defaults of all brokers that were set at run
 *   time (KIP-226).
 * - Loggers: the root and one for each part (KIP-412). Subscriptions of client metrics: the defaults
 *   of one that is not there.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeConfigs,
  type DescribeConfigsReply,
} from '../../wire/messages/32-describe-configs.ts'
import type { Broker } from '../broker.ts'
import { describeResource } from '../describe-resource.ts'
import { type Handler, handler } from '../router.ts'
import { isFault, tooManyFault } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type ResourceReply = DescribeConfigsReply['results'][number]

export function describeConfigsHandler(broker: Broker): Handler {
  return handler(describeConfigs, async (request) => {
    const { resources, includeSynonyms, includeDocumentation } = request
    const tooMany = tooManyFault(resources.length, 'resources')
    if (tooMany !== undefined) {
      const results = resources.map(({ resourceType, resourceName }) => {
        return { resourceType, resourceName, ...tooMany, configs: [] }
      })
      return { response: { results } }
    }
    const turns = new Turns(broker.clock)
    const results: ResourceReply[] = []
    const told = new Set<string>()
    for (const resource of resources) {
      const { resourceType, resourceName, configurationKeys } = resource
      const key = `${resourceType} ${resourceName}`
      if (told.has(key)) continue
      told.add(key)
      const described = await describeResource(broker, resource)
      await turns.step()
      if (isFault(described)) {
        results.push({ resourceType, resourceName, ...described, configs: [] })
        continue
      }
      const keys = new Set(configurationKeys ?? [])
      const configs = described
        .filter(({ name }) => keys.size === 0 || keys.has(name))
        .map((config) => ({
          ...config,
          synonyms: includeSynonyms ? config.synonyms : [],
          documentation: includeDocumentation ? config.documentation : null,
        }))
      // Kafka's message is empty, not null, where nothing is wrong.
      const none = { errorCode: ErrorCode.NONE, errorMessage: '' }
      results.push({ ...none, resourceType, resourceName, configs })
    }
    return { response: { results } }
  })
}
