/** A contract that is applied at a broker in this process. */
import assert from 'node:assert/strict'
import { Contracts } from '../../src/contract/contracts.ts'
import { Registry } from '../../src/registry/registry.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import type { BrokerWorld } from '../kafka/broker-world.ts'
import { decisions, type DecisionsOptions } from './decisions.ts'

export async function applied(world: BrokerWorld, options: DecisionsOptions): Promise<void> {
  const { database, clock } = world
  const { topics } = world.server.broker
  const registry = new Registry({ database, formats: schemaFormats, clock })
  const contracts = new Contracts({
    ...{ database, parser: registry.parser, leaderEpoch: 1 },
    nowMs: () => clock.nowMs(),
    freshTopicId: () => topics.freshId(),
    partitionCount: () => 1,
    configFault: () => undefined,
    changed: async (ids) => {
      for (const id of ids) await topics.hear(id)
    },
  })
  const outcome = await world.during(contracts.apply({ text: decisions(options), files: {} }))
  assert.ok(outcome.revision !== undefined, JSON.stringify(outcome))
}
