/**
 * What became of this broker's groups, to be told by its next object: the catalog's decisions
 * beside the bytes they are about, so that a log can be rebuilt when the catalog is lost (pitfall
 * C3).
 */
import { assert } from '../base/assert.ts'
import { readInt16, readInt32, readInt64, readUint32 } from '../base/big-endian.ts'
import { writeInt16, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { Failure } from '../base/errors.ts'
import type { RunMarker } from '../catalog/manifest.ts'
import { type AppendOutcome, decodeOutcomes, encodeOutcomes } from '../catalog/outcomes.ts'
import type { GroupId } from './journal.ts'

/** A marker that a group without bytes wrote. */
export interface DecidedMarker {
  readonly topicId: string
  readonly partitionIndex: number
  readonly offset: number
  readonly marker: RunMarker
}

export interface DecidedGroup {
  readonly id: GroupId
  readonly state: 'committed' | 'cancelled'
  readonly leaderEpoch: number
  /** One per batch of the group, in the order of its bytes; none where it was cancelled. */
  readonly outcomes: readonly AppendOutcome[]
  readonly markers: readonly DecidedMarker[]
}

/** Of one object: some ten thousand outcomes, a small part of the eight MiB that it mostly has. */
export const decidedBytesMax: number = 512 * 1024

/** Waiting for an object; beyond it the oldest are left out, and the packed objects tell of them. */
const waitingBytesMax = 8 * 1024 * 1024

const fixedBytes = 32
const markerBytes = 52

function sizeOf({ outcomes, markers }: DecidedGroup): number {
  return fixedBytes + 1 + outcomes.length * 17 + markers.length * markerBytes
}

/** In the order in which they were decided. */
export class DecidedGroups {
  readonly #waiting: DecidedGroup[] = []
  #bytes = 0
  /** Left out for want of room. */
  dropped = 0

  get waiting(): number {
    return this.#waiting.length
  }

  add(group: DecidedGroup): void {
    this.#waiting.push(group)
    this.#bytes += sizeOf(group)
    while (this.#bytes > waitingBytesMax) {
      const oldest = this.#waiting.shift()
      if (oldest === undefined) return
      this.#bytes -= sizeOf(oldest)
      this.dropped++
    }
  }

  /** Takes as many as one object tells, at least one where there is one. */
  take(): DecidedGroup[] {
    let bytes = 0
    let count = 0
    for (const group of this.#waiting) {
      bytes += sizeOf(group)
      if (count > 0 && bytes > decidedBytesMax) break
      count++
    }
    const taken = this.#waiting.splice(0, count)
    for (const group of taken) this.#bytes -= sizeOf(group)
    return taken
  }

  /** Those that were taken by an object that did not come to be: the next one tells them. */
  giveBack(groups: readonly DecidedGroup[]): void {
    this.#waiting.unshift(...groups)
    for (const group of groups) this.#bytes += sizeOf(group)
  }
}

/** As docs/reference/journal-object-format.md tells it. */
export function encodeDecided(groups: readonly DecidedGroup[]): Uint8Array {
  const bytes = Buffer.alloc(groups.reduce((sum, group) => sum + sizeOf(group), 0))
  let at = 0
  for (const { id, state, leaderEpoch, outcomes, markers } of groups) {
    const told = encodeOutcomes(outcomes)
    writeInt64(bytes, at, id.incarnation)
    writeInt64(bytes, at + 8, id.groupNumber)
    writeInt32(bytes, at + 16, state === 'committed' ? 1 : 0)
    writeInt32(bytes, at + 20, leaderEpoch)
    writeInt32(bytes, at + 24, told.length)
    writeInt32(bytes, at + 28, markers.length)
    bytes.set(told, at + fixedBytes)
    at += fixedBytes + told.length
    for (const marker of markers) {
      writeMarker(bytes, at, marker)
      at += markerBytes
    }
  }
  assert(at === bytes.length, 'sizes add up')
  return bytes
}

function writeMarker(bytes: Buffer, at: number, told: DecidedMarker): void {
  const { topicId, partitionIndex, offset, marker } = told
  assert(bytes.write(topicId, at, 16, 'base64url') === 16, 'a topic id has 16 bytes')
  writeInt32(bytes, at + 16, partitionIndex)
  writeInt64(bytes, at + 20, offset)
  writeInt64(bytes, at + 28, marker.timestampMs)
  writeInt64(bytes, at + 36, marker.producerId)
  writeInt32(bytes, at + 44, marker.coordinatorEpoch)
  writeInt16(bytes, at + 48, marker.producerEpoch)
  bytes[at + 50] = marker.type === 'commit' ? 1 : 0
  bytes[at + 51] = marker.transactionVersion
}

/** @throws Failure 'corrupt': it does not hold `count` groups. */
export function decodeDecided(bytes: Uint8Array, count: number): DecidedGroup[] {
  const groups: DecidedGroup[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    if (at + fixedBytes > bytes.length) throw cutShort(bytes)
    const outcomesEnd = at + fixedBytes + readUint32(bytes, at + 24)
    const end = outcomesEnd + readUint32(bytes, at + 28) * markerBytes
    if (end > bytes.length) throw cutShort(bytes)
    const markers: DecidedMarker[] = []
    for (let from = outcomesEnd; from < end; from += markerBytes) {
      markers.push(readMarker(bytes, from))
    }
    groups.push({
      id: { incarnation: readInt64(bytes, at), groupNumber: readInt64(bytes, at + 8) },
      state: readUint32(bytes, at + 16) === 1 ? 'committed' : 'cancelled',
      leaderEpoch: readInt32(bytes, at + 20),
      outcomes: decodeOutcomes(bytes.subarray(at + fixedBytes, outcomesEnd)),
      markers,
    })
    at = end
  }
  if (at !== bytes.length) throw cutShort(bytes)
  return groups
}

function readMarker(bytes: Uint8Array, at: number): DecidedMarker {
  const topicId = Buffer.from(bytes.buffer, bytes.byteOffset + at, 16).toString('base64url')
  const marker: RunMarker = {
    type: bytes[at + 50] === 1 ? 'commit' : 'abort',
    producerId: readInt64(bytes, at + 36),
    producerEpoch: readInt16(bytes, at + 48),
    coordinatorEpoch: readInt32(bytes, at + 44),
    timestampMs: readInt64(bytes, at + 28),
    transactionVersion: bytes[at + 51]!,
  }
  const partitionIndex = readUint32(bytes, at + 16)
  return { topicId, partitionIndex, offset: readInt64(bytes, at + 20), marker }
}

function cutShort(bytes: Uint8Array): Failure {
  return new Failure(
    'corrupt',
    `decisions about groups: ${bytes.length} bytes are not what they claim`,
  )
}
