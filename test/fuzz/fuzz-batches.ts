/** Damaged batches through all that reads them: a refusal or a named failure, never another error. */
import assert from 'node:assert/strict'
import { isFailure } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { findMaxTimestamp, findTimestamp } from '../../src/record/find-timestamp.ts'
import { recordsIn } from '../../src/record/records.ts'
import { type BatchRules, validateBatch } from '../../src/record/validate-batch.ts'
import { pick } from './corpus.ts'
import { mutatedBatch } from './mutate.ts'

/** A batch of a few hundred bytes that unpacks to more is a bomb. */
const unpackedBytesMax = 256 * 1024
const nowMs = 1_700_000_000_000
const rules: BatchRules = {
  batchBytesMax: 1_000_000,
  timestampType: 'create',
  timestampBeforeMaxMs: Infinity,
  timestampAfterMaxMs: 3_600_000,
  nowMs,
  zstdAllowed: true,
  keysRequired: false,
  inspectRecords: false,
  decompressedBytesMax: unpackedBytesMax,
}

export function fuzzBatches(random: Random, batches: readonly Buffer[], count: number): void {
  for (let done = 0; done < count; done++) {
    const bytes = mutatedBatch(random, pick(random, batches), () => pick(random, batches))
    const inspectRecords = randomBelow(random, 2) === 0
    const keysRequired = randomBelow(random, 8) === 0
    try {
      const valid = validateBatch(bytes, { ...rules, inspectRecords, keysRequired })
      // What was inspected is readable to its end, and says as much as it promised.
      if (valid.ok && valid.inspected) {
        const records = [...recordsIn(bytes, 0, unpackedBytesMax)]
        assert.equal(records.length, valid.header.recordCount)
      }
      readLeniently(bytes)
    } catch (error) {
      throw new Error(`batch ${done}: ${bytes.toString('hex')}`, { cause: error })
    }
  }
}

/** Readers of storage get what nobody has inspected. */
function readLeniently(bytes: Buffer): void {
  const reads = [
    (): unknown => findTimestamp(bytes, 0, nowMs, 0, unpackedBytesMax),
    (): unknown => findMaxTimestamp(bytes, 0, 0, unpackedBytesMax),
    (): unknown => [...recordsIn(bytes, 0, unpackedBytesMax)].length,
  ]
  for (const read of reads) {
    try {
      read()
    } catch (error) {
      if (!isFailure(error, 'corrupt') && !isFailure(error, 'invalid')) throw error
    }
  }
}
