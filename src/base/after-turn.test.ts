/** After all that is settled, before anything else happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterTurn } from './after-turn.ts'

test('it comes behind all that is settled, and before the next event', async () => {
  const order: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const event = new Promise<void>((done) => setImmediate(() => done(void order.push('event'))))
  const heard = [1, 2].map(async (waiter) => {
    await promise
    afterTurn(() => order.push(`after ${waiter}`))
    for (let step = 0; step < 10; step++) await Promise.resolve()
    order.push(`heard ${waiter}`)
  })
  resolve()
  await Promise.all(heard)
  await event
  assert.deepEqual(order, ['heard 1', 'heard 2', 'after 1', 'after 2', 'event'])
})
