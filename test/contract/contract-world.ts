/** Contracts in a catalog, and what looks for them, without a broker around. */
import { systemClock } from '../../src/base/system-clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { Contracts } from '../../src/contract/contracts.ts'
import { Discovery } from '../../src/contract/discovery/discovery.ts'
import { Registry } from '../../src/registry/registry.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'

export interface ContractWorld {
  readonly discovery: Discovery
  /** Throws where the text is not applied. */
  readonly apply: (text: string, files?: Readonly<Record<string, string>>) => Promise<void>
}

let topics = 0

export function contractWorld(database: CatalogDatabase): ContractWorld {
  const clock = systemClock
  const { parser } = new Registry({ database, formats: schemaFormats, clock })
  const contracts = new Contracts({
    ...{ database, parser, leaderEpoch: 1 },
    nowMs: () => clock.nowMs(),
    freshTopicId: () => `world-${++topics}`,
    partitionCount: () => 1,
    configFault: () => undefined,
    changed: async () => undefined,
  })
  const address = { clusterId: 'test-cluster', bootstrap: () => 'karst.test:9092' }
  return {
    discovery: new Discovery({ database, clock, ...address }),
    apply: async (text, files = {}) => {
      const { revision, issues, plan } = await contracts.apply({ text, files })
      if (revision === undefined) throw new Error(JSON.stringify({ issues, plan }))
    },
  }
}
