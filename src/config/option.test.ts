import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, parseAddress } from './address.ts'
import { allowedOf, readOption, type OptionSpec } from './option.ts'

const bytes: OptionSpec = { type: 'integer', unit: 'bytes', default: 1, min: 1, doc: '' }
const retention: OptionSpec = { ...bytes, unit: 'ms', minusOne: 'for ever' }
const read = (spec: OptionSpec, text: string): unknown => {
  const result = readOption(spec, text)
  return result.ok ? result.value : 'refused'
}

test('sizes and durations, plain or with a suffix', () => {
  assert.equal(read(bytes, ' 1024 '), 1024)
  assert.equal(read(bytes, '64MiB'), 67_108_864)
  assert.equal(read(bytes, '4 GiB'), 4_294_967_296)
  assert.equal(read(retention, '7d'), 604_800_000)
  assert.equal(read(retention, '-1'), -1)
  assert.equal(read({ ...retention, unit: 'minutes' }, '7d'), 10_080)
})

test('no integer, another unit, out of range, or too large to be exact: refused', () => {
  for (const text of [
    '',
    '1.5',
    '1e3',
    'ten',
    '64MB',
    '7d',
    '0',
    '-2',
    '9007199254740993',
    '0x10',
  ]) {
    assert.equal(read(bytes, text), 'refused', text)
  }
  assert.equal(read(bytes, '-1'), 'refused')
  assert.equal(read(bytes, '9007199254740991TiB'), 'refused')
})

test('choices, booleans and addresses', () => {
  const level: OptionSpec = { type: 'choice', choices: ['info', 'warn'], default: 'info', doc: '' }
  assert.equal(read(level, 'warn'), 'warn')
  assert.equal(read(level, 'WARN'), 'refused')
  assert.equal(allowedOf(level), 'one of info, warn')
  const policy: OptionSpec = { ...level, anyCase: true }
  assert.equal(read(policy, 'WARN'), 'warn')
  const assignors: OptionSpec = { type: 'list', choices: ['a', 'b'], default: 'a,b', doc: '' }
  assert.equal(read(assignors, ' b , a'), 'b,a')
  for (const text of ['', 'a,', 'a,c', 'a,a', 'A']) {
    assert.equal(read(assignors, text), 'refused', text)
  }
  assert.equal(allowedOf(assignors), 'a list of a, b, with commas, each at most once')
  const enabled: OptionSpec = { type: 'boolean', default: true, doc: '' }
  assert.equal(read(enabled, 'false'), false)
  assert.equal(read(enabled, 'no'), 'refused')
  const listen: OptionSpec = { type: 'address', default: '', doc: '' }
  assert.equal(read(listen, '0.0.0.0:9092'), '0.0.0.0:9092')
  assert.equal(read(listen, '9092'), 'refused')
})

test('addresses', () => {
  assert.deepEqual(parseAddress('broker-1.example:9092'), { host: 'broker-1.example', port: 9092 })
  assert.deepEqual(parseAddress('[::1]:0'), { host: '::1', port: 0 })
  for (const text of ['::1:9092', 'host', 'host:', ':1', 'host:65536', 'a b:1', 'http://h:1']) {
    assert.equal(parseAddress(text), undefined, text)
  }
  assert.equal(formatAddress({ host: '::1', port: 1 }), '[::1]:1')
  assert.equal(formatAddress({ host: 'h', port: 1 }), 'h:1')
})
