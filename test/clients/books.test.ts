/** The judge of all verifiable clients notices each kind of fault: otherwise it proves nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOf, judge } from '../support/acknowledged.ts'
import type { Acknowledged } from '../support/acknowledged.ts'

const promised: Acknowledged[] = [
  { partition: 0, offset: 0, value: 'p.0' },
  { partition: 0, offset: 1, value: 'p.2' },
  { partition: 1, offset: 0, value: 'p.1' },
]

test('a log that holds what was promised, and more, is without fault', () => {
  const more = { partition: 1, offset: 1, value: 'p.3' }
  assert.deepEqual(faultsOf(judge(promised, promised.slice(0, 1), [...promised, more])), [])
})

test('what is missing is lost', () => {
  assert.deepEqual(judge(promised, promised.slice(0, 2)).lost, ['p.1 at 1:0'])
})

test('what stands twice is found', () => {
  const again = { partition: 1, offset: 1, value: 'p.1' }
  assert.deepEqual(judge(promised, [...promised, again]).twice, ['p.1'])
})

test('an offset given twice is found, by a promise and by an earlier reading', () => {
  const other = { partition: 1, offset: 0, value: 'p.9' }
  const now = [...promised.slice(0, 2), other]
  assert.deepEqual(judge(promised, now).reused, ['1:0 p.1 / p.9'])
  assert.deepEqual(judge([], promised, now).reused, ['1:0 p.1 / p.9'])
})

test('what stands behind a later one is found', () => {
  const swapped = [
    { partition: 0, offset: 0, value: 'p.2' },
    { partition: 0, offset: 1, value: 'p.0' },
  ]
  assert.deepEqual(judge([], swapped).disordered, ['p.0 in 0'])
})
