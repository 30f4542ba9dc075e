import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { sleep } from '../../base/clock.ts'
import { HedgeFailed, hedged } from './hedged.ts'
import { HedgePolicy, putHedgeLimits } from './hedge-policy.ts'

/** Requests that take so long, one after another, and may fail. */
function bench(...plans: { readonly ms: number; readonly error?: string }[]) {
  const clock = new VirtualClock()
  const policy = new HedgePolicy(putHedgeLimits)
  const signals: AbortSignal[] = []
  const send = async (signal: AbortSignal): Promise<number> => {
    const index = signals.push(signal) - 1
    const plan = plans[index]
    assert.ok(plan !== undefined, 'sent too often')
    await sleep(clock, plan.ms)
    if (plan.error !== undefined) throw new Error(plan.error)
    return index
  }
  const asked = hedged(clock, policy, 1_000, send)
  asked.catch(() => undefined)
  return { clock, policy, signals, asked }
}

test('a quick one is sent once', async () => {
  const { clock, asked, signals } = bench({ ms: 399 })
  await clock.advance(399)
  assert.deepEqual(await asked, { result: 0, wasHedged: false })
  await clock.advance(1_000)
  assert.equal(signals.length, 1)
  assert.equal(clock.pending, 0)
})

test('a slow one is sent again; the first answer counts, the other is given up', async () => {
  const { clock, asked, signals } = bench({ ms: 3_000 }, { ms: 50 })
  await clock.advance(450)
  assert.deepEqual(await asked, { result: 1, wasHedged: true })
  assert.ok(signals.every(({ aborted }) => aborted))
  const late = bench({ ms: 500 }, { ms: 3_000 })
  await late.clock.advance(500)
  assert.deepEqual(await late.asked, { result: 0, wasHedged: true })
})

test('a failure is the answer, but not while another request may succeed', async () => {
  const alone = bench({ ms: 10, error: 'no' })
  await alone.clock.advance(10)
  await assert.rejects(alone.asked, { message: 'no' })
  const first = bench({ ms: 450, error: 'no' }, { ms: 100 })
  await first.clock.advance(500)
  assert.deepEqual(await first.asked, { result: 1, wasHedged: true })
  const both = bench({ ms: 450, error: 'one' }, { ms: 100, error: 'two' })
  await both.clock.advance(500)
  await assert.rejects(both.asked, (error) => {
    assert.ok(error instanceof HedgeFailed)
    assert.deepEqual(
      error.errors.map((each) => (each as Error).message),
      ['one', 'two'],
    )
    return true
  })
})
