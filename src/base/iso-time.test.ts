import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIsoTime, parseIsoTime } from './iso-time.ts'

test('days, times and zones are read, in UTC where none is named', () => {
  assert.equal(parseIsoTime('1970-01-02'), 86_400_000)
  assert.equal(parseIsoTime('1970-01-01T00:01'), 60_000)
  assert.equal(parseIsoTime('1970-01-01 00:00:01.5'), 1_500)
  assert.equal(parseIsoTime('1970-01-01T01:00:00+01:00'), 0)
  assert.equal(parseIsoTime('2024-02-29T00:00:00Z'), 1_709_164_800_000)
})

test('what is no time is not guessed at', () => {
  for (const text of ['', 'now', '12', '2026-02-31', '2026-13-01', '2026-11-20T25:00', '20261120'])
    assert.equal(parseIsoTime(text), undefined, text)
})

test('times are written in UTC, and what no calendar holds as a number', () => {
  assert.equal(formatIsoTime(0), '1970-01-01T00:00:00.000Z')
  assert.equal(formatIsoTime(Number.MAX_SAFE_INTEGER), String(Number.MAX_SAFE_INTEGER))
})
