/**
 * A marker's control batch, made from its run whenever it is fetched or packed: always the same
 * bytes (KIP-98).
 */
import { assert } from '../base/assert.ts'
import type { Run } from '../catalog/manifest.ts'
import { buildMarkerBatch } from '../record/control.ts'

/** The batch that stands for the run of a marker. */
export function markerBatch({ marker, baseOffset, leaderEpoch }: Run): Uint8Array {
  assert(marker !== undefined, 'the run is a marker')
  const { type, producerId, producerEpoch, coordinatorEpoch, timestampMs } = marker
  const said = { type, producerId, producerEpoch, coordinatorEpoch, timestampMs }
  return buildMarkerBatch(said, baseOffset, leaderEpoch)
}

const least = { producerId: 0, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 0 } as const

/** Bytes of each such batch: its fields have one size. */
const markerBatchBytes: number = buildMarkerBatch({ type: 'commit', ...least }, 0, 0).length

/** Bytes that a run takes in a packed object. */
export const packedBytesOf = ({ marker, length }: Run): number =>
  marker === undefined ? length : markerBatchBytes
