import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '../../src/base/random.ts'
import { seededRandom } from './seeded-random.ts'
import { TimerHeap } from './timer-heap.ts'

test('timers come in the order of their time, equals in the order in which they were set', () => {
  const random = seededRandom(7)
  const heap = new TimerHeap()
  const set: { readonly atMs: number; readonly name: number }[] = []
  const fired: number[] = []
  const expected = (untilMs: number): number[] => {
    const due = set.filter(({ atMs }) => atMs <= untilMs)
    const names = due.toSorted((a, b) => a.atMs - b.atMs || a.name - b.name)
    for (const each of due) set.splice(set.indexOf(each), 1)
    return names.map(({ name }) => name)
  }
  const all: number[] = []
  for (let [nowMs, name] = [0, 0]; nowMs < 2_000; nowMs += randomBelow(random, 8), name++) {
    const own = name
    const atMs = nowMs + randomBelow(random, 50)
    const timer = heap.add(atMs, () => fired.push(own))
    if (randomBelow(random, 3) === 0) timer.cancel()
    else set.push({ atMs, name: own })
    assert.equal(heap.size, set.length)
    all.push(...expected(nowMs))
    for (let due = heap.take(nowMs); due !== undefined; due = heap.take(nowMs)) due.run()
    assert.deepEqual(fired, all)
  }
  assert.ok(all.length > 100)
})

test('a timer that was cancelled does not fire, one that has fired is not cancelled again', () => {
  const heap = new TimerHeap()
  const first = heap.add(1, () => undefined)
  const second = heap.add(2, () => undefined)
  second.cancel()
  second.cancel()
  assert.equal(heap.size, 1)
  assert.equal(heap.take(5)?.atMs, 1)
  first.cancel()
  assert.equal(heap.size, 0)
  assert.equal(heap.take(5), undefined)
})
