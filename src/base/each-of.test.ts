import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachOf } from './each-of.ts'

test('so many are worked on at once, and no more', async () => {
  let [now, most] = [0, 0]
  const done: number[] = []
  await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (each) => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, 8 - each))
    now--
    done.push(each)
  })
  assert.equal(most, 3)
  assert.deepEqual(
    done.toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7],
  )
})

test('a failure ends the rest, and is thrown when nothing is under way any more', async () => {
  const begun: number[] = []
  let now = 0
  const working = eachOf([1, 2, 3, 4], 2, async (each) => {
    begun.push(each)
    now++
    await new Promise((resolve) => setTimeout(resolve, each))
    now--
    if (each === 1) throw new Error('one')
  })
  await assert.rejects(working, /one/)
  assert.equal(now, 0)
  assert.ok(!begun.includes(4))
})
