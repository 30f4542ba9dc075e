import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson, schemaDepthMax, schemaTextMax, sortKeys, type Json } from './exact-json.ts'

const read = (text: string): Json => {
  const outcome = readJson(text)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.value
}
const refusal = (text: string): string => {
  const outcome = readJson(text)
  assert.ok(!outcome.ok)
  return outcome.message
}

test('numbers are written again as they were', () => {
  const text = '{"a":1.0,"b":9223372036854775807,"c":[1e3,0.10],"d":-0,"e":12}'
  assert.equal(JSON.stringify(read(text)), text)
})

test('what is not JSON is refused with line and column', () => {
  assert.match(refusal('{\n  "a": 1,\n  b}'), /line 3, column 3/)
})

test('what is too deep or too long is refused before it is parsed', () => {
  assert.match(refusal('['.repeat(schemaDepthMax + 1)), /levels deep/)
  assert.match(refusal(' '.repeat(schemaTextMax + 1)), /characters/)
  assert.ok(readJson('['.repeat(schemaDepthMax) + ']'.repeat(schemaDepthMax)).ok)
  assert.equal(read(`"${'['.repeat(schemaDepthMax + 1)}\\""`), `${'['.repeat(schemaDepthMax + 1)}"`)
})

test('keys are sorted on every level, and __proto__ is a key like others', () => {
  const sorted = sortKeys(read('{"b":[{"z":1.0,"a":2}],"__proto__":{"y":1},"a":null}'))
  assert.equal(JSON.stringify(sorted), '{"__proto__":{"y":1},"a":null,"b":[{"a":2,"z":1.0}]}')
})
