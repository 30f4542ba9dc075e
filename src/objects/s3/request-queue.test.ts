import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import type { ObjectPriority } from '../object-store.ts'
import { RequestQueue } from './request-queue.ts'

/** Requests that end when a test says so, in the order in which they began. */
function bench(underWayMax: number, waitingMax = 100) {
  const queue = new RequestQueue({ underWayMax, waitingMax })
  const began: string[] = []
  const running: (() => void)[] = []
  const ask = (priority: ObjectPriority, name: string, signal?: AbortSignal): Promise<void> =>
    queue.run(priority, signal, () => {
      began.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      running.push(resolve)
      return promise
    })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const endOne = async (): Promise<void> => {
    running.shift()?.()
    await settle()
  }
  return { queue, began, ask, endOne, settle }
}

test('tail, catch-up, background: in this order, and each in that of asking', async () => {
  const { began, ask, endOne, settle } = bench(1)
  const all = [ask('background', 'first')]
  for (const name of ['b1', 'b2']) all.push(ask('background', name))
  for (const name of ['c1', 'c2']) all.push(ask('catch-up', name))
  for (const name of ['t1', 't2']) all.push(ask('tail', name))
  await settle()
  for (let ended = 0; ended < 7; ended++) await endOne()
  await Promise.all(all)
  assert.deepEqual(began, ['first', 't1', 't2', 'c1', 'c2', 'b1', 'b2'])
})

test('background fills half of the places, and the tail always has some', async () => {
  const { queue, began, ask, settle } = bench(8)
  for (let at = 0; at < 10; at++) void ask('background', `b${at}`)
  assert.equal(queue.underWay, 4)
  for (let at = 0; at < 10; at++) void ask('catch-up', `c${at}`)
  assert.equal(queue.underWay, 8)
  await settle()
  assert.equal(began.filter((name) => name.startsWith('c')).length, 4)
  const { queue: other, ask: askOther } = bench(8)
  for (let at = 0; at < 10; at++) void askOther('catch-up', `c${at}`)
  assert.equal(other.underWay, 6)
  void askOther('tail', 't1')
  void askOther('tail', 't2')
  assert.equal(other.underWay, 8)
})

test('background is served under a steady tail', async () => {
  const { began, ask, endOne, settle } = bench(2)
  for (let at = 0; at < 100; at++) void ask('tail', `t${at}`)
  void ask('background', 'b')
  await settle()
  for (let ended = 0; ended < 10; ended++) await endOne()
  assert.ok(began.includes('b'), began.join())
  assert.ok(began.filter((name) => name.startsWith('t')).length >= 9)
})

test('who gives up waiting is not begun and does not hold a place', async () => {
  const { queue, began, ask, endOne } = bench(1)
  const running = ask('tail', 'first')
  const stop = new AbortController()
  const given = ask('tail', 'given up', stop.signal)
  const last = ask('tail', 'last')
  stop.abort()
  await assert.rejects(given, { kind: 'unavailable' })
  assert.equal(queue.waiting, 1)
  await endOne()
  await endOne()
  await Promise.all([running, last])
  assert.deepEqual(began, ['first', 'last'])
  assert.deepEqual([queue.underWay, queue.waiting], [0, 0])
  await assert.rejects(ask('tail', 'never', AbortSignal.abort()), { kind: 'unavailable' })
})

test('a place is free again after a failure; too many are refused at once', async () => {
  const { queue, ask } = bench(1, 2)
  await assert.rejects(queue.run('tail', undefined, () => Promise.reject(new Error('it failed'))))
  assert.equal(queue.underWay, 0)
  for (let at = 0; at < 3; at++) void ask('tail', `t${at}`)
  await assert.rejects(ask('tail', 'too many'), (error) => isFailure(error, 'overloaded'))
})
