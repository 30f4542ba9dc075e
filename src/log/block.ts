/** The batches of one run as read from storage: checked, with their final offsets, ready to be sent. */
import { Failure, isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { baseOffsetOf, lastOffsetDeltaOf, patchBatch } from '../record/batch-header.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'

export interface Block {
  readonly bytes: Uint8Array
  /** Where each batch begins in `bytes`. */
  readonly positions: readonly number[]
  /** The offset behind each batch. */
  readonly nextOffsets: readonly number[]
}

/** Journals hold batches as they came, base offset 0; packed objects hold final offsets. */
export type RunKind = 'journal' | 'packed'

/**
 * Checks every batch and, for a journal run, patches base offsets (cumulatively: journal runs hold
 * no gaps) and leader epochs into `bytes`.
 *
 * @throws Failure 'corrupt': a CRC, a length or the count of offsets is not what the catalog says.
 */
export function blockOf(run: Run, kind: RunKind, bytes: Uint8Array): Block {
  const positions: number[] = []
  const nextOffsets: number[] = []
  let expected = run.baseOffset
  forEachBatch(bytes, (at) => {
    checkNamed(run, bytes, at)
    if (kind === 'journal') patchBatch(bytes, at, expected, run.leaderEpoch)
    const base = baseOffsetOf(bytes, at)
    if (base < expected) {
      throw new Failure('corrupt', `${run.objectId}: batch of offset ${base} behind ${expected}`)
    }
    expected = base + lastOffsetDeltaOf(bytes, at) + 1
    positions.push(at)
    nextOffsets.push(expected)
  })
  if (expected > run.nextOffset || (kind === 'journal' && expected !== run.nextOffset)) {
    const claimed = `${run.baseOffset} to ${run.nextOffset}`
    throw new Failure('corrupt', `${run.objectId}: a run of ${claimed} ends at ${expected}`)
  }
  return { bytes, positions, nextOffsets }
}

/** Who reads of damage must know where it is. */
function checkNamed({ objectId, position }: Run, bytes: Uint8Array, at: number): void {
  try {
    checkBatchCrc(bytes, at)
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error
    throw new Failure('corrupt', `${objectId}, at byte ${position + at}: ${error.message}`, error)
  }
}

/** Index of the first batch that ends behind `offset`; the count of batches where none does. */
export function findInBlock(block: Block, offset: number): number {
  const index = block.nextOffsets.findIndex((next) => next > offset)
  return index === -1 ? block.nextOffsets.length : index
}

/**
 * Whole batches from `first` on, none of which ends behind `end`, up to `maxBytes` but at least
 * one, and the offset behind them.
 */
export function sliceOfBlock(
  block: Block,
  first: number,
  maxBytes: number,
  end: number = Infinity,
): { readonly bytes: Uint8Array; readonly nextOffset: number } {
  const { bytes, positions, nextOffsets } = block
  const from = positions[first] ?? bytes.length
  let last = first
  const isWithin = (index: number): boolean =>
    (positions[index + 1] ?? bytes.length) - from <= maxBytes && (nextOffsets[index] ?? 0) <= end
  while (last + 1 < positions.length && isWithin(last + 1)) last++
  const to = positions[last + 1] ?? bytes.length
  return { bytes: bytes.subarray(from, to), nextOffset: nextOffsets[last] ?? 0 }
}
