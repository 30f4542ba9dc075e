/**
 * A batch of an idempotent producer that failed must come first when it comes again. The catalog
 * refuses what does not follow, but of a producer it knows nothing of it takes any sequence
 * (KIP-98): a second batch, sent before the first one's failure was known, would be taken for its
 * first, and the first one refused for ever. So a lane remembers what failed here until it comes
 * again, here or at another broker. (Both found by simulation.)
 */
import type { AppendIntent } from '../catalog/commit-groups.ts'

/** Producers remembered at once; beyond it the oldest is forgotten, and judged by the catalog alone. */
const producersMax = 10_000
const sequences = 2 ** 31

const keyOf = ({ partitionId, producerId, producerEpoch }: AppendIntent): string =>
  `${partitionId}:${producerId}:${producerEpoch}`

/** True where `sequence` is `other` or comes after it; sequences wrap at 2^31. */
const isAtOrAfter = (sequence: number, other: number): boolean =>
  (sequence - other + sequences) % sequences < sequences / 2

export class MissingSequences {
  /** The first sequence that failed, by producer. */
  readonly #first = new Map<string, number>()

  /** `append` failed, and it is certain that it was not written. */
  failed(append: AppendIntent): void {
    if (append.producerId < 0) return
    const key = keyOf(append)
    const known = this.#first.get(key)
    if (known !== undefined && isAtOrAfter(append.baseSequence, known)) return
    this.#first.set(key, append.baseSequence)
    if (this.#first.size <= producersMax) return
    for (const oldest of this.#first.keys()) {
      this.#first.delete(oldest)
      return
    }
  }

  /**
   * True where something before `append` is missing. What is missing itself may pass, and is
   * forgotten.
   */
  isAhead(append: AppendIntent): boolean {
    if (append.producerId < 0 || this.#first.size === 0) return false
    const key = keyOf(append)
    const missing = this.#first.get(key)
    if (missing === undefined || !isAtOrAfter(append.baseSequence, missing)) return false
    if (append.baseSequence !== missing) return true
    this.#first.delete(key)
    return false
  }

  /** `append` is in the log, so that nothing before it is missing. */
  written(append: AppendIntent): void {
    if (append.producerId < 0 || this.#first.size === 0) return
    const key = keyOf(append)
    const missing = this.#first.get(key)
    if (missing !== undefined && isAtOrAfter(append.baseSequence, missing)) this.#first.delete(key)
  }
}
