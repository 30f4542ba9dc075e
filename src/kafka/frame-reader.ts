/**
 * Cuts what a connection reads into frames, each a view of the slab it was read into. A frame that
 * does not fit behind what is read already moves to a new slab; it is copied at most once, and only
 * its begin.
 */
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

export class FrameReader {
  readonly #pool: SlabPool
  readonly #sink: FrameSink
  readonly #frameBytesMax: number
  #slab: Slab
  /** Where the frame under way begins (at its size) in the slab, and where the read bytes end. */
  #begin = 0
  #end = 0
  #isAdmitted = false
  #isBroken = false

  constructor(pool: SlabPool, frameBytesMax: number, sink: FrameSink) {
    this.#pool = pool
    this.#frameBytesMax = frameBytesMax
    this.#sink = sink
    this.#slab = pool.take('small')
  }

  target(): Uint8Array {
    if (this.#slab.capacity - this.#end < roomBytesMin) this.#move(0)
    return this.#slab.bytes.subarray(this.#end)
  }

  received(count: number): void {
    const isFull = this.#end + count === this.#slab.capacity
    this.#end += count
    this.proceed()
    // A sender that fills a small slab in one go has more to send than it should.
    if (isFull && this.#slab.capacity < this.#pool.largeBytes) this.#move(this.#pool.largeBytes)
  }

  /** Goes on where an `admit` said no. */
  proceed(): void {
    while (!this.#isBroken && this.#end - this.#begin >= prefixBytes) {
      const { bytes } = this.#slab
      const view = new DataView(bytes.buffer, bytes.byteOffset + this.#begin, prefixBytes)
      const size = view.getInt32(0)
      if (size < prefixBytes - sizeBytes || size > this.#frameBytesMax) {
        this.#isBroken = true
        this.#sink.oversized(size)
        return
      }
      if (!this.#isAdmitted && !this.#sink.admit(size, view.getInt16(sizeBytes))) return
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

  close(): void {
    this.#isBroken = true
    this.#slab.release()
  }

  /** Takes what is not yet a frame to a slab with room for `bytes`. */
  #move(bytes: number): void {
    const { smallBytes, largeBytes } = this.#pool
    const rest = this.#slab.bytes.subarray(this.#begin, this.#end)
    const needed = Math.max(bytes, rest.length + roomBytesMin)
    const isSmall = needed <= smallBytes && this.#slab.capacity <= smallBytes
    const next = this.#pool.take(isSmall ? 'small' : needed <= largeBytes ? 'large' : needed)
    next.bytes.set(rest)
    this.#slab.release()
    this.#slab = next
    this.#begin = 0
    this.#end = rest.length
  }
}
