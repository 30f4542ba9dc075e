import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './system-clock.ts'
import { ThreadShare } from './thread-share.ts'

test('a long chain of work lets others in between, a short one is not held up', async () => {
  const share = new ThreadShare(systemClock)
  let others = 0
  const beat = setInterval(() => others++, 1)
  const begunMs = performance.now()
  let pauses = 0
  while (performance.now() - begunMs < 200) {
    const pause = share.pass()
    if (pause !== undefined) pauses++
    await pause
  }
  clearInterval(beat)
  assert.ok(others >= 3, `others came ${others} times`)
  assert.ok(pauses >= 3 && pauses <= 20, `${pauses} pauses`)
})

test('what comes after the event loop has turned begins at once', async () => {
  const share = new ThreadShare(systemClock)
  assert.equal(share.pass(), undefined)
  const begunMs = performance.now()
  while (performance.now() - begunMs < 15);
  assert.notEqual(share.pass(), undefined)
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(share.pass(), undefined)
})
