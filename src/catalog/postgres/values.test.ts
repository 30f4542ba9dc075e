import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arrayOf, escapeText, unescapeText } from './values.ts'

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

test('arrays are as array_recv reads them', () => {
  const hex = (array: Buffer): string =>
    array
      .toString('hex')
      .replaceAll(/(.{8})/g, '$1 ')
      .trim()
  assert.equal(
    hex(arrayOf('int?', [-2, null, 2 ** 33])),
    '00000001 00000001 00000014 00000003 00000001 ' +
      '00000008 ffffffff fffffffe ffffffff 00000008 00000002 00000000',
  )
  assert.equal(
    hex(arrayOf('text', ['né', ''])),
    '00000001 00000000 00000019 00000002 00000001 00000003 6ec3a900 000000',
  )
  assert.equal(
    hex(arrayOf('bytes', [new Uint8Array([0, 255])])),
    '00000001 00000000 00000011 00000001 00000001 00000002 00ff',
  )
  assert.equal(hex(arrayOf('int', [])), '00000001 00000000 00000014 00000000 00000001')
})
