/**
 * The offset map of compaction: the largest offset of each key, keys being digests. A table of open
 * addresses in one buffer, so that its memory is what its limit says, however many keys there are.
 */
import type { KeyDigest } from './key-digest.ts'

/** Words of a slot: four of the digest, two of the offset, which is stored plus one: 0 is empty. */
const slotWords = 6
const slotBytes = slotWords * 4
/** Fuller tables are searched for too long (Kafka's log.cleaner.io.buffer.load.factor). */
const loadMax = 0.9
/** A table grows to so many times its size; old and new together stay below the limit. */
const growth = 8
const firstSlots = 1_024

export class KeyOffsets {
  readonly #slotsMax: number
  #slots: number
  #words: Uint32Array
  #size = 0

  /** `bytesMax`: `log.cleaner.dedupe.buffer.size`. Room for one key at least. */
  constructor(bytesMax: number) {
    const slots = Math.floor(bytesMax / slotBytes)
    const isSmall = slots <= firstSlots
    this.#slotsMax = Math.max(2, isSmall ? slots : Math.floor((slots * growth) / (growth + 1)))
    this.#slots = Math.min(this.#slotsMax, firstSlots)
    this.#words = new Uint32Array(this.#slots * slotWords)
  }

  /** Keys in it. */
  get size(): number {
    return this.#size
  }

  get byteLength(): number {
    return this.#words.byteLength
  }

  /** Notes that the key stands at `offset`; false where there is no room for another key. */
  put(digest: KeyDigest, offset: number): boolean {
    let at = this.#find(digest)
    if (this.#isEmpty(at)) {
      if (this.#size + 1 > this.#slots * loadMax && this.#size > 0) {
        if (this.#slots === this.#slotsMax) return false
        this.#grow()
        at = this.#find(digest)
      }
      this.#words.set(digest, at)
      this.#size++
    } else if (this.#offsetAt(at) >= offset) return true
    const stored = offset + 1
    this.#words[at + 4] = stored % 2 ** 32
    this.#words[at + 5] = Math.floor(stored / 2 ** 32)
    return true
  }

  /** The largest offset of the key; -1 where it is not here. */
  get(digest: KeyDigest): number {
    const at = this.#find(digest)
    return this.#isEmpty(at) ? -1 : this.#offsetAt(at)
  }

  #isEmpty(at: number): boolean {
    return this.#words[at + 4] === 0 && this.#words[at + 5] === 0
  }

  #offsetAt(at: number): number {
    return this.#words[at + 5]! * 2 ** 32 + this.#words[at + 4]! - 1
  }

  /** Where the key's slot is, or the free one that it would get. */
  #find(digest: KeyDigest): number {
    const words = this.#words
    let slot = digest[0]! % this.#slots
    for (;;) {
      const at = slot * slotWords
      const isSame =
        words[at] === digest[0] &&
        words[at + 1] === digest[1] &&
        words[at + 2] === digest[2] &&
        words[at + 3] === digest[3]
      if (isSame || this.#isEmpty(at)) return at
      slot = slot + 1 === this.#slots ? 0 : slot + 1
    }
  }

  #grow(): void {
    const old = this.#words
    // The last table but one is small enough to stand beside the last one.
    const isLast = this.#slots * growth * growth > this.#slotsMax
    this.#slots = isLast ? this.#slotsMax : this.#slots * growth
    this.#words = new Uint32Array(this.#slots * slotWords)
    for (let at = 0; at < old.length; at += slotWords) {
      if (old[at + 4] === 0 && old[at + 5] === 0) continue
      const slot = old.subarray(at, at + slotWords)
      this.#words.set(slot, this.#find(slot.subarray(0, 4)))
    }
  }
}
