import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../../base/errors.ts'
import { ConnectionLost, type During, toFailure } from './failure.ts'

const server = (code: string, severity = 'ERROR'): Error =>
  Object.assign(new Error('server says'), { code, severity })

const kindOf = (error: unknown, during: During = 'statement'): string => {
  const failure = toFailure(error, 'catalog test', during)
  return failure instanceof Failure ? failure.kind : failure.name
}

test('what the server answers is classed by what the caller can do', () => {
  const kinds = {
    unavailable: ['40001', '40P01', '55P03', '57014', '57P01', '57P03', '25P03', '25006', '53300'],
    overloaded: ['53100', '53200'],
    invalid: ['28P01', '3D000', '42501', '42P01', '26000', '54000'],
    corrupt: ['XX001', 'XX002'],
    AssertionFailed: ['42601', '23505', '21000'],
  }
  for (const [kind, codes] of Object.entries(kinds)) {
    for (const code of codes) assert.equal(kindOf(server(code)), kind, code)
  }
})

test('a connection that is lost says nothing of a COMMIT, and everything before it is void', () => {
  const lost = [
    new ConnectionLost('no answer'),
    new Error('Connection terminated unexpectedly'),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    server('57P01', 'FATAL'),
    server('XX000', 'PANIC'),
  ]
  for (const error of lost) {
    assert.equal(kindOf(error, 'statement'), 'unavailable', error.message)
    assert.equal(kindOf(error, 'commit'), 'unknown-outcome', error.message)
  }
  assert.equal(kindOf(server('40001'), 'commit'), 'unavailable', 'an answer: it is rolled back')
})

test('a failure stays what it is', () => {
  const failure = new Failure('conflict', 'as it was')
  assert.equal(toFailure(failure, 'catalog test', 'commit'), failure)
})
