import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './parse-config.ts'
import { parseIpLimits } from './ip-limits.ts'

test('limits are read by address', () => {
  const limits = parseIpLimits('10.0.0.7:100, [2001:DB8::1]:5,::1:0')
  assert.deepEqual(
    limits,
    new Map([
      ['10.0.0.7', 100],
      ['2001:db8::1', 5],
      ['::1', 0],
    ]),
  )
})

test('what is no limit is named, and no broker starts with it', () => {
  for (const part of ['10.0.0.7', 'host:5', '10.0.0.7:-1', '10.0.0.7:1.5', '']) {
    assert.equal(parseIpLimits(`10.0.0.1:1,${part}`), part)
  }
  const name = 'max.connections.per.ip.overrides'
  const parsed = parseConfig({ file: { name: 'f', text: `${name}=10.0.0.1:1,host:5\n` } })
  assert.ok(!parsed.ok)
  assert.match(parsed.errors[0]?.message ?? '', /"host:5" is no IP:COUNT/)
  assert.equal(parsed.errors[0]?.name, name)
})
