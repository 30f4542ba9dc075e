/** Producer ids: unique for ever in a cluster, drawn from the catalog in blocks (KIP-730's idea). */
import type { CatalogDatabase } from '../catalog/database.ts'
import { drawNumbers } from '../catalog/counters.ts'

/** Ids drawn at once; those not used when a broker stops are lost, of 2^53. */
const blockSize = 1_000

export class ProducerIds {
  readonly #database: CatalogDatabase
  #next = 0
  #end = 0
  #drawing: Promise<void> | undefined

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': no id was given; ask again. */
  async next(): Promise<number> {
    while (this.#next === this.#end) {
      this.#drawing ??= this.#draw().finally(() => (this.#drawing = undefined))
      await this.#drawing
    }
    return this.#next++
  }

  async #draw(): Promise<void> {
    const first = await drawNumbers(this.#database, 'producer.id', blockSize)
    this.#next = first
    this.#end = first + blockSize
  }
}
