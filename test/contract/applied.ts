/** A contract that is applied at a broker in this process. */
import assert from 'node:assert/strict'
import type { BrokerWorld } from '../kafka/broker-world.ts'
import { contractsAt } from './contracts-at.ts'
import { decisions, type DecisionsOptions } from './decisions.ts'

export async function applied(world: BrokerWorld, options: DecisionsOptions): Promise<void> {
  const { database, clock, server } = world
  const contracts = contractsAt({ database, broker: server.broker }, clock)
  const outcome = await world.during(contracts.apply({ text: decisions(options), files: {} }))
  assert.ok(outcome.revision !== undefined, JSON.stringify(outcome))
}
