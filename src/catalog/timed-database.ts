/** A catalog whose transactions are timed, by their names. */
import type { Clock } from '../base/clock.ts'
import type { CatalogDatabase } from './database.ts'

/** `took` is told the milliseconds from the call to its end, failed or not. */
export function timedDatabase(
  database: CatalogDatabase,
  clock: Clock,
  took: (name: string, kind: 'transaction' | 'snapshot', ms: number) => void,
): CatalogDatabase {
  return {
    async transaction(name, body) {
      const begunMs = clock.monotonicMs()
      try {
        return await database.transaction(name, body)
      } finally {
        took(name, 'transaction', clock.monotonicMs() - begunMs)
      }
    },
    async snapshot(name, body) {
      const begunMs = clock.monotonicMs()
      try {
        return await database.snapshot(name, body)
      } finally {
        took(name, 'snapshot', clock.monotonicMs() - begunMs)
      }
    },
    close: () => database.close(),
  }
}
