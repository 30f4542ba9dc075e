/** The job that forgets silent producers, without the job. */
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { expireProducers, type ProducerCursor } from '../../src/catalog/retain-producers.ts'

/** How many were forgotten, wherever their states were. */
export async function expireAll(database: CatalogDatabase, beforeMs: number): Promise<number> {
  let expired = 0
  for (let cursor: ProducerCursor | undefined; ;) {
    const step = await expireProducers(database, cursor, beforeMs)
    expired += step.expired
    if (step.next === undefined) return expired
    cursor = step.next
  }
}
