/**
 * Lets go of rows that only time ends: silent producers, groups that nobody asks for any more,
 * changes that every broker has heard of.
 */
import type { Clock } from '../base/clock.ts'
import { expireChanges, nextChangeId } from '../catalog/change-log.ts'
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
  /** Changes before it were there at the last look already. */
  #oldChange = 0

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

  /**
   * Deletes changes that were there at the look before: brokers that follow know them, and one that
   * has not looked for so long reads everything anew.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time.
   */
  async expireChanges(signal: AbortSignal): Promise<void> {
    const { database } = this.#deps
    const next = await nextChangeId(database)
    while (!signal.aborted && !(await expireChanges(database, this.#oldChange)));
    this.#oldChange = next
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
