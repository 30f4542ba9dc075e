import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeText, unescapeText } from './values.ts'

const text = fc.string({ unit: fc.constantFrom('\u0000', '\u0001', '\u0002', 'a', '\u{1f600}') })

test('text that PostgreSQL cannot hold is escaped, and comes back', () => {
  assert.equal(escapeText('plain'), 'plain')
  const property = fc.property(text, (one) => {
    const escaped = escapeText(one)
    assert.ok(!escaped.includes('\u0000'))
    assert.equal(unescapeText(escaped), one)
  })
  fc.assert(property)
})

test('escaped text keeps the order of its bytes', () => {
  const order = (a: string, b: string): number =>
    Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const property = fc.property(text, text, (a, b) => {
    assert.equal(order(escapeText(a), escapeText(b)), order(a, b))
  })
  fc.assert(property, { numRuns: 2_000 })
})
