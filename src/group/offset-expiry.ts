/** Committed offsets that nobody can miss any more, and groups with nothing left, go in rounds. */
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { orRefused } from './catalog-refusal.ts'
import type { GroupConfig } from './config.ts'
import type { PatternView } from './consumer/topic-view.ts'
import type { AnyGroupState } from './decision.ts'
import type { GroupDirectory } from './group-directory.ts'
import type { GroupMailbox } from './group-mailbox.ts'
import { pagesOfGroups } from './group-views.ts'
import type { Refused } from './refusal.ts'
import { expireGroup } from './removal.ts'
import type { Expired } from './removal.ts'
import { fromRow } from './stored-group.ts'

export interface OffsetExpiryParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly config: GroupConfig
  readonly log: Log
  readonly groups: GroupDirectory
  readonly patterns: PatternView
}

export class OffsetExpiry {
  readonly #parts: OffsetExpiryParts
  #isClosed = false

  constructor(parts: OffsetExpiryParts) {
    this.#parts = parts
  }

  /**
   * One round of the expiry: offsets past offsets.retention.minutes, then groups that have nothing
   * left.
   */
  async round(): Promise<{ readonly offsets: number; readonly groups: number }> {
    const { database } = this.#parts
    let [offsets, groups] = [0, 0]
    await orRefused(this.#parts.log, 'expire offsets', async () => {
      for await (const rows of pagesOfGroups(database)) {
        for (const row of rows) {
          if (this.#isClosed) return
          if (this.#parts.groups.notOwn(row.groupId) !== undefined) continue
          const known = this.#parts.groups.peek(row.groupId)
          const expire = (): Promise<Expired | Refused> =>
            known === undefined
              ? this.#expire(fromRow(row), row.coordinatorEpoch)
              : this.#expireKnown(known)
          const expired = await orRefused(this.#parts.log, 'expire offsets of a group', expire)
          if (expired === undefined || 'outcome' in expired) continue
          offsets += expired.offsets
          groups += expired.isGroupDeleted ? 1 : 0
        }
      }
    })
    return { offsets, groups }
  }

  /** Runs the expiry every offsets.retention.check.interval.ms until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, config, log } = this.#parts
    for (;;) {
      await sleep(clock, config.offsetsRetentionCheckMs, signal)
      if (signal.aborted || this.#isClosed) return
      const expired = await this.round()
      if (expired.offsets + expired.groups > 0) log.info(expired, 'committed offsets have expired')
    }
  }

  /** A round under way ends after the group that it is at. */
  close(): void {
    this.#isClosed = true
  }

  #expire(state: AnyGroupState, epoch: number): Promise<Expired> {
    const { database, config, clock } = this.#parts
    const { offsetsRetentionMs } = config
    return expireGroup(
      database,
      state,
      this.#parts.patterns,
      epoch,
      offsetsRetentionMs,
      clock.nowMs(),
    )
  }

  #expireKnown(group: GroupMailbox): Promise<Expired | Refused> {
    return group.turn(async (state) => {
      const value = await this.#expire(state, group.coordinatorEpoch)
      return { value, isDeleted: value.isGroupDeleted }
    })
  }
}
