/** A few rounds of the kill loop; fifty by `npm run test:kill -- --rounds 50`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killLoop } from './kill-loop.ts'

const rounds = 5
const seed = Number(process.env['KARST_TEST_SEED'] ?? Date.now() % 1_000_000)

test(`${rounds} rounds of kill -9 under load lose, repeat and reuse nothing`, async (t) => {
  const summary = await killLoop({ rounds, seed, target: 'karst' })
  t.diagnostic(JSON.stringify(summary))
  assert.deepEqual(summary.faults, [], `KARST_TEST_SEED=${seed}`)
  assert.ok(summary.acknowledged > 0)
})
