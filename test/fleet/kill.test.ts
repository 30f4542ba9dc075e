/** A few rounds of the kill loop on a fleet; twenty by `npm run test:kill -- --target fleet`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killLoop } from '../clients/kill-loop.ts'

const rounds = 5
const seed = Number(process.env['KARST_TEST_SEED'] ?? Date.now() % 1_000_000)

test('brokers killed one by one, then all, lose, repeat and reuse nothing', async (t) => {
  const summary = await killLoop({ rounds, seed, target: 'fleet' })
  t.diagnostic(JSON.stringify(summary))
  assert.deepEqual(summary.faults, [], `KARST_TEST_SEED=${seed}`)
  assert.ok(summary.acknowledged > 0)
})
