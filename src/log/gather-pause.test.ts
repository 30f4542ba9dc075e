import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { GatherPause } from './gather-pause.ts'

const batch = 64 * 1024
const open = (count: number, byteLength = count * batch) => {
  return { count, byteLength, begunMs: 0, isFollowed: false }
}

/** A pause that has seen a group take 0.6 ms, and answer `count` appends while `waiting` came. */
async function answered(clock: VirtualClock, pause: GatherPause, count: number, waiting: number) {
  pause.sealed()
  await clock.advance(0.6)
  pause.answered(count, waiting)
}

test('a group waits for those who were just answered, and for no longer', async () => {
  const clock = new VirtualClock()
  let over = 0
  const pause = new GatherPause(clock, () => over++)
  await answered(clock, pause, 2, 3)
  assert.equal(pause.isDue(open(3)), true)
  assert.equal(pause.isDue(open(4)), true)
  assert.equal(pause.isDue(open(5)), false)
  await answered(clock, pause, 5, 0)
  assert.equal(pause.isDue(open(1)), true, 'it paid before: also where nobody came meanwhile')
  await clock.advance(1)
  assert.equal(over, 1)
  assert.equal(pause.isDue(open(1)), false)
  assert.equal(clock.pending, 0)
})

test('a producer with one request under way never waits', async () => {
  const clock = new VirtualClock()
  const pause = new GatherPause(clock, () => assert.fail('no pause'))
  for (let group = 0; group < 10; group++) {
    await answered(clock, pause, 1, 0)
    assert.equal(pause.isDue(open(1)), false)
  }
})

test('large groups do not wait: the disk has enough to do', async () => {
  const clock = new VirtualClock()
  const pause = new GatherPause(clock, () => assert.fail('no pause'))
  await answered(clock, pause, 2, 1)
  assert.equal(pause.isDue(open(1, 1024 * 1024)), false)
})

test('where pauses do not pay there are ever fewer', async () => {
  const clock = new VirtualClock()
  let over = 0
  const pause = new GatherPause(clock, () => over++)
  for (let group = 0; group < 4_000; group++) {
    await answered(clock, pause, 1, 1)
    if (pause.isDue(open(1))) await clock.advance(1)
  }
  assert.ok(over >= 5 && over <= 15, `${over} pauses in 4,000 groups`)
})

test('a group waits for those that are known to come, from its first append on', async () => {
  const clock = new VirtualClock()
  let over = 0
  const pause = new GatherPause(clock, () => over++)
  const begunMs = clock.monotonicMs()
  const followed = (count: number) => ({ ...open(count), begunMs, isFollowed: true })
  assert.equal(pause.isDue(followed(1)), true)
  await clock.advance(2)
  assert.equal(pause.isDue(followed(2)), true)
  assert.equal(pause.isDue({ ...open(3), begunMs }), false, 'nobody is on the way any more')
  assert.equal(pause.isDue(followed(8)), false, 'it is large')
  assert.equal(over, 0)
  await clock.advance(1)
  assert.equal(over, 1)
  assert.equal(pause.isDue(followed(3)), false)
  await answered(clock, pause, 2, 1)
  const mixed = { ...open(1), begunMs: clock.monotonicMs() }
  assert.equal(pause.isDue(mixed), true, 'for those who were answered')
  assert.equal(pause.isDue({ ...mixed, isFollowed: true }), true)
  assert.equal(clock.pending, 1, 'it waits for one thing at a time')
  pause.sealed()
  const next = { ...followed(1), begunMs: clock.monotonicMs() }
  assert.equal(pause.isDue(next), true)
  pause.sealed()
  assert.equal(clock.pending, 0)
})
