/**
 * Producer ids: unique for ever in a cluster, and drawn in the order in which they are given: who
 * asks later, at whichever broker, gets a higher one. Partitions rely on it (see
 * PartitionRow.producersKnownFrom), so brokers keep no blocks of ids as Kafka's do (KIP-730).
 */
import type { CatalogDatabase } from '../catalog/database.ts'
import { drawNumbers } from '../catalog/counters.ts'

/** Who asks while a draw is on its way shares the next one: a restart of many clients is cheap. */
const drawnTogetherMax = 1_000

type Waiting = PromiseWithResolvers<number>

export class ProducerIds {
  readonly #database: CatalogDatabase
  #waiting: Waiting[] = []
  #isDrawing = false

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': no id was given; ask again. */
  next(): Promise<number> {
    const asked: Waiting = Promise.withResolvers()
    this.#waiting.push(asked)
    if (!this.#isDrawing) void this.#drawAll()
    return asked.promise
  }

  async #drawAll(): Promise<void> {
    this.#isDrawing = true
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.splice(0, drawnTogetherMax)
      try {
        const first = await drawNumbers(this.#database, 'producer.id', asked.length)
        for (const [at, each] of asked.entries()) each.resolve(first + at)
      } catch (error) {
        for (const each of asked) each.reject(error)
      }
    }
    this.#isDrawing = false
  }
}
