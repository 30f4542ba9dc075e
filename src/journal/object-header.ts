/**
 * The header of a journal object: a group in the object store. Persisted:
 * docs/reference/journal-object-format.md tells it byte by byte, the test beside holds golden
 * bytes.
 */
import { assert } from '../base/assert.ts'
import { crc32c } from '../base/crc32c.ts'
import { readInt32, readInt64, readUint32, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { type DecidedGroup, decodeDecided, encodeDecided } from './decided-groups.ts'
import { runsPerGroupMax } from './group-header.ts'
import type { GroupId, JournalRun } from './journal.ts'

/** 'KJO1': what a journal object begins with. */
const magic = 0x4b4a4f31
const formatVersion = 1

const atVersion = 4
const atClusterId = 8
const atBrokerId = 24
const atHeaderBytes = 28
const atIncarnation = 32
const atGroupNumber = 40
const atCreated = 48
const atByteLength = 56
const atRunCount = 60
const atDecidedCount = 64
const atDecidedBytes = 68
const atChecksum = 72
/** What stands in every header; runs and decisions follow. */
export const objectHeaderFixedBytes = 76

const runBytes = 28

export interface ObjectHeader {
  /** 16 bytes. */
  readonly clusterId: Uint8Array
  readonly brokerId: number
  readonly id: GroupId
  readonly createdMs: number
  /** In the order of the bytes. */
  readonly runs: readonly JournalRun[]
  /** Of the batches behind the header. */
  readonly byteLength: number
  /** Decided since the broker's object before this one. */
  readonly decided: readonly DecidedGroup[]
}

export function encodeObjectHeader(header: ObjectHeader): Uint8Array {
  const { runs, decided, clusterId } = header
  assert(runs.length <= runsPerGroupMax, `a group has at most ${runsPerGroupMax} runs`)
  assert(clusterId.length === 16, 'a cluster id has 16 bytes')
  const told = encodeDecided(decided)
  const decidedAt = objectHeaderFixedBytes + runs.length * runBytes
  const bytes = Buffer.alloc(decidedAt + told.length)
  writeInt32(bytes, 0, magic)
  writeInt32(bytes, atVersion, formatVersion)
  bytes.set(clusterId, atClusterId)
  writeInt32(bytes, atBrokerId, header.brokerId)
  writeInt32(bytes, atHeaderBytes, bytes.length)
  writeInt64(bytes, atIncarnation, header.id.incarnation)
  writeInt64(bytes, atGroupNumber, header.id.groupNumber)
  writeInt64(bytes, atCreated, header.createdMs)
  writeInt32(bytes, atByteLength, header.byteLength)
  writeInt32(bytes, atRunCount, runs.length)
  writeInt32(bytes, atDecidedCount, decided.length)
  writeInt32(bytes, atDecidedBytes, told.length)
  let at = objectHeaderFixedBytes
  for (const run of runs) {
    assert(bytes.write(run.topicId, at, 16, 'base64url') === 16, 'a topic id has 16 bytes')
    writeInt32(bytes, at + 16, run.partitionIndex)
    writeInt32(bytes, at + 20, run.length)
    writeInt32(bytes, at + 24, run.batches)
    at += runBytes
  }
  bytes.set(told, decidedAt)
  writeInt32(bytes, atChecksum, crc32c(bytes))
  return bytes
}

/** Why bytes are no header of a journal object. */
export type NoObjectHeader = 'not a journal object' | 'cut short' | 'damaged' | 'unknown version'

/** Bytes that the header takes, as its beginning claims; nothing is proven yet. */
export function claimedObjectHeaderBytes(begin: Uint8Array): number | undefined {
  if (begin.length < objectHeaderFixedBytes || readUint32(begin, 0) !== magic) return undefined
  return readUint32(begin, atHeaderBytes)
}

/** The header at the start of `bytes`, proven by its checksum, or why there is none. */
export function decodeObjectHeader(bytes: Uint8Array): ObjectHeader | NoObjectHeader {
  const size = claimedObjectHeaderBytes(bytes)
  if (size === undefined) return 'not a journal object'
  if (size < objectHeaderFixedBytes || size > bytes.length) return 'cut short'
  const whole = Buffer.from(bytes.subarray(0, size))
  const checksum = readUint32(whole, atChecksum)
  whole.fill(0, atChecksum, atChecksum + 4)
  if (crc32c(whole) !== checksum) return 'damaged'
  if (readUint32(whole, atVersion) !== formatVersion) return 'unknown version'
  const decidedAt = objectHeaderFixedBytes + readUint32(whole, atRunCount) * runBytes
  if (decidedAt + readUint32(whole, atDecidedBytes) !== size) return 'damaged'
  return {
    clusterId: whole.subarray(atClusterId, atClusterId + 16),
    brokerId: readInt32(whole, atBrokerId),
    id: {
      incarnation: readInt64(whole, atIncarnation),
      groupNumber: readInt64(whole, atGroupNumber),
    },
    createdMs: readInt64(whole, atCreated),
    runs: runsIn(whole, decidedAt),
    byteLength: readUint32(whole, atByteLength),
    decided: decodeDecided(whole.subarray(decidedAt), readUint32(whole, atDecidedCount)),
  }
}

function runsIn(bytes: Buffer, end: number): JournalRun[] {
  const runs: JournalRun[] = []
  for (let at = objectHeaderFixedBytes; at < end; at += runBytes) {
    runs.push({
      topicId: bytes.toString('base64url', at, at + 16),
      partitionIndex: readUint32(bytes, at + 16),
      length: readUint32(bytes, at + 20),
      batches: readUint32(bytes, at + 24),
    })
  }
  return runs
}
