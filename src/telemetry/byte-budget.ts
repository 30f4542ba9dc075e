/**
 * Memory that requests share: who can't reserve is told to come back, instead of everybody being
 * out of memory.
 */
import { assert } from '../base/assert.ts'

export class ByteBudget {
  readonly #bytesMax: number
  #usedBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A reservation of nothing, to be grown; whoever opens it releases it. */
  open(): ByteReservation {
    let heldBytes = 0
    let released = false
    return {
      grow: (bytes) => {
        assert(!released, 'a released reservation does not grow')
        if (this.#usedBytes + bytes > this.#bytesMax) return false
        this.#usedBytes += bytes
        heldBytes += bytes
        return true
      },
      shrink: (bytes) => {
        assert(bytes <= heldBytes, 'only what was reserved is given back')
        this.#usedBytes -= bytes
        heldBytes -= bytes
      },
      release: () => {
        released = true
        this.#usedBytes -= heldBytes
        heldBytes = 0
      },
    }
  }
}

export interface ByteReservation {
  /** False, and nothing reserved, where the budget does not allow it. */
  grow(bytes: number): boolean
  shrink(bytes: number): void
  /** Gives everything back; harmless when done twice. */
  release(): void
}
