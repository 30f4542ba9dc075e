import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from './log.ts'

test('the silent log takes every line, and its children are as silent', () => {
  silentLog.debug({}, 'one')
  silentLog.info({}, 'two')
  silentLog.warn({}, 'three')
  silentLog.error({ error: new Error('x') }, 'four')
  assert.equal(silentLog.child({ part: 'journal' }), silentLog)
})
