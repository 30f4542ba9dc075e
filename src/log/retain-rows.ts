/** Lets go of rows that only time ends: silent producers, and groups that nobody asks for any more. */
import type { Clock } from '../base/clock.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { expireGroups } from '../catalog/pack-finish.ts'
import { expireProducers, type ProducerCursor } from '../catalog/retain-producers.ts'

export interface ExpirerDeps {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly limits: {
    /** `producer.id.expiration.ms`. */
    readonly producersMs: () => number
    /** What became of a group is told so long, also when it is packed. */
    readonly groupsMs: number
  }
}

export interface ExpireStats {
  producers: number
  groups: number
}

export class Expirer {
  readonly #deps: ExpirerDeps
  readonly stats: ExpireStats = { producers: 0, groups: 0 }

  constructor(deps: ExpirerDeps) {
    this.#deps = deps
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time. */
  async expireProducers(signal: AbortSignal): Promise<void> {
    const { database, clock, limits } = this.#deps
    const beforeMs = clock.nowMs() - limits.producersMs()
    for (let cursor: ProducerCursor | undefined; !signal.aborted;) {
      const step = await expireProducers(database, cursor, beforeMs)
      this.stats.producers += step.expired
      cursor = step.next
      if (cursor === undefined) return
    }
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time. */
  async expireGroups(signal: AbortSignal): Promise<void> {
    const { database, clock, limits } = this.#deps
    while (!signal.aborted) {
      const step = await expireGroups(database, clock.nowMs() - limits.groupsMs)
      this.stats.groups += step.deleted
      if (step.isDone) return
    }
  }
}
