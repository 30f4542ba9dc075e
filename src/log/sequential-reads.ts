/**
 * Notices who reads a partition in its order, without knowing readers: a run that begins where
 * another that was read has ended. Many who read together count as one.
 */
import type { Run } from '../catalog/manifest.ts'

/** What is read ahead at a reader's second step; doubled with each … */
export const windowBytesMin: number = 512 * 1024
/** … up to this: at 20 ms a request, and with what a request costs, more brings nothing. */
export const windowBytesMax: number = 8 * 1024 * 1024
/** Places where readers are; the least recently used is forgotten. About 100 bytes each. */
const placesMax = 10_000

export class SequentialReads {
  /** By partition and offset: what the next read from there is to read ahead. */
  readonly #windows = new Map<string, number>()

  /** Bytes to read ahead behind this run; 0 where nobody came here in order. */
  windowBehind({ partitionId, baseOffset, nextOffset }: Run): number {
    const from = `${partitionId} ${baseOffset}`
    const window = this.#windows.get(from) ?? 0
    this.#windows.delete(from)
    // A second look at the run, or a second reader of it, finds what the first has left.
    const to = `${partitionId} ${nextOffset}`
    const known = this.#windows.get(to) ?? 0
    this.#windows.delete(to)
    const next = Math.min(Math.max(2 * window, windowBytesMin), windowBytesMax)
    this.#windows.set(to, Math.max(known, next))
    if (this.#windows.size > placesMax) {
      for (const [oldest] of this.#windows) {
        this.#windows.delete(oldest)
        break
      }
    }
    return window
  }
}
