import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationText } from './duration-text.ts'

test('durations in the largest unit that fits', () => {
  assert.deepEqual([0, 1, 1_500, 90_000, 120_000, 86_400_000 * 180].map(durationText), [
    '0 ms',
    '1 ms',
    '1500 ms',
    '90 s',
    '2 min',
    '180 d',
  ])
})
