/** A journal that takes nothing while its disk is full, whatever room its own files still have. */
import type { Clock } from '../base/clock.ts'
import type { GroupPlace, Journal, JournalGroup, Placed } from './journal.ts'

export interface JournalGuard {
  /** @throws Failure why nothing may be written now. */
  check(): void
  /** Told of every write that failed. */
  failed(error: unknown): Promise<void>
  /** Told of every group that was made durable. */
  written(group: JournalGroup, durationMs: number): void
}

export function guardedJournal(journal: Journal, guard: JournalGuard, clock: Clock): Journal {
  return {
    async write(group: JournalGroup, placed?: Placed): Promise<GroupPlace> {
      guard.check()
      const begunMs = clock.monotonicMs()
      try {
        const place = await journal.write(group, placed)
        guard.written(group, clock.monotonicMs() - begunMs)
        return place
      } catch (error) {
        await guard.failed(error)
        throw error
      }
    },
    read: (objectId, position, length, into) => journal.read(objectId, position, length, into),
    prepare: (objectId) => journal.prepare?.(objectId),
    finished: () => journal.finished(),
    roll: () => journal.roll(),
    retire: (objectId) => journal.retire(objectId),
    close: () => journal.close(),
  }
}
