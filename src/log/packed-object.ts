/**
 * The frame of packed objects: what stands before and behind their extents. Persisted:
 * docs/reference/packed-object-format.md tells it byte by byte, the test beside holds golden bytes.
 */
import { assert } from '../base/assert.ts'
import {
  readInt32,
  readInt64,
  readUint16,
  readUint32,
  writeInt16,
  writeInt32,
  writeInt64,
} from '../base/big-endian.ts'
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'

/** 'KPO1': what an object begins with, and ends with. */
const magic = 0x4b504f31
const formatVersion = 1

/** Before the first extent. */
export const packedHeaderBytes = 48
const atHeaderChecksum = 44

const extentBytes = 64
const topicBytes = 18
/** At the end: where to begin reading an object that nothing else tells about. */
export const packedTrailerBytes = 32

/** A name of a topic has at most 249 characters; the format leaves room. */
const nameBytesMax = 65_535

/** What the footer tells of an extent: enough to name it again in another catalog. */
export interface FooterExtent {
  readonly topicId: string
  readonly partitionIndex: number
  readonly leaderEpoch: number
  readonly baseOffset: number
  readonly nextOffset: number
  readonly position: number
  readonly length: number
  readonly maxTimestampMs: number
  /** CRC-32C of the extent's bytes. */
  readonly checksum: number
}

export interface PackedIdentity {
  /** 22 characters of base64url. */
  readonly clusterId: string
  /** The number in the object's id. */
  readonly number: number
  readonly createdMs: number
}

export interface PackedFooter {
  /** Names by topic id, as they were when the object was written. */
  readonly topics: ReadonlyMap<string, string>
  readonly extents: readonly FooterExtent[]
}

export function encodePackedHeader(identity: PackedIdentity): Uint8Array {
  const bytes = Buffer.alloc(packedHeaderBytes)
  writeInt32(bytes, 0, magic)
  writeInt32(bytes, 4, formatVersion)
  writeUuid(bytes, 8, identity.clusterId)
  writeInt64(bytes, 24, identity.number)
  writeInt64(bytes, 32, identity.createdMs)
  writeInt32(bytes, atHeaderChecksum, crc32c(bytes.subarray(0, atHeaderChecksum)))
  return bytes
}

/** @throws Failure 'corrupt': no header of a packed object. 'invalid': of a later release. */
export function decodePackedHeader(bytes: Uint8Array): PackedIdentity {
  if (bytes.length < packedHeaderBytes || readUint32(bytes, 0) !== magic) {
    throw new Failure('corrupt', 'this does not begin as a packed object does')
  }
  const checksum = crc32c(bytes.subarray(0, atHeaderChecksum))
  if (readUint32(bytes, atHeaderChecksum) !== checksum) {
    throw new Failure('corrupt', 'the header of a packed object is damaged')
  }
  checkVersion(readUint32(bytes, 4))
  return {
    clusterId: readUuid(bytes, 8),
    number: readInt64(bytes, 24),
    createdMs: readInt64(bytes, 32),
  }
}

/** What stands behind the extents: the index, the topics' names, the trailer. */
export function encodePackedFooter(footer: PackedFooter, position: number): Uint8Array {
  const { extents, topics } = footer
  const names = [...topics].map(([topicId, name]) => ({ topicId, name: Buffer.from(name) }))
  const nameBytes = names.reduce((sum, { name }) => sum + topicBytes + name.length, 0)
  const indexBytes = extents.length * extentBytes + nameBytes
  const bytes = Buffer.alloc(indexBytes + packedTrailerBytes)
  let at = 0
  for (const extent of extents) {
    writeExtent(bytes, at, extent)
    at += extentBytes
  }
  for (const { topicId, name } of names) {
    assert(name.length <= nameBytesMax, 'a topic has a name of at most 64 KiB')
    writeUuid(bytes, at, topicId)
    writeInt16(bytes, at + 16, name.length)
    bytes.set(name, at + topicBytes)
    at += topicBytes + name.length
  }
  writeInt64(bytes, at, position)
  writeInt32(bytes, at + 8, indexBytes)
  writeInt32(bytes, at + 12, extents.length)
  writeInt32(bytes, at + 16, names.length)
  writeInt32(bytes, at + 20, formatVersion)
  writeInt32(bytes, at + 24, crc32c(bytes.subarray(0, at + 24)))
  writeInt32(bytes, at + 28, magic)
  return bytes
}

