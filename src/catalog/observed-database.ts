/** A catalog whose failed writes somebody is told of before their caller is. */
import type { CatalogDatabase } from './database.ts'

/** `failed` is awaited, so that the caller's next try finds what it has put right. */
export function observedDatabase(
  database: CatalogDatabase,
  failed: (error: unknown) => Promise<void>,
): CatalogDatabase {
  return {
    async transaction(name, body) {
      try {
        return await database.transaction(name, body)
      } catch (error) {
        await failed(error)
        throw error
      }
    },
    snapshot: (name, body) => database.snapshot(name, body),
    close: () => database.close(),
  }
}
