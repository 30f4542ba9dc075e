import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../base/crc32c.ts'
import {
  claimedObjectHeaderBytes,
  decodeObjectHeader,
  encodeObjectHeader,
  type ObjectHeader,
} from './object-header.ts'

const golden: ObjectHeader = {
  clusterId: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
  brokerId: 5,
  id: { incarnation: 3, groupNumber: 1_000_001 },
  createdMs: 1_795_000_000_123,
  runs: [
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionIndex: 2, length: 300, batches: 2 },
    { topicId: '_____________________w', partitionIndex: 0, length: 61, batches: 1 },
  ],
  byteLength: 361,
  decided: [
    {
      id: { incarnation: 3, groupNumber: 999_998 },
      state: 'committed',
      leaderEpoch: 4,
      outcomes: [
        { outcome: 'appended', baseOffset: 2 ** 33 },
        { outcome: 'refused', reason: 'out-of-order-sequence' },
      ],
      markers: [],
    },
    {
      id: { incarnation: 3, groupNumber: 999_999 },
      state: 'committed',
      leaderEpoch: 4,
      outcomes: [],
      markers: [
        {
          topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
          partitionIndex: 2,
          offset: 2 ** 33 + 1,
          marker: {
            type: 'commit',
            producerId: 77,
            producerEpoch: 9,
            coordinatorEpoch: 1,
            timestampMs: 1_795_000_000_000,
            transactionVersion: 2,
          },
        },
      ],
    },
    {
      id: { incarnation: 3, groupNumber: 1_000_000 },
      state: 'cancelled',
      leaderEpoch: 0,
      outcomes: [],
      markers: [],
    },
  ],
}

/** Persisted by version 1: these bytes must be read for ever. */
const goldenBytes = Buffer.from(
  [
    '4b4a4f31 00000001 000102030405060708090a0b0c0d0e0f 00000005',
    '0000013d 0000000000000003 00000000000f4241 000001a1ee565e7b',
    '00000169 00000002 00000003 000000b9 5a024854',
    '00000000000000000000000000000001 00000002 0000012c 00000002',
    'ffffffffffffffffffffffffffffffff 00000000 0000003d 00000001',
    '0000000000000003 00000000000f423e 00000001 00000004 00000023 00000000',
    '01 00 0000000200000000 ffffffffffffffff 04 ffffffffffffffff ffffffffffffffff',
    '0000000000000003 00000000000f423f 00000001 00000004 00000001 00000001',
    '01',
    '00000000000000000000000000000001 00000002 0000000200000001 000001a1ee565e00',
    '000000000000004d 00000001 0009 01 02',
    '0000000000000003 00000000000f4240 00000000 00000000 00000001 00000000',
    '01',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

test('the header of format 1 is these bytes', () => {
  const bytes = encodeObjectHeader(golden)
  assert.equal(Buffer.from(bytes).toString('hex'), goldenBytes.toString('hex'))
  assert.deepEqual(decodeObjectHeader(goldenBytes), golden)
  assert.equal(claimedObjectHeaderBytes(goldenBytes), goldenBytes.length)
})

test('a header with one bit changed, or cut short, is none', () => {
  for (let bit = 0; bit < goldenBytes.length * 8; bit++) {
    const changed = Buffer.from(goldenBytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(typeof decodeObjectHeader(changed), 'string', `bit ${bit}`)
  }
  for (let size = 0; size < goldenBytes.length; size++) {
    assert.equal(typeof decodeObjectHeader(goldenBytes.subarray(0, size)), 'string', `${size}`)
  }
})

test('a later version says so', () => {
  const later = Buffer.from(goldenBytes)
  later[7] = 2
  later.fill(0, 72, 76)
  later.writeUInt32BE(crc32c(later), 72)
  assert.equal(decodeObjectHeader(later), 'unknown version')
  assert.equal(decodeObjectHeader(new Uint8Array(4096)), 'not a journal object')
})

test('what is written is read again', () => {
  const plain = { noNullPrototype: true } as const
  const uint = (max = 2 ** 32 - 1): fc.Arbitrary<number> => fc.integer({ min: 0, max })
  const id = fc.record({ incarnation: uint(2 ** 53 - 1), groupNumber: uint(2 ** 53 - 1) }, plain)
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const topicId = sixteen.map((bytes) => Buffer.from(bytes).toString('base64url'))
  const run = fc.record({ topicId, partitionIndex: uint(), length: uint(), batches: uint() }, plain)
  const outcome = fc.oneof(
    fc.record({ outcome: fc.constant('appended' as const), baseOffset: uint(2 ** 53 - 1) }, plain),
    fc.constant({ outcome: 'refused', reason: 'unknown-partition' } as const),
  )
  const decided = fc.record(
    {
      id,
      state: fc.constantFrom('committed' as const, 'cancelled' as const),
      leaderEpoch: uint(2 ** 31 - 1),
      outcomes: fc.array(outcome, { maxLength: 5 }),
      markers: fc.constant([]),
    },
    plain,
  )
  const header = fc.record(
    {
      clusterId: sixteen.map((bytes) => Buffer.from(bytes)),
      brokerId: uint(2 ** 31 - 1),
      id,
      createdMs: uint(2 ** 52),
      runs: fc.array(run, { maxLength: 5 }),
      byteLength: uint(),
      decided: fc.array(decided, { maxLength: 5 }),
    },
    plain,
  )
  fc.assert(
    fc.property(header, (each) => {
      assert.deepEqual(decodeObjectHeader(encodeObjectHeader(each)), each)
    }),
  )
})
