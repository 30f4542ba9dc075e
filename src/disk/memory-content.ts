/** The bytes of one file in memory, with what a power loss may make of those that were not synced. */
import type { Random } from '../base/random.ts'
import { randomBelow } from '../base/random.ts'

/** What a disk writes whole or not at all. Nothing larger is promised by any. */
export const sectorBytes = 512

/** How far a crash spares what was not synced: a mix shows what neither extreme does. */
export type CrashMood = 'all lost' | 'all kept' | 'mixed'

export function drawMood(random: Random): CrashMood {
  return (['all lost', 'all kept', 'mixed', 'mixed'] as const)[randomBelow(random, 4)] ?? 'mixed'
}

/** A growing buffer. Bytes that were never written are zero. */
class Bytes {
  buffer: Uint8Array = new Uint8Array(0)
  size = 0

  grow(size: number): void {
    if (size > this.buffer.length) {
      const larger = new Uint8Array(Math.max(size, this.buffer.length * 2, 4 * sectorBytes))
      larger.set(this.buffer.subarray(0, this.size))
      this.buffer = larger
    }
    if (size > this.size) this.size = size
  }

  set(bytes: Uint8Array, position: number): void {
    this.grow(position + bytes.length)
    this.buffer.set(bytes, position)
  }

  /** Up to a sector; what lies behind the end is zero. */
  sector(index: number): Uint8Array {
    const copy = new Uint8Array(sectorBytes)
    const from = index * sectorBytes
    copy.set(this.buffer.subarray(from, Math.min(from + sectorBytes, this.size)))
    return copy
  }
}

/** What a sync has to make durable: everything written before it began. */
export interface SyncPoint {
  readonly size: number
  readonly writes: number
}

interface SectorVersion {
  readonly bytes: Uint8Array
  /** Which write made it. */
  readonly write: number
}

export class MemoryContent {
  readonly #now = new Bytes()
  readonly #durable = new Bytes()
  /** Every version of a sector since it was last durable, oldest first: a crash may keep any. */
  readonly #unsynced = new Map<number, SectorVersion[]>()
  #writes = 0
  modifiedMs = 0

  get size(): number {
    return this.#now.size
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#now.set(bytes, position)
    const write = ++this.#writes
    const last = Math.floor((position + bytes.length - 1) / sectorBytes)
    for (let index = Math.floor(position / sectorBytes); index <= last; index++) {
      const version = { bytes: this.#now.sector(index), write }
      const versions = this.#unsynced.get(index)
      if (versions === undefined) this.#unsynced.set(index, [version])
      else versions.push(version)
    }
  }

  read(into: Uint8Array, position: number): number {
    const found = this.#now.buffer.subarray(
      Math.min(position, this.#now.size),
      Math.min(position + into.length, this.#now.size),
    )
    into.set(found)
    return found.length
  }

  beginSync(): SyncPoint {
    return { size: this.#now.size, writes: this.#writes }
  }

  /** Syncs may overlap: what another one made durable meanwhile is not undone. */
  endSync(point: SyncPoint): void {
    this.#durable.grow(point.size)
    for (const [index, versions] of this.#unsynced) {
      const synced = versions.findLast(({ write }) => write <= point.writes)
      if (synced === undefined) continue
      this.#keep(index, synced.bytes)
      const left = versions.filter(({ write }) => write > point.writes)
      if (left.length === 0) this.#unsynced.delete(index)
      else this.#unsynced.set(index, left)
    }
  }

  /**
   * As Linux does: what could not be written back counts as clean, so that no later sync writes it,
   * although reads still show it.
   */
  failSync(random: Random): void {
    this.#settle(random, 'mixed')
    this.#unsynced.clear()
  }

  /** The power is gone: what is left of the file is what was durable and what chance spared. */
  crash(random: Random, mood: CrashMood): void {
    this.#settle(random, mood)
    this.#unsynced.clear()
    this.#now.buffer = this.#durable.buffer.slice()
    this.#now.size = this.#durable.size
  }

  #settle(random: Random, mood: CrashMood): void {
    if (mood === 'all lost') return
    if (mood === 'all kept' || randomBelow(random, 2) === 0) this.#durable.grow(this.#now.size)
    for (const [index, versions] of this.#unsynced) {
      const draw = mood === 'all kept' ? versions.length : randomBelow(random, versions.length + 1)
      const spared = versions[draw - 1]
      if (spared !== undefined) this.#keep(index, spared.bytes)
    }
  }

  /** The size of a file is a fact of its own: a sector that lies behind it is lost. */
  #keep(index: number, bytes: Uint8Array): void {
    const from = index * sectorBytes
    const room = Math.min(sectorBytes, this.#durable.size - from)
    if (room > 0) this.#durable.buffer.set(bytes.subarray(0, room), from)
  }
}
