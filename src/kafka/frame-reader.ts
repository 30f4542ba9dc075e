/**
 * Cuts what a connection reads into frames, each a view of the slab it was read into. A frame that
 * does not fit behind what is read already moves to a new slab; it is copied at most once, and only
 * its begin.
 */
import { readInt16, readInt32 } from '../base/big-endian.ts'
import type { Hold } from '../base/hold.ts'
import type { Slab, SlabPool } from './slab.ts'

export interface FrameSink {
  /**
   * A frame of `size` bytes begins; `apiKey` is its first field. False: stop reading until
   * `proceed`. Called before memory is taken for it.
   */
  admit(size: number, apiKey: number): boolean
  /** A whole frame, without its size. `hold` is the caller's until this returns: retain to keep. */
  frame(bytes: Uint8Array, hold: Hold): void
  /** The size is negative or above the limit: nothing that follows can be trusted. */
  oversized(size: number): void
}

const sizeBytes = 4
/** Size and API key: what is needed before a frame is admitted. */
const prefixBytes = 6
/** With less room than this a read would be too small to be worth it. */
const roomBytesMin = 4 * 1024
/** Takes what still comes once nothing is to be read any more; nobody looks at it. */
const abyss = new Uint8Array(roomBytesMin)

export class FrameReader {
  readonly #pool: SlabPool
  readonly #sink: FrameSink
  readonly #frameBytesMax: number
  #slab: Slab
  /** Where the frame under way begins (at its size) in the slab, and where the read bytes end. */
  #begin = 0
  #end = 0
  /**
   * The slab that the last target is a view of, held until the next one, and where it begins in it.
   * A socket is lent its target long before it has bytes; what is read may have moved by then.
   */
  #lent: Slab | undefined
  #lentAt = 0
  /** How often something came into the slab. */
  #reads = 0
  #isAdmitted = false
  #isBroken = false

  constructor(pool: SlabPool, frameBytesMax: number, sink: FrameSink) {
    this.#pool = pool
    this.#frameBytesMax = frameBytesMax
    this.#sink = sink
    this.#slab = pool.take('small')
  }

  /** True where a frame was admitted and is not whole yet: memory is taken for it. */
  get isMidFrame(): boolean {
    return this.#isAdmitted && !this.#isBroken
  }

  /** Bytes of the frame under way that are there. */
  get partBytes(): number {
    return this.#end - this.#begin
  }

  target(): Uint8Array {
    if (this.#isBroken) return abyss
    if (this.#slab.capacity - this.#end < roomBytesMin) this.#move(0)
    if (this.#lent !== this.#slab) {
      this.#lent?.release()
      this.#lent = this.#slab
      this.#lent.retain()
    }
    this.#lentAt = this.#end
    return this.#slab.bytes.subarray(this.#end)
  }

  received(count: number): void {
    if (this.#isBroken) return
    if (this.#lent !== this.#slab || this.#lentAt !== this.#end) this.#fetchLent(count)
    this.#reads++
    const isFull = this.#end + count === this.#slab.capacity
    this.#end += count
    this.proceed()
    if (this.#isBroken) return
    // A sender that fills a small slab in one go has more to send than it should.
    if (isFull && this.#slab.capacity < this.#pool.largeBytes) this.#move(this.#pool.largeBytes)
  }

  /** Goes on where an `admit` said no. */
  proceed(): void {
    while (!this.#isBroken && this.#end - this.#begin >= prefixBytes) {
      const { bytes } = this.#slab
      const size = readInt32(bytes, this.#begin)
      if (size < prefixBytes - sizeBytes || size > this.#frameBytesMax) {
        this.#isBroken = true
        this.#sink.oversized(size)
        return
      }
      if (!this.#isAdmitted && !this.#sink.admit(size, readInt16(bytes, this.#begin + sizeBytes)))
        return
      this.#isAdmitted = true
      const whole = sizeBytes + size
      if (this.#end - this.#begin < whole) {
        if (this.#begin + whole > this.#slab.capacity) this.#move(whole)
        return
      }
      const at = this.#begin
      this.#begin += whole
      this.#isAdmitted = false
      this.#sink.frame(this.#slab.bytes.subarray(at + sizeBytes, at + whole), this.#slab)
    }
  }

  /** Gives the memory back; called once. What still comes is thrown away. */
  close(): void {
    this.#isBroken = true
    this.#slab.release()
    this.#lent?.release()
    this.#lent = undefined
  }

  /** What was read moved after the target was lent: the bytes are brought to where they belong. */
  #fetchLent(count: number): void {
    const lent = this.#lent
    if (lent === undefined) return
    if (this.#slab.capacity - this.#end < count) this.#move(this.#end - this.#begin + count)
    this.#slab.bytes.set(lent.bytes.subarray(this.#lentAt, this.#lentAt + count), this.#end)
  }

  /** Takes what is not yet a frame to a slab with room for `bytes`. */
  #move(bytes: number): void {
    const { smallBytes, largeBytes } = this.#pool
    const rest = this.#slab.bytes.subarray(this.#begin, this.#end)
    const needed = Math.max(bytes, rest.length + roomBytesMin)
    // Who fills a large slab in little bits has no use for one: a thousand of them hold gigabytes.
    const isLight = this.#slab.capacity <= smallBytes || this.#end < this.#reads * (smallBytes / 2)
    const isSmall = needed <= smallBytes && isLight
    const next = this.#pool.take(isSmall ? 'small' : needed <= largeBytes ? 'large' : needed)
    next.bytes.set(rest)
    this.#slab.release()
    this.#slab = next
    this.#begin = 0
    this.#end = rest.length
    this.#reads = 0
  }
}