/** Where the index lies, from the last `packedTrailerBytes` of an object. */
export function decodePackedTrailer(bytes: Uint8Array): {
  readonly position: number
  readonly length: number
} {
  if (bytes.length !== packedTrailerBytes || readUint32(bytes, 28) !== magic) {
    throw new Failure('corrupt', 'this does not end as a packed object does')
  }
  checkVersion(readUint32(bytes, 20))
  return { position: readInt64(bytes, 0), length: readUint32(bytes, 8) }
}

/**
 * `bytes` is the index with the trailer behind it.
 *
 * @throws Failure 'corrupt': its checksum or its counts are wrong. 'invalid': of a later release.
 */
export function decodePackedFooter(bytes: Uint8Array): PackedFooter {
  const end = bytes.length - packedTrailerBytes
  if (end < 0) throw new Failure('corrupt', 'the footer of a packed object is cut short')
  const { length } = decodePackedTrailer(bytes.subarray(end))
  if (length !== end || readUint32(bytes, end + 24) !== crc32c(bytes.subarray(0, end + 24))) {
    throw new Failure('corrupt', 'the footer of a packed object is damaged')
  }
  const extentCount = readUint32(bytes, end + 12)
  const extents = Array.from({ length: extentCount }, (_, index) =>
    readExtent(bytes, index * extentBytes),
  )
  const topics = new Map<string, string>()
  let at = extentCount * extentBytes
  for (let index = 0; index < readUint32(bytes, end + 16); index++) {
    const nameEnd = at + topicBytes + readUint16(bytes, at + 16)
    const name = Buffer.from(bytes.subarray(at + topicBytes, nameEnd)).toString()
    topics.set(readUuid(bytes, at), name)
    at = nameEnd
  }
  return { topics, extents }
}

function writeExtent(bytes: Buffer, at: number, extent: FooterExtent): void {
  writeUuid(bytes, at, extent.topicId)
  writeInt32(bytes, at + 16, extent.partitionIndex)
  writeInt32(bytes, at + 20, extent.leaderEpoch)
  writeInt64(bytes, at + 24, extent.baseOffset)
  writeInt64(bytes, at + 32, extent.nextOffset)
  writeInt64(bytes, at + 40, extent.position)
  writeInt32(bytes, at + 48, extent.length)
  writeInt64(bytes, at + 52, extent.maxTimestampMs)
  writeInt32(bytes, at + 60, extent.checksum)
}

function readExtent(bytes: Uint8Array, at: number): FooterExtent {
  return {
    topicId: readUuid(bytes, at),
    partitionIndex: readUint32(bytes, at + 16),
    leaderEpoch: readInt32(bytes, at + 20),
    baseOffset: readInt64(bytes, at + 24),
    nextOffset: readInt64(bytes, at + 32),
    position: readInt64(bytes, at + 40),
    length: readUint32(bytes, at + 48),
    maxTimestampMs: readInt64(bytes, at + 52),
    checksum: readUint32(bytes, at + 60),
  }
}

function checkVersion(version: number): void {
  if (version === formatVersion) return
  throw new Failure(
    'invalid',
    `a packed object of format ${version}, this release knows ${formatVersion}: start a later one`,
  )
}

function writeUuid(bytes: Buffer, at: number, id: string): void {
  const written = bytes.write(id, at, 16, 'base64url')
  assert(written === 16, 'an id has 16 bytes')
}

function readUuid(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 16)).toString('base64url')
}
