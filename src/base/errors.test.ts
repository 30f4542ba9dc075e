import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as hold, AssertionFailed, unreachable } from './assert.ts'
import { Failure, isFailure } from './errors.ts'

test('a failure is told by its kind and keeps its cause', () => {
  const cause = new Error('EIO')
  const failure = new Failure('unavailable', 'the journal cannot be written', cause)
  assert.equal(failure.cause, cause)
  assert.ok(isFailure(failure))
  assert.ok(isFailure(failure, 'unavailable'))
  assert.ok(!isFailure(failure, 'corrupt'))
  assert.ok(!isFailure(cause))
})

test('a wrong program is no failure', () => {
  hold(true, 'true is true')
  assert.throws(() => hold(0, 'zero is something'), AssertionFailed)
  assert.throws(() => unreachable('north' as never, 'compass'), /compass: unexpected "north"/)
})
