import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipOfPeer, parseIp } from './ip-address.ts'

test('an address has one text, however it is written', () => {
  assert.equal(parseIp('10.0.0.7'), '10.0.0.7')
  assert.equal(parseIp('::FFFF:10.0.0.7'), '10.0.0.7')
  assert.equal(parseIp('2001:DB8:0:0::1'), '2001:db8::1')
  assert.equal(parseIp('::1'), '::1')
})

test('what is no address is none', () => {
  for (const text of [
    '',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '1.2.3.4.5',
    ':',
    '1::2::3',
    '::1]',
  ]) {
    assert.equal(parseIp(text), undefined, text)
  }
})

test('the port of a peer is not its address', () => {
  assert.equal(ipOfPeer('10.0.0.7:51234'), '10.0.0.7')
  assert.equal(ipOfPeer('::ffff:10.0.0.7:51234'), '10.0.0.7')
  assert.equal(ipOfPeer('2001:db8::1:80'), '2001:db8::1')
  assert.equal(ipOfPeer('?:0'), '?')
})
