import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { sleep } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { HedgePolicy, putHedgeLimits } from './hedge-policy.ts'
import { RequestQueue } from './request-queue.ts'
import { RetryBudget } from './retry-budget.ts'
import { S3RequestError } from './s3-api.ts'
import {
  S3Requests,
  standardLimits,
  type S3OperationSeen,
  type S3Operation,
} from './s3-requests.ts'

type Plan = { readonly ms: number; readonly code?: string; readonly status?: number }

/** Requests that take and end as planned; the last plan holds for all behind it. */
function bench(...plans: readonly Plan[]) {
  const clock = new VirtualClock()
  const seen: S3OperationSeen[] = []
  const sentAtMs: number[] = []
  const requests = new S3Requests({
    bucket: 'lake',
    clock,
    random: seededRandom(1),
    log: silentLog,
    queue: new RequestQueue({ underWayMax: 4, waitingMax: 10 }),
    budget: new RetryBudget(clock),
    limits: standardLimits,
    seen: (operation) => seen.push(operation),
  })
  const send = async (): Promise<number> => {
    const index = sentAtMs.push(clock.monotonicMs()) - 1
    const { ms, code, status } = plans[Math.min(index, plans.length - 1)]!
    await sleep(clock, ms)
    if (code !== undefined) throw new S3RequestError(code, status, 'planned')
    return index
  }
  const ask = (more: Partial<S3Operation<number>> = {}): Promise<number> => {
    const call = undefined
    const asked = requests.run({
      verb: 'put',
      key: 'k',
      bytes: 0,
      call,
      priority: 'tail',
      send,
      ...more,
    })
    asked.catch(() => undefined)
    return asked
  }
  return { clock, seen, sentAtMs, requests, ask }
}

test('pauses double, are never the same, and end after six tries', async () => {
  const { clock, ask, sentAtMs, seen } = bench({ ms: 0, code: 'InternalError', status: 500 })
  const asked = ask()
  await clock.advance(10_000)
  await assert.rejects(asked, { kind: 'unavailable' })
  const pauses = sentAtMs.slice(1).map((at, index) => at - sentAtMs[index]!)
  assert.equal(sentAtMs.length, 6)
  for (const [index, pause] of pauses.entries()) {
    const whole = 50 * 2 ** index
    assert.ok(pause >= whole / 2 && pause <= whole, `pause ${index}: ${pause}`)
  }
  assert.deepEqual(
    seen.map(({ outcome, requests, retries }) => [outcome, requests, retries]),
    [['unavailable', 6, 5]],
  )
})

test('a store that asks to slow down is given more time', async () => {
  const { clock, ask, sentAtMs } = bench({ ms: 0, code: 'SlowDown', status: 503 }, { ms: 0 })
  const asked = ask()
  await clock.advance(1_000)
  assert.equal(await asked, 1)
  assert.ok(sentAtMs[1]! >= 125 && sentAtMs[1]! <= 250, `${sentAtMs[1]}`)
})

test('a try has its time, and more for its bytes; then another is made', async () => {
  const { clock, ask, sentAtMs } = bench({ ms: 1e9 }, { ms: 10 })
  const asked = ask({ bytes: 2_048_000 })
  await clock.advance(5_999)
  assert.equal(sentAtMs.length, 1)
  await clock.advance(1_000)
  assert.equal(await asked, 1)
})

test('what may be done is an unknown outcome, where that matters, whatever followed', async () => {
  const plans = [
    { ms: 0, code: 'ECONNRESET' },
    { ms: 0, code: 'AccessDenied', status: 403 },
  ]
  const put = bench(...plans)
  const asked = put.ask({ mustBeKnown: true })
  await put.clock.advance(1_000)
  await assert.rejects(asked, { kind: 'unknown-outcome', message: /AccessDenied/ })
  const get = bench(...plans)
  const read = get.ask({ verb: 'get' })
  await get.clock.advance(1_000)
  await assert.rejects(read, { kind: 'unavailable' })
  const refused = bench({ ms: 0, code: 'AccessDenied', status: 403 })
  const never = refused.ask({ mustBeKnown: true })
  await refused.clock.advance(1)
  await assert.rejects(never, { kind: 'unavailable' })
})

test('whoever gives up is told at once, also in a pause and in line', async () => {
  const { clock, ask, seen } = bench({ ms: 1e9 })
  const stop = new AbortController()
  const call = { signal: stop.signal }
  const underWay = Array.from({ length: 4 }, () => ask({ call, mustBeKnown: true }))
  const inLine = ask({ call, mustBeKnown: true })
  await clock.advance(10)
  stop.abort()
  await clock.settle()
  for (const each of underWay) await assert.rejects(each, { kind: 'unknown-outcome' })
  await assert.rejects(inLine, { kind: 'unavailable' })
  assert.equal(seen.length, 5)
  const failing = bench({ ms: 0, code: 'SlowDown', status: 503 })
  const again = new AbortController()
  const pausing = failing.ask({ call: { signal: again.signal } })
  await failing.clock.advance(1)
  again.abort()
  await failing.clock.settle()
  await assert.rejects(pausing, { kind: 'unavailable' })
  assert.equal(failing.sentAtMs.length, 1)
})

test('a hedge is one more request, of the first try only', async () => {
  const hedge = new HedgePolicy(putHedgeLimits)
  const slow = bench({ ms: 3_000 }, { ms: 10 })
  const asked = slow.ask({ hedge })
  await slow.clock.advance(500)
  assert.equal(await asked, 1)
  assert.deepEqual([slow.seen[0]?.requests, slow.seen[0]?.hedges, slow.seen[0]?.retries], [2, 1, 0])
  const failing = bench({ ms: 10, code: 'InternalError', status: 500 }, { ms: 1_000 })
  const second = failing.ask({ hedge })
  await failing.clock.advance(2_000)
  assert.equal(await second, 1)
  assert.deepEqual([failing.seen[0]?.hedges, failing.seen[0]?.retries], [0, 1])
})

test('a hedge that may be done makes the outcome unknown, if the first was refused', async () => {
  const { clock, ask } = bench(
    { ms: 500, code: 'AccessDenied', status: 403 },
    { ms: 50, code: 'ECONNRESET' },
  )
  const asked = ask({ hedge: new HedgePolicy(putHedgeLimits), mustBeKnown: true, attemptsMax: 1 })
  await clock.advance(600)
  await assert.rejects(asked, { kind: 'unknown-outcome' })
})

test('closing ends what is under way, and refuses what comes', async () => {
  const { clock, ask, requests } = bench({ ms: 1e9 })
  const asked = ask({ mustBeKnown: true })
  await clock.advance(10)
  requests.close()
  await clock.settle()
  await assert.rejects(asked, { kind: 'unknown-outcome' })
  await assert.rejects(ask(), { kind: 'closed' })
})

test('who asks once has one request, no hedge, and takes nothing from the budget', async () => {
  const call = { isOnce: true }
  const hedge = new HedgePolicy(putHedgeLimits)
  for (let times = 0; times < 20; times++) hedge.observe(0, 10, false)
  const { clock, ask, sentAtMs, seen } = bench({ ms: 2_000, code: 'SlowDown', status: 503 })
  const asked = ask({ call, hedge })
  await clock.advance(10_000)
  await assert.rejects(asked, { kind: 'overloaded' })
  assert.deepEqual(sentAtMs, [0])
  assert.equal(seen[0]?.requests, 1)
})
