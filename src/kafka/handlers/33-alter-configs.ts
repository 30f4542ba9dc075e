/**
 * AlterConfigs, versions 0 to 2: replaces all configs of a resource, so that what is not named has
 * its default again (KIP-133). Old tools; new ones use IncrementalAlterConfigs, by whose rules
 * everything is judged. Loggers cannot be altered so, as in Kafka.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  alterConfigs,
  type AlterConfigsReply,
  type AlterConfigsRequest,
} from '../../wire/messages/33-alter-configs.ts'
import { alterResource } from '../alter-resource.ts'
import { operations } from '../alteration.ts'
import type { Broker } from '../broker.ts'
import { resourceTypes } from '../config-codes.ts'
import { type Handler, handler } from '../router.ts'
import { fault, repeated, tooManyFault, type TopicFault } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type Resource = AlterConfigsRequest['resources'][number]
type ResourceReply = AlterConfigsReply['responses'][number]

const keyOf = ({ resourceType, resourceName }: Resource): string =>
  `${resourceType} ${resourceName}`

export function alterConfigsHandler(broker: Broker): Handler {
  return handler(alterConfigs, async ({ resources, validateOnly }) => {
    const tooMany = tooManyFault(resources.length, 'resources')
    const twice = repeated(resources.map(keyOf))
    const turns = new Turns(broker.clock)
    const responses: ResourceReply[] = []
    for (const resource of resources) {
      const { resourceType, resourceName, configs } = resource
      const alterations = configs.map(({ name, value }) => {
        return { name, operation: operations.set, value }
      })
      const change = { resourceType, resourceName, alterations, replaces: true, validateOnly }
      const refused = tooMany ?? refusal(resource, twice)
      const wrong = refused ?? (await alterResource(broker, change))
      if (refused === undefined) await turns.step()
      const none = { errorCode: ErrorCode.NONE, errorMessage: null }
      responses.push({ resourceType, resourceName, ...(wrong ?? none) })
    }
    return { response: { responses } }
  })
}

function refusal(resource: Resource, twice: ReadonlySet<string>): TopicFault | undefined {
  if (twice.has(keyOf(resource))) {
    return fault(ErrorCode.INVALID_REQUEST, 'the request names this resource twice')
  }
  if (resource.resourceType !== resourceTypes.brokerLogger) return undefined
  return fault(ErrorCode.INVALID_REQUEST, 'loggers are altered by IncrementalAlterConfigs only')
}
