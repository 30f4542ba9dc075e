/** The schema registry and event contracts of a broker, over HTTP. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { addressOf } from '../config/address.ts'
import type { Contracts } from '../contract/contracts.ts'
import { contractRoutes } from '../contract/http/contract-routes.ts'
import type { Discovery } from '../contract/discovery/discovery.ts'
import { discoveryRoutes } from '../contract/http/discovery-routes.ts'
import type { Broker } from '../kafka/broker.ts'
import { checkConfigs, isFault } from '../kafka/topic-rules.ts'
import {
  type RegistryHttp,
  type RegistryRequestSeen,
  startRegistryHttp,
} from '../registry/http/registry-http.ts'
import { Registry } from '../registry/registry.ts'
import { SchemaThread } from '../registry/judge/schema-thread.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'

export interface RegistryParts {
  readonly broker: Broker
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly log: Log
  readonly onRequest: (seen: RegistryRequestSeen) => void
}

/** @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound. */
export async function startRegistry(parts: RegistryParts): Promise<RegistryHttp> {
  const { broker, database, clock, log, onRequest } = parts
  const { clusterId, config } = broker
  const judge = new SchemaThread(clock, log.child({ part: 'schemas' }))
  const registry = new Registry({ database, formats: schemaFormats, clock, judge })
  const http = await startRegistryHttp({
    listen: addressOf(config['registry.listen']),
    ...{ registry, clusterId, clock, onRequest },
    routes: [
      ...contractRoutes(once(() => openContracts(parts, registry))),
      ...discoveryRoutes(once(() => openDiscovery(parts))),
    ],
    log: log.child({ part: 'registry' }),
  })
  return {
    address: http.address,
    async close() {
      await http.close()
      await judge.close()
    },
  }
}

const once = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

async function openDiscovery({ broker, database, clock }: RegistryParts): Promise<Discovery> {
  const { Discovery } = await import('../contract/discovery/discovery.ts')
  const bootstrap = (): string => {
    const { host, port } = broker.advertised()
    return `${host.includes(':') ? `[${host}]` : host}:${port}`
  }
  return new Discovery({ database, clock, clusterId: broker.clusterId, bootstrap })
}

async function openContracts(
  { broker, database, clock }: RegistryParts,
  { parser }: Registry,
): Promise<Contracts> {
  const { Contracts } = await import('../contract/contracts.ts')
  const { topics, config, configs, leaderEpoch } = broker
  return new Contracts({
    ...{ database, parser, leaderEpoch },
    nowMs: () => clock.nowMs(),
    freshTopicId: () => topics.freshId(),
    partitionCount: () => config['num.partitions'],
    configFault: (given) => {
      const checked = checkConfigs(given, configs.layers())
      return isFault(checked) ? checked.errorMessage : undefined
    },
    changed: async (topicIds) => {
      for (const topicId of topicIds) await topics.hear(topicId)
    },
  })
}
