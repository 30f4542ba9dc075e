import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, errorInfos } from './error-codes.ts'

test('codes run from -1 to 133 without a gap, each with a sentence', () => {
  const codes = Object.values(ErrorCode).toSorted((a, b) => a - b)
  assert.deepEqual(
    codes,
    Array.from({ length: 135 }, (_, i) => i - 1),
  )
  for (const { description, name } of errorInfos.values()) {
    assert.match(description, /^[A-Za-z].*\.$/, name)
  }
})

test('an error is found by its code', () => {
  assert.equal(errorInfos.get(ErrorCode.NOT_COORDINATOR)?.name, 'NOT_COORDINATOR')
  assert.equal(errorInfos.get(16)?.retriable, true)
  assert.equal(errorInfos.get(ErrorCode.UNKNOWN_SERVER_ERROR)?.retriable, false)
})
