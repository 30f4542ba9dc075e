import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../base/crc32c.ts'
import type { GroupHeader } from './group-header.ts'
import { claimedHeaderBytes, decodeGroupHeader, encodeGroupHeader } from './group-header.ts'

const golden: GroupHeader = {
  clusterId: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
  fileIncarnation: 7,
  id: { incarnation: 3, groupNumber: 1_000_001 },
  createdMs: 1_795_000_000_123,
  position: 8192,
  runs: [
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionIndex: 2, length: 300, batches: 2 },
    { topicId: '_____________________w', partitionIndex: 0, length: 61, batches: 1 },
  ],
  byteLength: 361,
  previousChecksum: 0xfedcba98,
}

/** Persisted by version 1: these bytes must be read for ever. */
const goldenBytes = Buffer.from(
  [
    '4b4a4731 00000001 000102030405060708090a0b0c0d0e0f',
    '0000000000000007 0000000000000003 00000000000f4241',
    '000001a1ee565e7b 0000000000002000',
    '0000008c 00000169 00000002 fedcba98 cc8a9c02',
    '00000000000000000000000000000001 00000002 0000012c 00000002',
    'ffffffffffffffffffffffffffffffff 00000000 0000003d 00000001',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

test('the header of format 1 is these bytes', () => {
  const { bytes, checksum } = encodeGroupHeader(golden)
  assert.equal(Buffer.from(bytes).toString('hex'), goldenBytes.toString('hex'))
  assert.equal(checksum, 0xcc8a9c02)
  assert.deepEqual(decodeGroupHeader(goldenBytes), { header: golden, checksum })
})

test('a header with one bit changed, or cut short, is no header', () => {
  const { bytes } = encodeGroupHeader(golden)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(typeof decodeGroupHeader(changed), 'string', `bit ${bit}`)
  }
  for (let size = 0; size < bytes.length; size++) {
    assert.equal(typeof decodeGroupHeader(bytes.subarray(0, size)), 'string', `${size} bytes`)
  }
})

test('what is no header says so', () => {
  assert.equal(decodeGroupHeader(new Uint8Array(4096)), 'empty')
  assert.equal(decodeGroupHeader(new Uint8Array(4096).fill(1)), 'not a group')
  const { bytes } = encodeGroupHeader(golden)
  const later = Buffer.from(bytes)
  later.writeUInt32BE(2, 4)
  later.writeUInt32BE(0, 80)
  later.writeUInt32BE(crc32c(later), 80)
  assert.equal(decodeGroupHeader(later), 'unknown version')
  const huge = Buffer.from(bytes)
  huge.writeUInt32BE(0xffffffff, 72)
  assert.equal(claimedHeaderBytes(huge), undefined, 'a size that is no header is never read')
})

test('any header comes back as it was written', () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const plain = { noNullPrototype: true } as const
  const uint32 = fc.nat(0xffffffff)
  const safe = fc.maxSafeNat()
  const run = fc.record(
    {
      topicId: id.map((bytes) => Buffer.from(bytes).toString('base64url')),
      partitionIndex: fc.nat(),
      length: uint32,
      batches: uint32,
    },
    plain,
  )
  const header = fc.record(
    {
      clusterId: id.map((bytes) => Buffer.from(bytes)),
      fileIncarnation: safe,
      id: fc.record({ incarnation: safe, groupNumber: safe }, plain),
      createdMs: safe,
      position: safe,
      runs: fc.array(run, { maxLength: 40 }),
      byteLength: uint32,
      previousChecksum: uint32,
    },
    plain,
  )
  fc.assert(
    fc.property(header, fc.nat(5000), (each, behind) => {
      const { bytes, checksum } = encodeGroupHeader(each)
      const page = Buffer.concat([bytes, Buffer.alloc(behind, 0xee)])
      assert.equal(claimedHeaderBytes(page), bytes.length)
      assert.deepEqual(decodeGroupHeader(page), { header: each, checksum })
    }),
  )
})
