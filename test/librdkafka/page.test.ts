import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compatibilityPage } from './page.ts'
import type { Reason } from './reasons.ts'
import type { Result } from './results.ts'
import type { ListedTest } from './suite.ts'

const listed = (name: string, kind: ListedTest['kind']): ListedTest => ({
  name,
  number: name.slice(0, 4),
  kind,
  scenario: 'default',
})
const tests = [
  listed('0001_one', 'broker'),
  listed('0002_two', 'broker'),
  listed('0003_mock', 'local'),
  listed('0049_slow', 'sockem'),
]
const result = (changes: Partial<Result>): Result => ({
  subject: 'karst',
  mode: 'classic',
  version: 'abc1234',
  date: '2026-11-20',
  test: '0001_one',
  state: 'passed',
  detail: '',
  seconds: 1,
  ...changes,
})
const reasons: Reason[] = [
  { test: '0002', subject: 'karst', modes: ['classic'], reason: 'It needs a thing.' },
]
const pageOf = (results: Result[]): string =>
  compatibilityPage({ tests, results, librdkafka: '2.15.1', reasons })

test('only broker tests are counted, and only those that were run', () => {
  const page = pageOf([
    result({}),
    result({ test: '0002_two', state: 'skipped' }),
    result({ test: '0049_slow' }),
    result({ subject: 'kafka', version: '4.3.1' }),
    result({ subject: 'fleet', test: '0002_two' }),
  ])
  assert.match(page, /\| classic \| as it comes \| 1 of 2 \| 1 of 1 \| 1 of 1 \|/)
  assert.match(page, /\| consumer \| .* \| not run \| not run \| not run \|/)
  assert.match(page, /\| 0049_slow \(throttled socket\) \| passed \| · \| · \|/)
  assert.doesNotMatch(page, /0003_mock/)
})

test('a miss has its reason where it holds, and shows that it has none elsewhere', () => {
  const page = pageOf([
    result({ test: '0002_two', state: 'failed', detail: 'said a|b' }),
    result({ test: '0002_two', mode: 'consumer', state: 'hung', detail: 'said this' }),
  ])
  const row = page.split('\n').find((line) => line.startsWith('| 0002_two | classic'))
  assert.equal(
    row,
    '| 0002_two | classic: failed, consumer: hung | It needs a thing. ' +
      '**No reason known.** The suite says: said this |',
  )
  const unknown = pageOf([result({ test: '0001_one', state: 'failed', detail: 'said a|b' })])
  assert.match(unknown, /\*\*No reason known\.\*\* The suite says: said a\\\|b/)
})

test('of a fleet only what one broker passes is told as a miss', () => {
  const fleet = (changes: Partial<Result>) =>
    result({ subject: 'fleet', state: 'failed', ...changes })
  const page = pageOf([
    result({}),
    result({ test: '0002_two', state: 'failed' }),
    fleet({ detail: 'late' }),
    fleet({ test: '0002_two' }),
  ])
  const section = page.split('## ').find((each) => each.startsWith('Where a fleet'))
  assert.match(section ?? '', /\| 0001_one \| classic: failed \| .*The suite says: late \|/)
  assert.doesNotMatch(section ?? '', /0002_two/)
  assert.match(pageOf([result({})]), /## Where a fleet .*\n\nNot run\.\n/)
})
