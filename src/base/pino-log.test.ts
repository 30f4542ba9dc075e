import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from './log.ts'
import { pinoLog } from './pino-log.ts'

function open(format: 'json' | 'pretty'): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { log: pinoLog({ level: 'info', format, write: (line) => lines.push(line) }), lines }
}

test('one JSON object per line, from the level that is asked for', () => {
  const { log, lines } = open('json')
  log.debug({}, 'too fine')
  log.child({ part: 'journal' }).warn({ lingerMs: 5 }, 'slow')
  assert.equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(rest, { level: 'warn', part: 'journal', lingerMs: 5, msg: 'slow' })
})

test('an error is told with its message, its stack and its cause', () => {
  const { log, lines } = open('json')
  const cause = new Error('ENOSPC')
  log.error({ error: new Error('the journal cannot be written', { cause }) }, 'stopping')
  const { error } = JSON.parse(lines[0] ?? '') as { error: Record<string, unknown> }
  assert.match(String(error['message']), /the journal cannot be written.*ENOSPC/)
  assert.match(String(error['stack']), /pino-log\.test/)
})

test('for people: time, level, part, message and the rest, on one line', () => {
  const { log, lines } = open('pretty')
  log.info({ part: 'kafka', port: 9092, client: 'a b' }, 'serves')
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} {2}info {3}kafka {2}serves {2}/)
  assert.match(lines[0] ?? '', /port=9092 {2}client="a b"\n$/)
})
