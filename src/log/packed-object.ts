/**
 * The frame of packed objects: what stands before and behind their extents. Persisted:
 * docs/reference/packed-object-format.md tells it byte by byte, the test beside holds golden bytes.
 */
import { assert } from '../base/assert.ts'
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'
import { readInt64, viewOf, writeInt64 } from '../base/int64.ts'

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
  const view = viewOf(bytes)
  view.setUint32(0, magic)
  view.setUint32(4, formatVersion)
  writeUuid(bytes, 8, identity.clusterId)
  writeInt64(view, 24, identity.number)
  writeInt64(view, 32, identity.createdMs)
  view.setUint32(atHeaderChecksum, crc32c(bytes.subarray(0, atHeaderChecksum)))
  return bytes
}

/** @throws Failure 'corrupt': no header of a packed object. 'invalid': of a later release. */
export function decodePackedHeader(bytes: Uint8Array): PackedIdentity {
  const view = viewOf(bytes)
  if (bytes.length < packedHeaderBytes || view.getUint32(0) !== magic) {
    throw new Failure('corrupt', 'this does not begin as a packed object does')
  }
  const checksum = crc32c(bytes.subarray(0, atHeaderChecksum))
  if (view.getUint32(atHeaderChecksum) !== checksum) {
    throw new Failure('corrupt', 'the header of a packed object is damaged')
  }
  checkVersion(view.getUint32(4))
  return {
    clusterId: readUuid(bytes, 8),
    number: readInt64(view, 24),
    createdMs: readInt64(view, 32),
  }
}

/** What stands behind the extents: the index, the topics' names, the trailer. */
export function encodePackedFooter(footer: PackedFooter, position: number): Uint8Array {
  const { extents, topics } = footer
  const names = [...topics].map(([topicId, name]) => ({ topicId, name: Buffer.from(name) }))
  const nameBytes = names.reduce((sum, { name }) => sum + topicBytes + name.length, 0)
  const indexBytes = extents.length * extentBytes + nameBytes
  const bytes = Buffer.alloc(indexBytes + packedTrailerBytes)
  const view = viewOf(bytes)
  let at = 0
  for (const extent of extents) {
    writeExtent(bytes, view, at, extent)
    at += extentBytes
  }
  for (const { topicId, name } of names) {
    assert(name.length <= nameBytesMax, 'a topic has a name of at most 64 KiB')
    writeUuid(bytes, at, topicId)
    view.setUint16(at + 16, name.length)
    bytes.set(name, at + topicBytes)
    at += topicBytes + name.length
  }
  writeInt64(view, at, position)
  view.setUint32(at + 8, indexBytes)
  view.setUint32(at + 12, extents.length)
  view.setUint32(at + 16, names.length)
  view.setUint32(at + 20, formatVersion)
  view.setUint32(at + 24, crc32c(bytes.subarray(0, at + 24)))
  view.setUint32(at + 28, magic)
  return bytes
}

/** Where the index lies, from the last `packedTrailerBytes` of an object. */
export function decodePackedTrailer(bytes: Uint8Array): {
  readonly position: number
  readonly length: number
} {
  const view = viewOf(bytes)
  if (bytes.length !== packedTrailerBytes || view.getUint32(28) !== magic) {
    throw new Failure('corrupt', 'this does not end as a packed object does')
  }
  checkVersion(view.getUint32(20))
  return { position: readInt64(view, 0), length: view.getUint32(8) }
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
  const view = viewOf(bytes)
  if (length !== end || view.getUint32(end + 24) !== crc32c(bytes.subarray(0, end + 24))) {
    throw new Failure('corrupt', 'the footer of a packed object is damaged')
  }
  const extentCount = view.getUint32(end + 12)
  const extents = Array.from({ length: extentCount }, (_, index) =>
    readExtent(bytes, view, index * extentBytes),
  )
  const topics = new Map<string, string>()
  let at = extentCount * extentBytes
  for (let index = 0; index < view.getUint32(end + 16); index++) {
    const nameEnd = at + topicBytes + view.getUint16(at + 16)
    const name = Buffer.from(bytes.subarray(at + topicBytes, nameEnd)).toString()
    topics.set(readUuid(bytes, at), name)
    at = nameEnd
  }
  return { topics, extents }
}

function writeExtent(bytes: Buffer, view: DataView, at: number, extent: FooterExtent): void {
  writeUuid(bytes, at, extent.topicId)
  view.setUint32(at + 16, extent.partitionIndex)
  view.setInt32(at + 20, extent.leaderEpoch)
  writeInt64(view, at + 24, extent.baseOffset)
  writeInt64(view, at + 32, extent.nextOffset)
  writeInt64(view, at + 40, extent.position)
  view.setUint32(at + 48, extent.length)
  writeInt64(view, at + 52, extent.maxTimestampMs)
  view.setUint32(at + 60, extent.checksum)
}

function readExtent(bytes: Uint8Array, view: DataView, at: number): FooterExtent {
  return {
    topicId: readUuid(bytes, at),
    partitionIndex: view.getUint32(at + 16),
    leaderEpoch: view.getInt32(at + 20),
    baseOffset: readInt64(view, at + 24),
    nextOffset: readInt64(view, at + 32),
    position: readInt64(view, at + 40),
    length: view.getUint32(at + 48),
    maxTimestampMs: readInt64(view, at + 52),
    checksum: view.getUint32(at + 60),
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
