/**
 * Packs and unpacks the records of a batch. Unpacking is bounded before the memory is taken: a
 * batch is hostile until it is read. snappy, a native package, loads when it is first met, so that
 * a broker that never meets it starts lean.
 */
import { createRequire } from 'node:module'
import {
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from 'node:zlib'
import { Failure } from '../base/errors.ts'
import type { Codec } from './codec.ts'
import { unpackLz4Frame } from './lz4-frame.ts'
import { packLz4Frame } from './lz4-pack.ts'
import { snappyBlocks } from './snappy-blocks.ts'

/**
 * What a batch may unpack to where a caller has no better limit. Bytes; 64 times the default of
 * max.message.bytes, and with working memory still well within what a small broker has.
 */
export const DECOMPRESSED_BYTES_MAX: number = 64 * 1024 * 1024

type Snappy = typeof import('snappy')

const load = createRequire(import.meta.url)
let snappyLoaded: Snappy | undefined
const snappy = (): Snappy => (snappyLoaded ??= load('snappy') as Snappy)

/** Output that V8 counts and frees; without it RSS rises by gigabytes before anybody notices. */
const COUNTED_OUTPUT = { asBuffer: true, copyOutputData: true }

/** Output is gathered in chunks: few for large batches, and little waste for small ones. Bytes. */
const CHUNK_BYTES_MIN = 4 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024
/** What most batches unpack to, times their packed size; a wrong guess costs one more chunk. */
const LIKELY_RATIO = 4

/** From here on zstd's own windows, and the tables to search them, take up to a gigabyte. */
const ZSTD_ULTRA_FROM = 20
/** 8 MiB, as level 19 has it: larger than nearly every batch. */
const ZSTD_WINDOW_LOG_MAX = 23

/**
 * Unpacks `bytes`; 'none' returns them as they are. The output, and up to about twice as much
 * memory on the way, is bounded by `bytesMax`, whatever the bytes claim.
 *
 * @throws Failure 'corrupt': not what the codec writes, or cut short.
 * @throws Failure 'invalid': would unpack to more than `bytesMax`.
 * @throws Failure 'overloaded': the codec could not get its working memory.
 */
export function decompress(codec: Codec, bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (codec === 'none') return bytes
  if (bytes.length === 0) throw new Failure('corrupt', `${codec}: no bytes to unpack`)
  try {
    switch (codec) {
      case 'gzip':
        return gunzipSync(bytes, outputBound(bytes, bytesMax))
      case 'snappy':
        return unpackSnappy(bytes, bytesMax)
      case 'lz4':
        return unpackLz4Frame(bytes, bytesMax)
      case 'zstd':
        return zstdDecompressSync(bytes, outputBound(bytes, bytesMax))
    }
  } catch (error) {
    throw asFailure(codec, error, bytesMax)
  }
}

/**
 * Packs `bytes` as every client can read it: snappy as one raw block, lz4 as a frame of independent
 * blocks. `level` is the codec's own (KIP-390): of gzip 1 to 9 or -1, of zstd up to 22; without it
 * the codec's default. snappy has none, and lz4 packs fast at each.
 */
export function compress(codec: Codec, bytes: Uint8Array, level?: number): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, level === undefined ? {} : { level })
    case 'snappy':
      return snappy().compressSync(bytes, { copyOutputData: true })
    case 'lz4':
      return packLz4Frame(bytes)
    case 'zstd':
      return zstdCompressSync(bytes, zstdOptions(bytes, level))
  }
}

/** With the size known beforehand tables are no larger than the bytes need. */
function zstdOptions(bytes: Uint8Array, level: number | undefined): ZstdOptions {
  if (level === undefined) return {}
  const { ZSTD_c_compressionLevel, ZSTD_c_windowLog } = constants
  const window = level < ZSTD_ULTRA_FROM ? {} : { [ZSTD_c_windowLog]: ZSTD_WINDOW_LOG_MAX }
  const params = { [ZSTD_c_compressionLevel]: level, ...window }
  return { pledgedSrcSize: bytes.length, params }
}

function outputBound(
  bytes: Uint8Array,
  bytesMax: number,
): { readonly chunkSize: number; readonly maxOutputLength: number } {
  const likely = Math.min(bytes.length * LIKELY_RATIO, bytesMax, CHUNK_BYTES_MAX)
  // zlib demands an output of one byte at least; a limit of 0 is checked by nobody.
  return { chunkSize: Math.max(likely, CHUNK_BYTES_MIN), maxOutputLength: Math.max(bytesMax, 1) }
}

function unpackSnappy(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const blocks = snappyBlocks(bytes, bytesMax)
  const parts = blocks.map(({ from, end }) => unpackSnappyBlock(bytes.subarray(from, end)))
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function unpackSnappyBlock(block: Uint8Array): Uint8Array {
  return snappy().uncompressSync(block, COUNTED_OUTPUT) as Buffer
}

/**
 * Errors of codecs differ by library; what can be told apart is the limit, and that memory is
 * short.
 */
function asFailure(codec: Codec, error: unknown, bytesMax: number): Failure {
  if (error instanceof Failure) return error
  const { code, message } = error as { readonly code?: string; readonly message?: string }
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new Failure('invalid', `${codec}: unpacks to more than ${bytesMax} bytes`, error)
  }
  if (code === 'Z_MEM_ERROR' || code === 'ZSTD_error_memory_allocation') {
    return new Failure('overloaded', `${codec}: no working memory to unpack`, error)
  }
  return new Failure('corrupt', `${codec}: ${message ?? 'cannot be unpacked'}`, error)
}
