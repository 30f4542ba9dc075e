import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from './log.ts'
import { logLevelOf, LogLevels } from './log-levels.ts'
import { pinoLog } from './pino-log.ts'

function open(format: 'json' | 'pretty'): { log: Log; lines: string[]; levels: LogLevels } {
  const lines: string[] = []
  const levels = new LogLevels(logLevelOf('info'))
  return { log: pinoLog({ levels, format, write: (line) => lines.push(line) }), lines, levels }
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

test('a level counts at once: of a part, and of the root for parts without one', () => {
  const { log, lines, levels } = open('json')
  const [journal, disk] = [log.child({ part: 'journal' }), log.child({ part: 'disk' })]
  const file = journal.child({ file: 7 })
  const logged = (): string[] => {
    lines.length = 0
    for (const each of [log, journal, file, disk]) {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) each[level]({}, level)
    }
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    return parsed.map(({ level, part = 'root', file: of = '' }) => [part, of, level].join(''))
  }
  levels.set('root', 'ERROR')
  levels.set('journal', 'WARN')
  assert.deepEqual(logged(), [
    ...['rooterror', 'journalwarn', 'journalerror', 'journal7warn', 'journal7error'],
    'diskerror',
  ])
  levels.unset('journal')
  levels.set('disk', 'FATAL')
  assert.deepEqual(logged(), ['rooterror', 'journalerror', 'journal7error'])
  levels.set('root', 'TRACE')
  levels.unset('root')
  assert.equal(logged().length, 12)
  const all = { root: 'TRACE', journal: 'TRACE', disk: 'FATAL' }
  assert.deepEqual(Object.fromEntries(levels.all()), all)
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
