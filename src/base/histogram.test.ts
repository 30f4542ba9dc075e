import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from './histogram.ts'

test('values are counted up to their bound, bounds included', () => {
  const histogram = new Histogram([1, 10])
  for (const value of [0, 1, 1.5, 10, 11, 1e9]) histogram.observe(value)
  assert.deepEqual([...histogram.counts], [2, 2, 2])
  assert.equal(histogram.count, 6)
  assert.equal(histogram.sum, 1e9 + 23.5)
})

test('bounds that do not rise are a wrong program', () => {
  assert.throws(() => new Histogram([2, 1]), /rise/)
})
