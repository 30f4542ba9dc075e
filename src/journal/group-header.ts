/**
 * The header of a group in a journal file. Persisted: docs/reference/journal-format.md tells it
 * byte by byte, the test beside holds golden bytes.
 */
import { assert } from '../base/assert.ts'
import { crc32c } from '../base/crc32c.ts'
import { readInt64, readUint32, writeInt32, writeInt64 } from '../base/big-endian.ts'
import type { GroupId, JournalRun } from './journal.ts'

/** 'KJG1': what a group begins with. */
const magic = 0x4b4a4731
const formatVersion = 1

const atVersion = 4
const atClusterId = 8
const atFileIncarnation = 24
const atIncarnation = 32
const atGroupNumber = 40
const atCreated = 48
const atPosition = 56
const atHeaderBytes = 64
const atByteLength = 68
const atRunCount = 72
const atPrevious = 76
const atChecksum = 80
/** What stands in every header; the runs follow. */
export const fixedHeaderBytes = 84

const runBytes = 28
const atRunPartition = 16
const atRunLength = 20
const atRunBatches = 24

/** Runs in a group: above what the catalog takes in one commit (1,000), below 2 MiB of header. */
export const runsPerGroupMax = 65_536

export interface GroupHeader {
  /** Of the group, as 16 bytes are written: `clusterId` of the broker. */
  readonly clusterId: Uint8Array
  readonly fileIncarnation: number
  readonly id: GroupId
  readonly createdMs: number
  /** Where the group begins in its file: tells a header that was written elsewhere. */
  readonly position: number
  readonly runs: readonly JournalRun[]
  /** Of the batches behind the header. */
  readonly byteLength: number
  /**
   * Checksum of the header before this one in the file, 0 for the first: bytes of a record cannot
   * pose as the next group, because whoever sent them did not know it.
   */
  readonly previousChecksum: number
}

export function headerBytesOf(runs: number): number {
  return fixedHeaderBytes + runs * runBytes
}

/** The header as bytes; its checksum is the one to give to the next group as `previousChecksum`. */
export function encodeGroupHeader(header: GroupHeader): { bytes: Uint8Array; checksum: number } {
  const { runs } = header
  assert(runs.length <= runsPerGroupMax, `a group has at most ${runsPerGroupMax} runs`)
  assert(header.clusterId.length === 16, 'a cluster id has 16 bytes')
  const bytes = Buffer.alloc(headerBytesOf(runs.length))
  writeInt32(bytes, 0, magic)
  writeInt32(bytes, atVersion, formatVersion)
  bytes.set(header.clusterId, atClusterId)
  writeInt64(bytes, atFileIncarnation, header.fileIncarnation)
  writeInt64(bytes, atIncarnation, header.id.incarnation)
  writeInt64(bytes, atGroupNumber, header.id.groupNumber)
  writeInt64(bytes, atCreated, header.createdMs)
  writeInt64(bytes, atPosition, header.position)
  writeInt32(bytes, atHeaderBytes, bytes.length)
  writeInt32(bytes, atByteLength, header.byteLength)
  writeInt32(bytes, atRunCount, runs.length)
  writeInt32(bytes, atPrevious, header.previousChecksum)
  let at = fixedHeaderBytes
  for (const run of runs) {
    const written = bytes.write(run.topicId, at, 16, 'base64url')
    assert(written === 16, 'a topic id has 16 bytes')
    writeInt32(bytes, at + atRunPartition, run.partitionIndex)
    writeInt32(bytes, at + atRunLength, run.length)
    writeInt32(bytes, at + atRunBatches, run.batches)
    at += runBytes
  }
  const checksum = crc32c(bytes)
  writeInt32(bytes, atChecksum, checksum)
  return { bytes, checksum }
}

/** Why bytes are no header: nothing was ever written there, or something else was. */
export type NoHeader = 'empty' | 'not a group' | 'torn' | 'unknown version'

/** Bytes that the header at the start of `page` takes, if it is one; what it says is not proven yet. */
export function claimedHeaderBytes(page: Uint8Array): number | undefined {
  if (page.length < fixedHeaderBytes || readUint32(page, 0) !== magic) return undefined
  const claimed = readUint32(page, atHeaderBytes)
  const runs = readUint32(page, atRunCount)
  return runs <= runsPerGroupMax && claimed === headerBytesOf(runs) ? claimed : undefined
}

/** The header at the start of `bytes`, proven by its checksum, or why there is none. */
export function decodeGroupHeader(
  bytes: Uint8Array,
): { readonly header: GroupHeader; readonly checksum: number } | NoHeader {
  if (bytes.length < fixedHeaderBytes) return 'not a group'
  if (readUint32(bytes, 0) !== magic) {
    return bytes.subarray(0, fixedHeaderBytes).every((byte) => byte === 0) ? 'empty' : 'not a group'
  }
  const size = claimedHeaderBytes(bytes)
  if (size === undefined || size > bytes.length) return 'torn'
  const whole = Buffer.from(bytes.subarray(0, size))
  const checksum = readUint32(whole, atChecksum)
  whole.fill(0, atChecksum, atChecksum + 4)
  if (crc32c(whole) !== checksum) return 'torn'
  if (readUint32(whole, atVersion) !== formatVersion) return 'unknown version'
  return { header: fieldsOf(whole), checksum }
}

function fieldsOf(bytes: Buffer): GroupHeader {
  const runs: JournalRun[] = []
  for (let at = fixedHeaderBytes; at < bytes.length; at += runBytes) {
    runs.push({
      topicId: bytes.toString('base64url', at, at + 16),
      partitionIndex: readUint32(bytes, at + atRunPartition),
      length: readUint32(bytes, at + atRunLength),
      batches: readUint32(bytes, at + atRunBatches),
    })
  }
  return {
    clusterId: bytes.subarray(atClusterId, atClusterId + 16),
    fileIncarnation: readInt64(bytes, atFileIncarnation),
    id: {
      incarnation: readInt64(bytes, atIncarnation),
      groupNumber: readInt64(bytes, atGroupNumber),
    },
    createdMs: readInt64(bytes, atCreated),
    position: readInt64(bytes, atPosition),
    runs,
    byteLength: readUint32(bytes, atByteLength),
    previousChecksum: readUint32(bytes, atPrevious),
  }
}
