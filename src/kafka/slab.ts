/**
 * Pooled memory for what sockets read. Frames are views of a slab; whoever keeps one holds the
 * slab. Measured: fresh memory per frame costs twice the CPU per gigabyte and 1.7 GB of resident
 * memory.
 */
import { assert } from '../base/assert.ts'
import type { Hold } from '../base/hold.ts'

export class Slab implements Hold {
  readonly bytes: Uint8Array
  readonly #free: (slab: Slab) => void
  #holds = 0

  constructor(bytes: Uint8Array, free: (slab: Slab) => void) {
    this.bytes = bytes
    this.#free = free
  }

  get capacity(): number {
    return this.bytes.length
  }

  retain(): void {
    this.#holds++
  }

  release(): void {
    assert(this.#holds > 0, 'a slab is released once per hold')
    this.#holds--
    if (this.#holds === 0) this.#free(this)
  }
}

export interface SlabPoolOptions {
  /** Bytes of a slab for connections that are idle or send little. */
  readonly smallBytes: number
  /** Bytes of a slab for connections that send much: it must hold the usual largest frame. */
  readonly largeBytes: number
  /**
   * Bytes taken from the system as one piece, before the first slab, and cut into slabs as they are
   * needed: V8 counts every buffer that it is told of, and collects garbage for each few megabytes
   * of new ones (5 to 11 ms each, twice a second, until the tail cache was full). What was never
   * used takes no memory. Beyond it slabs are buffers of their own.
   */
  readonly regionBytes?: number
  /** Free bytes outside of the region that are kept for reuse; more go back to the system. */
  readonly pooledBytesMax: number
  /** For tests: what is free is overwritten, so that a read after release is seen. */
  readonly poison?: boolean
}

/** A large slab that was cut into small ones. */
interface Cut {
  readonly whole: Slab
  readonly parts: readonly Slab[]
  /** Of its parts. */
  free: number
}

export class SlabPool {
  readonly #options: SlabPoolOptions
  readonly #large: Slab[] = []
  /** Free parts of large slabs; the newest is taken first, so that old ones come together again. */
  #small: Slab[] = []
  readonly #cuts = new Map<Slab, Cut>()
  readonly #region: Uint8Array
  /** Bytes of the region that were given out once. */
  #regionUsed = 0
  /** Free bytes outside of the region. */
  #pooledBytes = 0

  constructor(options: SlabPoolOptions) {
    this.#options = options
    this.#region = Buffer.allocUnsafeSlow(options.regionBytes ?? 0)
  }

  /**
   * A slab held once by the caller. One that is larger than `largeBytes` is made for one frame and
   * not pooled.
   */
  take(size: 'small' | 'large' | number): Slab {
    const { smallBytes, largeBytes } = this.#options
    const slab =
      size === 'small' || size === smallBytes
        ? this.#takeSmall()
        : size === 'large' || size === largeBytes
          ? this.#takeLarge()
          : new Slab(Buffer.allocUnsafeSlow(size), (freed) => this.#poison(freed))
    slab.retain()
    return slab
  }

  get smallBytes(): number {
    return this.#options.smallBytes
  }

  get largeBytes(): number {
    return this.#options.largeBytes
  }

  #takeLarge(): Slab {
    const pooled = this.#large.pop()
    if (pooled !== undefined) {
      if (!this.#isOfRegion(pooled)) this.#pooledBytes -= pooled.capacity
      return pooled
    }
    const { largeBytes } = this.#options
    const end = this.#regionUsed + largeBytes
    const isRoom = end <= this.#region.length
    const bytes = isRoom
      ? this.#region.subarray(this.#regionUsed, end)
      : Buffer.allocUnsafeSlow(largeBytes)
    if (isRoom) this.#regionUsed = end
    return new Slab(bytes, (freed) => this.#takeBackLarge(freed))
  }

  #takeBackLarge(slab: Slab): void {
    this.#poison(slab)
    if (!this.#isOfRegion(slab)) {
      if (this.#pooledBytes + slab.capacity > this.#options.pooledBytesMax) return
      this.#pooledBytes += slab.capacity
    }
    this.#large.push(slab)
  }

  #takeSmall(): Slab {
    if (this.#small.length === 0) this.#cutLarge()
    const slab = this.#small.pop()
    const cut = slab === undefined ? undefined : this.#cuts.get(slab)
    assert(slab !== undefined && cut !== undefined, 'a large slab holds at least one small one')
    cut.free--
    return slab
  }

  #cutLarge(): void {
    const { smallBytes, largeBytes } = this.#options
    const whole = this.#takeLarge()
    whole.retain()
    const parts: Slab[] = []
    for (let at = 0; at + smallBytes <= largeBytes; at += smallBytes) {
      const bytes = whole.bytes.subarray(at, at + smallBytes)
      parts.push(new Slab(bytes, (freed) => this.#takeBackSmall(freed)))
    }
    const cut: Cut = { whole, parts, free: parts.length }
    for (const part of parts) this.#cuts.set(part, cut)
    this.#small.push(...parts)
  }

  /** Parts that are all free are a large slab again: neither size may starve the other. */
  #takeBackSmall(slab: Slab): void {
    this.#poison(slab)
    this.#small.push(slab)
    const cut = this.#cuts.get(slab)
    assert(cut !== undefined, 'a small slab is a part of a large one')
    cut.free++
    if (cut.free < cut.parts.length || this.#small.length === cut.parts.length) return
    this.#small = this.#small.filter((free) => this.#cuts.get(free) !== cut)
    for (const part of cut.parts) this.#cuts.delete(part)
    cut.whole.release()
  }

  #isOfRegion(slab: Slab): boolean {
    return slab.bytes.buffer === this.#region.buffer
  }

  #poison(slab: Slab): void {
    if (this.#options.poison === true) slab.bytes.fill(0xdd)
  }
}
