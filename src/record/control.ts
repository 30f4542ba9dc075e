/**
 * Control batches: the one record that ends a transaction on a partition (KIP-98). Made when
 * fetched or packed, because a marker is kept as a row, not as bytes.
 */
import { Failure } from '../base/errors.ts'
import { readInt16, readInt32, writeInt16, writeInt32 } from '../base/big-endian.ts'
import { buildBatch } from './build-batch.ts'
import { openBatch } from './records.ts'

export type MarkerType = 'abort' | 'commit'

/** Persisted in logs everywhere: position is the type on the wire. */
const MARKER_TYPES: readonly MarkerType[] = ['abort', 'commit']
const KEY_BYTES = 4
const VALUE_BYTES = 6

export type Marker = {
  readonly type: MarkerType
  readonly producerId: number
  /** That of the transaction, or above it (KIP-890). */
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly timestampMs: number
  /** Of key and value; 0 is what all consumers know. */
  readonly version?: number
}

/** The batch that says `marker` at `offset`. It takes this one offset. */
export function buildMarkerBatch(marker: Marker, offset: number, leaderEpoch: number): Uint8Array {
  const version = marker.version ?? 0
  const key = new Uint8Array(KEY_BYTES)
  writeInt16(key, 0, version)
  writeInt16(key, 2, MARKER_TYPES.indexOf(marker.type))
  const value = new Uint8Array(VALUE_BYTES)
  writeInt16(value, 0, version)
  writeInt32(value, 2, marker.coordinatorEpoch)
  return buildBatch([{ key, value, timestampMs: marker.timestampMs }], {
    baseOffset: offset,
    leaderEpoch,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  })
}

/**
 * What the control batch at `at` says; undefined for types that are not ours to know, which readers
 * step over.
 *
 * @throws Failure 'corrupt': not a control batch, or no readable record in it.
 */
export function readMarker(bytes: Uint8Array, at = 0): Marker | undefined {
  const { header, cursor } = openBatch(bytes, at)
  if (!header.isControl || header.recordCount !== 1) {
    throw new Failure('corrupt', `record batch at ${at}: not a control batch of one record`)
  }
  cursor.next()
  if (cursor.keyLength < KEY_BYTES) {
    throw new Failure('corrupt', `control batch at ${at}: key of ${cursor.keyLength} bytes`)
  }
  const type = MARKER_TYPES[readInt16(cursor.bytes, cursor.keyAt + 2)]
  if (type === undefined) return undefined
  if (cursor.valueLength < VALUE_BYTES) {
    throw new Failure('corrupt', `control batch at ${at}: value of ${cursor.valueLength} bytes`)
  }
  return {
    type,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    coordinatorEpoch: readInt32(cursor.bytes, cursor.valueAt + 2),
    timestampMs: header.maxTimestamp,
    version: readInt16(cursor.bytes, cursor.keyAt),
  }
}
