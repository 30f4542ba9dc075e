/** A pattern that the engine matches says what RE2 says of it; others are left to RE2. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { linearPattern, plainMatcher, re2Matcher } from './linear-pattern.ts'

const atom = fc.constantFrom(
  'a',
  '_',
  '-',
  '/',
  ':',
  ' ',
  '\\d',
  '\\w',
  '\\.',
  '[a-c]',
  '[\\w.-]',
  '[0-9a-f]',
)
const quantifier = fc.constantFrom('', '', '', '+', '*', '{2}', '{1,3}', '{2,}')
const pattern = fc
  .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 4 })
  .map((parts) => `^${parts.map((part) => part.join('')).join('')}$`)
const char = fc.constantFrom(
  'a',
  'b',
  '_',
  '-',
  '/',
  ':',
  ' ',
  '.',
  '7',
  'f',
  '\n',
  'é',
  '😀',
  '\ud800',
)
const text = fc.array(char, { maxLength: 6 }).map((chars) => chars.join(''))

test('whichever engine matches, it says the same', () => {
  let native = 0
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (given, texts) => {
      const matcher = linearPattern(given)
      const re2 = re2Matcher(given)
      assert.ok(matcher !== undefined && re2 !== undefined)
      if (plainMatcher(given) !== undefined) native++
      for (const each of texts) assert.equal(matcher.test(each), re2.test(each), `${given} ${each}`)
    }),
    { numRuns: 3_000 },
  )
  assert.ok(native > 1_000, `${native} were matched by the engine`)
})

test('what could be gone back over is left to RE2, and so is what the two read otherwise', () => {
  const left = ['^(a+)+$', '^a+a+$', '^a{1,9}b*$', 'a+$', '^a+', '^a|b$', '^.+$', '^[^a]$', '^a?$']
  for (const given of [...left, '^\\s$', '^é$', '^[a-\\d]$', '^a{9999}{2}$']) {
    assert.equal(plainMatcher(given), undefined, given)
  }
  assert.ok(plainMatcher('^[a-z][a-z0-9-]*$') !== undefined)
  assert.equal(linearPattern('^[z-a]$'), undefined)
})
