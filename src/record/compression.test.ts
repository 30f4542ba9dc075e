/** Codecs: what others write is read, bombs do not go off, and nothing but a Failure comes out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { isFailure } from '../base/errors.ts'
import { CODECS } from './codec.ts'
import { compress, decompress } from './compression.ts'

const PACKING = CODECS.filter((codec) => codec !== 'none')
const MEBIBYTE = 1024 * 1024

for (const codec of CODECS) {
  test(`${codec}: what is packed comes out again, with the limit exactly there`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), fc.nat(40), (seed, times) => {
        const bytes = Buffer.concat(Array.from({ length: times + 1 }, () => seed))
        const unpacked = decompress(codec, compress(codec, bytes), bytes.length)
        assert.equal(Buffer.compare(unpacked, bytes), 0)
      }),
      { numRuns: 100 },
    )
  })
}

for (const codec of PACKING) {
  test(`${codec}: one byte above the limit is refused`, () => {
    const packed = compress(codec, Buffer.alloc(10_000, 'ab'))
    assert.equal(decompress(codec, packed, 10_000).length, 10_000)
    assert.throws(
      () => decompress(codec, packed, 9_999),
      (error) => isFailure(error, 'invalid'),
    )
  })

  test(`${codec}: a bomb takes no more memory than the limit allows`, () => {
    const packed = compress(codec, Buffer.alloc(256 * MEBIBYTE))
    const before = process.memoryUsage().rss
    for (let i = 0; i < 3; i++) {
      assert.throws(
        () => decompress(codec, packed, MEBIBYTE),
        (error) => isFailure(error, 'invalid'),
      )
    }
    const grown = process.memoryUsage().rss - before
    assert.ok(grown < 32 * MEBIBYTE, `grew by ${grown} bytes`)
  })

  test(`${codec}: cut anywhere, it is corrupt, not short`, () => {
    const packed = compress(codec, Buffer.from('all of it, or nothing at all. '.repeat(40)))
    for (let end = 0; end < packed.length; end++) {
      assert.throws(
        () => decompress(codec, packed.subarray(0, end), 5000),
        (error) => isFailure(error, 'corrupt'),
        `${end} of ${packed.length} bytes`,
      )
    }
  })

  test(`${codec}: damaged bytes end in a Failure or within the limit`, () => {
    const packed = compress(codec, Buffer.from('some text that repeats, repeats '.repeat(99)))
    const place = fc.record({ at: fc.nat(packed.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 8 }), (damages) => {
        const damaged = Buffer.from(packed)
        for (const { at, byte } of damages) damaged[at] = byte
        try {
          assert.ok(decompress(codec, damaged, 20_000).length <= 20_000)
        } catch (error) {
          assert.ok(isFailure(error, 'corrupt') || isFailure(error, 'invalid'), String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
}

test('zstd with a window of 128 MiB takes no more memory than its content', () => {
  const params = { [constants.ZSTD_c_windowLog]: 27 }
  const small = zstdCompressSync(Buffer.alloc(MEBIBYTE, 'window'), { params })
  const before = process.memoryUsage().rss
  assert.equal(decompress('zstd', small, MEBIBYTE).length, MEBIBYTE)
  assert.ok(process.memoryUsage().rss - before < 32 * MEBIBYTE)
})

test('gzip in several members is one content', () => {
  const two = Buffer.concat([gzipSync('one '), gzipSync('two')])
  assert.equal(Buffer.from(decompress('gzip', two, 7)).toString(), 'one two')
  assert.throws(
    () => decompress('gzip', two, 6),
    (error) => isFailure(error, 'invalid'),
  )
})

// By hand, from the description of the format: size 11, a literal of 6, a copy of 5 from 6 back.
const RAW_BLOCK = Buffer.from([11, 0x14, ...Buffer.from('karst '), 0x05, 6])
const STREAM_HEADER = Buffer.from('82534e41505059000000000100000001', 'hex')
const framed = (...blocks: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    STREAM_HEADER,
    ...blocks.flatMap((block) => [Buffer.from([0, 0, 0, block.length]), block]),
  ])

test('snappy as one raw block and as the stream of snappy-java', () => {
  const text = 'karst karst'
  assert.equal(Buffer.from(decompress('snappy', RAW_BLOCK, 11)).toString(), text)
  assert.equal(Buffer.from(decompress('snappy', framed(RAW_BLOCK), 11)).toString(), text)
  const three = framed(RAW_BLOCK, RAW_BLOCK, RAW_BLOCK)
  assert.equal(Buffer.from(decompress('snappy', three, 33)).toString(), text.repeat(3))
  assert.equal(decompress('snappy', framed(), 0).length, 0)
  assert.throws(
    () => decompress('snappy', three, 32),
    (error) => isFailure(error, 'invalid'),
  )
  for (let end = STREAM_HEADER.length + 1; end < three.length; end++) {
    if ((end - STREAM_HEADER.length) % (4 + RAW_BLOCK.length) === 0) continue
    assert.throws(
      () => decompress('snappy', three.subarray(0, end), 33),
      (error) => isFailure(error, 'corrupt'),
    )
  }
})

test('snappy: a claim that no block can keep is corrupt before memory is taken', () => {
  const liar = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0])
  assert.throws(
    () => decompress('snappy', liar, Number.MAX_SAFE_INTEGER),
    (error) => isFailure(error, 'corrupt'),
  )
})

// `lz4 -B4 -BD -BX --content-size`, 1.9.4: linked blocks, content size and every checksum.
const LZ4_FRAME = Buffer.from(
  'BCJNGFxAQAABAAAAAADPGwEAAP8Ba2Fyc3QtMDEyMzQ1Njc4ORAA' +
    '/'.repeat(341) +
    '9hQNTY3ODkYbJclGwAAAP8Ba2Fyc3QtMDEyMzQ1Njc4ORAAGFA1Njc4OdMK37oAAAAAHZE5Mg==',
  'base64',
)

test('lz4 frames with every option are read', () => {
  const text = 'karst-0123456789'.repeat(4100)
  assert.equal(Buffer.from(decompress('lz4', LZ4_FRAME, text.length)).toString(), text)
  assert.throws(
    () => decompress('lz4', LZ4_FRAME, text.length - 1),
    (error) => isFailure(error, 'invalid'),
  )
  assert.throws(
    () => decompress('lz4', Buffer.concat([LZ4_FRAME, LZ4_FRAME]), 1e6),
    (error) => isFailure(error, 'corrupt'),
  )
})

test('lz4: the frames of another implementation are read, and it reads ours', () => {
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.record({ byte: fc.nat(255), length: fc.integer({ min: 1, max: 70_000 }) }),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(11), { maxLength: 20 }),
      (ps, order) => {
        const pieces = ps.map((p) => ('byte' in p ? Buffer.alloc(p.length, p.byte) : p))
        const again = order.flatMap((i) => pieces[i] ?? [])
        const bytes = Buffer.concat([...pieces, ...again])
        const ours = compress('lz4', bytes)
        assert.equal(Buffer.compare(decompressFrameSync(Buffer.from(ours)), bytes), 0)
        assert.equal(Buffer.compare(decompress('lz4', ours, bytes.length), bytes), 0)
        const theirs = compressFrameSync(bytes, { contentChecksum: true, blockChecksums: true })
        assert.equal(Buffer.compare(decompress('lz4', theirs, bytes.length), bytes), 0)
      },
    ),
    { numRuns: 150 },
  )
})

test('lz4: what does not shrink hardly grows', () => {
  let state = 1
  const noise = Uint8Array.from({ length: 200_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
  for (const length of [1, 11, 12, 13, 65_535, 65_536, 65_537, 200_000]) {
    const packed = compress('lz4', noise.subarray(0, length))
    assert.ok(packed.length <= length + 11 + 4 * Math.ceil(length / 65_536), `${length} bytes`)
    assert.equal(Buffer.compare(decompress('lz4', packed, length), noise.subarray(0, length)), 0)
  }
})

test('lz4: a match that reaches before the output is corrupt, at any length', () => {
  const frame = (...block: readonly number[]): Buffer =>
    Buffer.from([
      0x04,
      0x22,
      0x4d,
      0x18,
      0x60,
      0x40,
      0x82,
      block.length,
      0,
      0,
      0,
      ...block,
      0,
      0,
      0,
      0,
    ])
  // Two literals, a match of `length`, one literal.
  const matching = (distance: number, extra: number): Buffer =>
    frame(0x2f, 0x61, 0x62, distance, 0, extra, 0x10, 0x63)
  assert.equal(
    Buffer.from(decompress('lz4', matching(2, 0), 99)).toString(),
    `${'ab'.repeat(10)}ac`,
  )
  for (const extra of [0, 40]) {
    for (const distance of [0, 3, 200]) {
      assert.throws(
        () => decompress('lz4', matching(distance, extra), 99),
        (error) => isFailure(error, 'corrupt'),
        `${distance} back`,
      )
    }
  }
})

test('lz4: a block ends in five literals, and no match begins in its last twelve bytes', () => {
  const ends = Buffer.from(compress('lz4', Buffer.alloc(1000, 'a'))).subarray(-10)
  assert.deepEqual(ends, Buffer.from([0x50, ...Buffer.from('aaaaa'), 0, 0, 0, 0]))
  const stored = compress('lz4', Buffer.alloc(13, 'a'))
  assert.equal(stored.length, 7 + 4 + 13 + 4)
})

test('snappy: lengths of blocks in a stream are held to what is there', () => {
  for (const length of [
    [0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0xf0],
    [0, 0, 0, RAW_BLOCK.length + 1],
  ]) {
    const bytes = Buffer.concat([STREAM_HEADER, Buffer.from(length), RAW_BLOCK])
    assert.throws(
      () => decompress('snappy', bytes, 100),
      (error: unknown) => isFailure(error, 'corrupt') && /block at 16 has/.test(error.message),
    )
  }
})
