import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed } from '../base/assert.ts'
import { Histogram } from '../base/histogram.ts'
import { exposition } from './exposition.ts'
import { metricTable } from './metric-table.ts'

test('samples are printed with help, type, labels and escapes', () => {
  const text = exposition(
    new Map([['karst_topic_read_bytes_total', [[['a"b\\c\nd'], 7]] as const]]),
  )
  const lines = text.split('\n')
  assert.match(lines[0] ?? '', /^# HELP karst_topic_read_bytes_total Bytes /)
  assert.equal(lines[1], '# TYPE karst_topic_read_bytes_total counter')
  assert.equal(lines[2], 'karst_topic_read_bytes_total{topic="a\\"b\\\\c\\nd"} 7')
  assert.deepEqual(lines.slice(3), [''])
})

test('the buckets of a histogram are cumulated', () => {
  const histogram = new Histogram([1, 2])
  for (const value of [0.5, 1.5, 1.5, 9]) histogram.observe(value)
  const text = exposition(new Map([['karst_journal_write_seconds', [[[], histogram]] as const]]))
  assert.deepEqual(text.split('\n').slice(2, -1), [
    'karst_journal_write_seconds_bucket{le="1"} 1',
    'karst_journal_write_seconds_bucket{le="2"} 3',
    'karst_journal_write_seconds_bucket{le="+Inf"} 4',
    'karst_journal_write_seconds_sum 12.5',
    'karst_journal_write_seconds_count 4',
  ])
})

test('what the table does not have, or has otherwise, is a wrong program', () => {
  const one = (name: string, labels: string[]) => () =>
    exposition(new Map([[name, [[labels, 1]] as const]]))
  assert.throws(one('karst_typo', []), AssertionFailed)
  assert.throws(one('karst_topics', ['label']), AssertionFailed)
  assert.throws(one('karst_journal_write_seconds', []), AssertionFailed)
})

test('names follow the conventions: counters end in _total, units are base units', () => {
  for (const [name, { type, labels }] of Object.entries(metricTable)) {
    assert.match(name, /^(karst|process|nodejs)(_[a-z]+)+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|kilobytes|percent)(_|$)/)
    for (const label of labels) assert.match(label, /^[a-z]+(_[a-z]+)*$/)
  }
})
