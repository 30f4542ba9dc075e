/** The frame of packed objects: golden bytes, and bytes that are not what they claim to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import {
  decodePackedFooter,
  decodePackedHeader,
  decodePackedTrailer,
  encodePackedFooter,
  encodePackedHeader,
  type PackedFooter,
  packedTrailerBytes,
} from './packed-object.ts'

const clusterId = Buffer.from('00112233445566778899aabbccddeeff', 'hex').toString('base64url')
const topicId = Buffer.from('0f0e0d0c0b0a09080706050403020100', 'hex').toString('base64url')
const identity = { clusterId, number: 2 ** 40 + 7, createdMs: 1_700_000_000_000 }
const footer: PackedFooter = {
  topics: new Map([[topicId, 'orders']]),
  extents: [
    {
      topicId,
      partitionIndex: 3,
      leaderEpoch: 1,
      baseOffset: 2 ** 33,
      nextOffset: 2 ** 33 + 100,
      position: 48,
      length: 4096,
      maxTimestampMs: -1,
      checksum: 0xdeadbeef,
    },
  ],
}

test('golden bytes of version 1', () => {
  assert.equal(
    Buffer.from(encodePackedHeader(identity)).toString('hex'),
    '4b504f3100000001' +
      '00112233445566778899aabbccddeeff' +
      '0000010000000007' +
      '0000018bcfe56800' +
      '00000000' +
      '183646bc',
  )
  assert.equal(
    Buffer.from(encodePackedFooter(footer, 4144)).toString('hex'),
    '0f0e0d0c0b0a09080706050403020100' +
      '00000003' +
      '00000001' +
      '0000000200000000' +
      '0000000200000064' +
      '0000000000000030' +
      '00001000' +
      'ffffffffffffffff' +
      'deadbeef' +
      '0f0e0d0c0b0a09080706050403020100' +
      '0006' +
      '6f7264657273' +
      '0000000000001030' +
      '00000058' +
      '00000001' +
      '00000001' +
      '00000001' +
      'b2e91dad' +
      '4b504f31',
  )
})

test('what is written is read again', () => {
  assert.deepEqual(decodePackedHeader(encodePackedHeader(identity)), identity)
  const bytes = encodePackedFooter(footer, 4144)
  assert.deepEqual(decodePackedFooter(bytes), footer)
  const trailer = decodePackedTrailer(bytes.subarray(bytes.length - packedTrailerBytes))
  assert.deepEqual(trailer, { position: 4144, length: bytes.length - packedTrailerBytes })
})

test('a flipped bit anywhere is noticed', () => {
  const noticed = (error: unknown): boolean =>
    isFailure(error, 'corrupt') || isFailure(error, 'invalid')
  for (const [encoded, decode] of [
    [encodePackedHeader(identity), decodePackedHeader],
    [encodePackedFooter(footer, 4144), decodePackedFooter],
  ] as const) {
    for (let at = 0; at < encoded.length; at++) {
      const damaged = Uint8Array.from(encoded)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      assert.throws(() => decode(damaged), noticed, `byte ${at}`)
    }
    for (let length = 0; length < encoded.length; length++) {
      assert.throws(() => decode(encoded.subarray(0, length)), noticed, `cut to ${length}`)
    }
  }
})
