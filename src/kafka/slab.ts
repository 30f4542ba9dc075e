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

export class SlabPool {
  readonly #options: SlabPoolOptions
  readonly #pooled = new Map<number, Slab[]>()
  readonly #region: Uint8Array
  /** Bytes of the region that were cut off. */
  #regionUsed = 0
  #pooledBytes = 0

  constructor(options: SlabPoolOptions) {
    this.#options = options
    this.#region = Buffer.allocUnsafeSlow(options.regionBytes ?? 0)
    this.#pooled.set(options.smallBytes, [])
    this.#pooled.set(options.largeBytes, [])
  }

  /**
   * A slab held once by the caller. One that is larger than `largeBytes` is made for one frame and
   * not pooled.
   */
  take(size: 'small' | 'large' | number): Slab {
    const { smallBytes, largeBytes } = this.#options
    const wanted = size === 'small' ? smallBytes : size === 'large' ? largeBytes : size
    const slab = this.#reuse(wanted) ?? this.#cut(wanted) ?? this.#make(wanted)
    slab.retain()
    return slab
  }

  #reuse(bytes: number): Slab | undefined {
    const pooled = this.#pooled.get(bytes)?.pop()
    if (pooled !== undefined && !this.#isOfRegion(pooled)) this.#pooledBytes -= bytes
    return pooled
  }

  #cut(bytes: number): Slab | undefined {
    const end = this.#regionUsed + bytes
    if (!this.#pooled.has(bytes) || end > this.#region.length) return undefined
    const cut = this.#region.subarray(this.#regionUsed, end)
    this.#regionUsed = end
    return new Slab(cut, (slab) => this.#takeBack(slab))
  }

  #make(bytes: number): Slab {
    return new Slab(Buffer.allocUnsafeSlow(bytes), (slab) => this.#takeBack(slab))
  }

  #isOfRegion(slab: Slab): boolean {
    return slab.bytes.buffer === this.#region.buffer
  }

  get smallBytes(): number {
    return this.#options.smallBytes
  }

  get largeBytes(): number {
    return this.#options.largeBytes
  }

  #takeBack(slab: Slab): void {
    if (this.#options.poison === true) slab.bytes.fill(0xdd)
    const pooled = this.#pooled.get(slab.capacity)
    if (this.#isOfRegion(slab)) {
      pooled?.push(slab)
      return
    }
    const isRoom = this.#pooledBytes + slab.capacity <= this.#options.pooledBytesMax
    if (pooled === undefined || !isRoom) return
    this.#pooledBytes += slab.capacity
    pooled.push(slab)
  }
}
