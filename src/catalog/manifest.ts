/**
 * The manifest of a committed group: its runs, 32 bytes each. Persisted in commit_log.manifest.
 *
 *     0  u8   format version, 1
 *     1  u8×3 zero
 *     4  i32  leader epoch of all runs
 *     8  runs: u32 partition id · i64 base offset · u32 count of offsets · u32 position behind the
 *        beginning of the group · u32 length in bytes · i64 largest timestamp (ms)
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { readInt32, readInt64, readUint32, writeInt32, writeInt64 } from '../base/big-endian.ts'

const version = 1
const headerBytes = 8
const runBytes = 32

/** Consecutive batches of one partition in one object. */
export interface Run {
  readonly partitionId: number
  readonly baseOffset: number
  /** The offset behind the run. */
  readonly nextOffset: number
  readonly objectId: string
  /** Where its first batch begins in the object. */
  readonly position: number
  /** Bytes. */
  readonly length: number
  readonly maxTimestampMs: number
  readonly leaderEpoch: number
}

/** `groupPosition` is where the group begins in its object, header included. */
export function encodeManifest(runs: readonly Run[], groupPosition: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes + runs.length * runBytes)
  const leaderEpoch = runs[0]?.leaderEpoch ?? 0
  bytes[0] = version
  writeInt32(bytes, 4, leaderEpoch)
  let at = headerBytes
  for (const run of runs) {
    assert(run.leaderEpoch === leaderEpoch, 'the leader epoch is one for all partitions')
    writeInt32(bytes, at, run.partitionId)
    writeInt64(bytes, at + 4, run.baseOffset)
    writeInt32(bytes, at + 12, run.nextOffset - run.baseOffset)
    writeInt32(bytes, at + 16, run.position - groupPosition)
    writeInt32(bytes, at + 20, run.length)
    writeInt64(bytes, at + 24, run.maxTimestampMs)
    at += runBytes
  }
  return bytes
}

/** @throws Failure 'corrupt': not a manifest of a known version. */
export function decodeManifest(bytes: Uint8Array, objectId: string, groupPosition: number): Run[] {
  if (bytes.length === 0) return []
  const whole = bytes.length >= headerBytes && (bytes.length - headerBytes) % runBytes === 0
  if (!whole || bytes[0] !== version) {
    throw new Failure('corrupt', `manifest of a group in ${objectId}: ${bytes.length} bytes`)
  }
  const leaderEpoch = readInt32(bytes, 4)
  const runs: Run[] = []
  for (let at = headerBytes; at < bytes.length; at += runBytes) {
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
  return runs
}
