import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Linger } from './linger.ts'

test('a group waits from its first append on, once, and the next one anew', async () => {
  const clock = new VirtualClock()
  let isOver = 0
  const linger = new Linger(clock, 150, () => isOver++)
  const first = { begunMs: clock.monotonicMs(), byteLength: 0 }
  assert.equal(linger.isDue(first), true)
  await clock.advance(100)
  assert.equal(linger.isDue(first), true)
  await clock.advance(49)
  assert.equal(isOver, 0)
  await clock.advance(1)
  assert.equal(isOver, 1)
  assert.equal(linger.isDue(first), false)
  assert.equal(linger.isDue(first), false, 'until it is sealed')
  linger.sealed()
  const second = { begunMs: clock.monotonicMs(), byteLength: 0 }
  assert.equal(linger.isDue(second), true)
  linger.sealed() // by its size
  await clock.advance(1_000)
  assert.equal(isOver, 1)
})

test('where appends come all the time groups are sealed at a steady pace', async () => {
  const clock = new VirtualClock()
  const sealedMs: number[] = []
  const linger = new Linger(clock, 150, () => {
    sealedMs.push(clock.monotonicMs())
    linger.sealed()
  })
  const firstMs = clock.monotonicMs()
  assert.equal(linger.isDue({ begunMs: firstMs, byteLength: 0 }), true)
  for (const pauseMs of [8, 37, 38]) {
    await clock.advance(150 - (clock.monotonicMs() - (sealedMs.at(-1) ?? firstMs)))
    await clock.advance(pauseMs)
    assert.equal(linger.isDue({ begunMs: clock.monotonicMs(), byteLength: 0 }), true)
  }
  await clock.advance(150)
  const gaps = sealedMs.map((at, index) => at - (sealedMs[index - 1] ?? firstMs))
  assert.deepEqual(gaps, [150, 150, 150, 188], 'the last came after a pause: it waits all its time')
})

test('a group that could not be sealed in its time does not wait again', async () => {
  const clock = new VirtualClock()
  const linger = new Linger(clock, 150, () => undefined)
  const open = { begunMs: clock.monotonicMs(), byteLength: 0 }
  assert.equal(linger.isDue(open), true)
  await clock.advance(100)
  linger.sealed() // another, that was closed by its size
  assert.equal(linger.isDue(open), true)
  await clock.advance(50)
  assert.equal(linger.isDue(open), false)
})

test('a group that needs no request is sealed earlier, and as soon as it needs none', async () => {
  const clock = new VirtualClock()
  let isOver = 0
  const asked: number[] = []
  const isReady = ({ byteLength }: { readonly byteLength: number }): boolean => {
    asked.push(byteLength)
    return byteLength < 10
  }
  const linger = new Linger(clock, 150, () => isOver++, { lingerMs: 20, isReady })
  const begunMs = clock.monotonicMs()
  assert.equal(linger.isDue({ begunMs, byteLength: 5 }), true)
  assert.deepEqual(asked, [], 'not before its time')
  await clock.advance(20)
  assert.equal(isOver, 1)
  assert.equal(linger.isDue({ begunMs, byteLength: 10 }), true, 'it needs one: it waits for more')
  await clock.advance(129)
  assert.equal(isOver, 1)
  assert.equal(linger.isDue({ begunMs, byteLength: 9 }), false)
  await clock.advance(1)
  assert.equal(isOver, 2)
  assert.equal(linger.isDue({ begunMs, byteLength: 10 }), false)
})
