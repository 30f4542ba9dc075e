/**
 * Concatenated record batches, as fetch answers, journal groups and objects hold them: every step
 * is bounds checked.
 */
import { Failure } from '../base/errors.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchBytesOf,
  computeBatchCrc,
  crcOf,
  cutShort,
  magicOf,
} from './batch-header.ts'

/**
 * Bytes of the v2 batch at `at`, proven to lie within `bytes` and to hold a header. The CRC is not
 * looked at.
 *
 * @throws Failure 'corrupt': cut short, an impossible length, or another magic.
 */
export function checkedBatchBytes(bytes: Uint8Array, at: number): number {
  if (at + BATCH_HEADER_BYTES > bytes.length) throw cutShort(bytes, at)
  const size = batchBytesOf(bytes, at)
  if (size < BATCH_HEADER_BYTES) {
    throw new Failure('corrupt', `record batch at ${at}: length ${size} is less than a header`)
  }
  if (at + size > bytes.length) throw cutShort(bytes, at)
  const magic = magicOf(bytes, at)
  if (magic !== BATCH_MAGIC) {
    throw new Failure(
      'corrupt',
      `record batch at ${at}: magic ${magic}, only ${BATCH_MAGIC} exists`,
    )
  }
  return size
}

/**
 * Calls `visit(at, size)` for each of the concatenated batches from `from` to the end.
 *
 * @throws Failure 'corrupt' with the position; the batches before it have been visited.
 */
export function forEachBatch(
  bytes: Uint8Array,
  visit: (at: number, size: number) => void,
  from = 0,
): void {
  for (let at = from; at < bytes.length;) {
    const size = checkedBatchBytes(bytes, at)
    visit(at, size)
    at += size
  }
}

/**
 * Where each of the concatenated batches begins and its size, where a loop reads better than a
 * callback.
 *
 * @throws Failure 'corrupt' with the position, when it gets there.
 */
export function* batchesIn(
  bytes: Uint8Array,
  from = 0,
): Generator<{ readonly at: number; readonly size: number }, void, undefined> {
  for (let at = from; at < bytes.length;) {
    const size = checkedBatchBytes(bytes, at)
    yield { at, size }
    at += size
  }
}

/**
 * Proves the CRC of one whole batch, for readers of storage.
 *
 * @throws Failure 'corrupt' with both checksums.
 */
export function checkBatchCrc(bytes: Uint8Array, at = 0): void {
  checkedBatchBytes(bytes, at)
  const [claimed, computed] = [crcOf(bytes, at), computeBatchCrc(bytes, at)]
  if (claimed === computed) return
  throw new Failure(
    'corrupt',
    `record batch at ${at}: CRC-32C is ${computed}, its header says ${claimed}`,
  )
}
