/**
 * ListConfigResources, versions 0 to 1: topics, brokers and their loggers, and groups that
 * something is set for (KIP-1142). No types mean all; a type that Kafka does not have is
 * UNSUPPORTED_VERSION. Version 0 asks for subscriptions of client metrics only: there are none.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  listConfigResources,
  type ListConfigResourcesReply,
} from '../../wire/messages/74-list-config-resources.ts'
import type { Broker } from '../broker.ts'
import { resourceTypes } from '../config-codes.ts'
import { type Handler, handler } from '../router.ts'

type Listed = ListConfigResourcesReply['configResources'][number]

const all: readonly number[] = Object.values(resourceTypes)

export function listConfigResourcesHandler(broker: Broker): Handler {
  return handler(listConfigResources, async ({ resourceTypes: types }, { header }) => {
    const named = header.apiVersion === 0 ? [resourceTypes.clientMetrics] : types
    const asked = new Set(named.length === 0 ? all : named)
    if ([...asked].some((type) => !all.includes(type))) {
      return { response: { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] } }
    }
    const configResources = [...asked].flatMap((type) => list(broker, type))
    return { response: { errorCode: ErrorCode.NONE, configResources } }
  })
}

function list({ cluster, topics, configs }: Broker, resourceType: number): Listed[] {
  const listed = (names: readonly string[]): Listed[] =>
    names.map((resourceName) => ({ resourceName, resourceType }))
  switch (resourceType) {
    case resourceTypes.topic:
      return listed(topics.all().map(({ name }) => name))
    case resourceTypes.broker:
    case resourceTypes.brokerLogger:
      return listed(cluster.nodes().map(({ nodeId }) => String(nodeId)))
    case resourceTypes.group:
      return listed(configs.names('group'))
    default:
      return []
  }
}
