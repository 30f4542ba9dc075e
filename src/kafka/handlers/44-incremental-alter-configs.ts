/**
 * IncrementalAlterConfigs, versions 0 to 1: sets, deletes, appends to or subtracts from the configs
 * of topics, brokers and groups (KIP-339). A resource is changed as a whole or not at all.
 *
 * - Deleting a config that does not exist changes nothing, as in Kafka: whoever mirrors the configs
 *   of a newer cluster does so.
 * - A list begins at what holds now, also where that is a default. What is there already is not
 *   appended again.
 * - What brokers pass on to topics, and a few options, change at run time, for all brokers or for one
 *   (KIP-226). An option that is read at the start is INVALID_REQUEST, one that has nothing to act
 *   on here, or that there is not, INVALID_CONFIG.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  incrementalAlterConfigs,
  type IncrementalAlterConfigsReply,
  type IncrementalAlterConfigsRequest,
} from '../../wire/messages/44-incremental-alter-configs.ts'
import { alterResource } from '../alter-resource.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { fault, repeated, tooManyFault } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type Resource = IncrementalAlterConfigsRequest['resources'][number]
type ResourceReply = IncrementalAlterConfigsReply['responses'][number]

export function incrementalAlterConfigsHandler(broker: Broker): Handler {
  return handler(incrementalAlterConfigs, async ({ resources, validateOnly }) => {
    const tooMany = tooManyFault(resources.length, 'resources')
    const keyOf = ({ resourceType, resourceName }: Resource): string =>
      `${resourceType} ${resourceName}`
    const twice = repeated(resources.map(keyOf))
    const again = fault(ErrorCode.INVALID_REQUEST, 'the request names this resource twice')
    const turns = new Turns(broker.clock)
    const responses: ResourceReply[] = []
    for (const resource of resources) {
      const { resourceType, resourceName, configs } = resource
      const alterations = configs.map(({ name, configOperation: operation, value }) => {
        return { name, operation, value }
      })
      const change = { resourceType, resourceName, alterations, replaces: false, validateOnly }
      const refused = tooMany ?? (twice.has(keyOf(resource)) ? again : undefined)
      const wrong = refused ?? (await alterResource(broker, change))
      if (refused === undefined) await turns.step()
      const none = { errorCode: ErrorCode.NONE, errorMessage: null }
      responses.push({ resourceType, resourceName, ...(wrong ?? none) })
    }
    return { response: { responses } }
  })
}
