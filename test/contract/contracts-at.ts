/** The contracts of a cluster, at a broker in this process. */
import type { Clock } from '../../src/base/clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { Contracts } from '../../src/contract/contracts.ts'
import type { Broker } from '../../src/kafka/broker.ts'
import { Registry } from '../../src/registry/registry.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'

export interface ServedBroker {
  readonly database: CatalogDatabase
  readonly broker: Broker
}

export function contractsAt({ database, broker }: ServedBroker, clock: Clock): Contracts {
  const registry = new Registry({ database, formats: schemaFormats, clock })
  const { topics } = broker
  return new Contracts({
    ...{ database, parser: registry.parser, leaderEpoch: 1 },
    nowMs: () => clock.nowMs(),
    freshTopicId: () => topics.freshId(),
    partitionCount: () => 1,
    configFault: () => undefined,
    changed: async (ids) => {
      for (const id of ids) await topics.hear(id)
    },
  })
}
