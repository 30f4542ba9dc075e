/**
 * The manifest of a committed group: what it added to partitions, and where. Persisted in
 * commit_log.manifest.
 *
 *     0  u8   format version, 2
 *     1  u8×3 zero
 *     4  i32  leader epoch of all runs
 *     8  u32  count of runs in an object; markers follow them up to the end
 *
 * 12  runs, 32 bytes: u32 partition id · i64 base offset · u32 count of offsets · u32 position
 * behind the beginning of the group · u32 length in bytes · i64 largest timestamp (ms)
 * …  markers, 36 bytes: u32 partition id · i64 offset · u8 0 abort, 1 commit · u8 transaction
 * version · i16 producer epoch · i64 producer id · i32 coordinator epoch · i64 timestamp (ms)
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import {
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt16,
  writeInt32,
  writeInt64,
} from '../base/big-endian.ts'

const version = 2
const headerBytes = 12
const runBytes = 32
const markerBytes = 36

/**
 * The end of a transaction in a partition (KIP-98). It takes one offset and has no bytes: its
 * control batch is made when it is fetched, and written out when it is packed.
 */
export interface RunMarker {
  readonly type: 'commit' | 'abort'
  readonly producerId: number
  /** Above that of the transaction's batches where the client speaks KIP-890 (EndTxn 5+). */
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** Database time. */
  readonly timestampMs: number
  /** KIP-890: 2 where the producer's epoch rises with every transaction, else 0. */
  readonly transactionVersion: number
}

/** Consecutive batches of one partition in one object; or one marker, which is in none. */
export interface Run {
  readonly partitionId: number
  readonly baseOffset: number
  /** The offset behind the run. */
  readonly nextOffset: number
  /** '' for a marker. */
  readonly objectId: string
  /** Where its first batch begins in the object; 0 for a marker. */
  readonly position: number
  /** Bytes; 0 for a marker. */
  readonly length: number
  readonly maxTimestampMs: number
  readonly leaderEpoch: number
  readonly marker?: RunMarker
}

/** `groupPosition` is where the group begins in its object, header included. */
export function encodeManifest(runs: readonly Run[], groupPosition: number): Uint8Array {
  const stored = runs.filter(({ marker }) => marker === undefined)
  const markers = runs.length - stored.length
  const bytes = new Uint8Array(headerBytes + stored.length * runBytes + markers * markerBytes)
  const leaderEpoch = runs[0]?.leaderEpoch ?? 0
  bytes[0] = version
  writeInt32(bytes, 4, leaderEpoch)
  writeInt32(bytes, 8, stored.length)
  let at = headerBytes
  for (const run of stored) {
    assert(run.leaderEpoch === leaderEpoch, 'the leader epoch is one for all partitions')
    writeInt32(bytes, at, run.partitionId)
    writeInt64(bytes, at + 4, run.baseOffset)
    writeInt32(bytes, at + 12, run.nextOffset - run.baseOffset)
    writeInt32(bytes, at + 16, run.position - groupPosition)
    writeInt32(bytes, at + 20, run.length)
    writeInt64(bytes, at + 24, run.maxTimestampMs)
    at += runBytes
  }
  for (const { partitionId, baseOffset, marker } of runs) {
    if (marker === undefined) continue
    writeInt32(bytes, at, partitionId)
    writeInt64(bytes, at + 4, baseOffset)
    writeMarker(bytes, at + 12, marker)
    at += markerBytes
  }
  return bytes
}

function writeMarker(bytes: Uint8Array, at: number, marker: RunMarker): void {
  bytes[at] = marker.type === 'commit' ? 1 : 0
  bytes[at + 1] = marker.transactionVersion
  writeInt16(bytes, at + 2, marker.producerEpoch)
  writeInt64(bytes, at + 4, marker.producerId)
  writeInt32(bytes, at + 12, marker.coordinatorEpoch)
  writeInt64(bytes, at + 16, marker.timestampMs)
}

/**
 * Runs in objects first, then markers.
 *
 * @throws Failure 'corrupt': not a manifest of a known version.
 */
export function decodeManifest(bytes: Uint8Array, objectId: string, groupPosition: number): Run[] {
  if (bytes.length === 0) return []
  const stored = bytes.length >= headerBytes ? readUint32(bytes, 8) : 0
  const markersAt = headerBytes + stored * runBytes
  const isWhole = bytes.length >= markersAt && (bytes.length - markersAt) % markerBytes === 0
  if (!isWhole || bytes[0] !== version) {
    throw new Failure('corrupt', `manifest of a group in ${objectId}: ${bytes.length} bytes`)
  }
  const leaderEpoch = readInt32(bytes, 4)
  const runs: Run[] = []
  for (let at = headerBytes; at < markersAt; at += runBytes) {
    const baseOffset = readInt64(bytes, at + 4)
    runs.push({
      partitionId: readUint32(bytes, at),
      baseOffset,
      nextOffset: baseOffset + readUint32(bytes, at + 12),
      objectId,
      position: groupPosition + readUint32(bytes, at + 16),
      length: readUint32(bytes, at + 20),
      maxTimestampMs: readInt64(bytes, at + 24),
      leaderEpoch,
    })
  }
  for (let at = markersAt; at < bytes.length; at += markerBytes) {
    const marker = readMarkerAt(bytes, at + 12)
    runs.push(markerRun(readUint32(bytes, at), readInt64(bytes, at + 4), marker, leaderEpoch))
  }
  return runs
}

function readMarkerAt(bytes: Uint8Array, at: number): RunMarker {
  return {
    type: bytes[at] === 1 ? 'commit' : 'abort',
    producerId: readInt64(bytes, at + 4),
    producerEpoch: readInt16(bytes, at + 2),
    coordinatorEpoch: readInt32(bytes, at + 12),
    timestampMs: readInt64(bytes, at + 16),
    transactionVersion: bytes[at + 1] as number,
  }
}

/** The run that a marker is. */
export function markerRun(
  partitionId: number,
  offset: number,
  marker: RunMarker,
  leaderEpoch: number,
): Run {
  const place = { objectId: '', position: 0, length: 0 }
  const offsets = { baseOffset: offset, nextOffset: offset + 1 }
  const { timestampMs: maxTimestampMs } = marker
  return { partitionId, ...offsets, ...place, maxTimestampMs, leaderEpoch, marker }
}
