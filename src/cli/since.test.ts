import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSince } from './since.ts'
import { UsageError } from './usage-error.ts'

test('so long before now, or a time', () => {
  const nowMs = Date.parse('2026-11-20T12:00:00Z')
  const since = (text: string): string =>
    new Date(parseSince('--since', text, nowMs)).toISOString().slice(0, 19)
  assert.equal(since('7d'), '2026-11-13T12:00:00')
  assert.equal(since('2w'), '2026-11-06T12:00:00')
  assert.equal(since('90m'), '2026-11-20T10:30:00')
  assert.equal(since('36h'), '2026-11-19T00:00:00')
  assert.equal(since('15s'), '2026-11-20T11:59:45')
  assert.equal(since('2026-11-01'), '2026-11-01T00:00:00')
  assert.equal(since('999999999w'), '1970-01-01T00:00:00')
  for (const text of ['', '7', 'd', '-7d', '7 d', '1.5h', '7D', 'yesterday']) {
    assert.throws(() => parseSince('--since', text, nowMs), UsageError, text)
  }
})
