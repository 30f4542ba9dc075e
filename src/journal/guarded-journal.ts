/** A journal that takes nothing while its disk is full, whatever room its own files still have. */
import type { GroupPlace, Journal, JournalGroup } from './journal.ts'

export interface JournalGuard {
  /** @throws Failure why nothing may be written now. */
  check(): void
  /** Told of every write that failed. */
  failed(error: unknown): Promise<void>
}

export function guardedJournal(journal: Journal, guard: JournalGuard): Journal {
  return {
    async write(group: JournalGroup): Promise<GroupPlace> {
      guard.check()
      try {
        return await journal.write(group)
      } catch (error) {
        await guard.failed(error)
        throw error
      }
    },
    read: (objectId, position, length, into) => journal.read(objectId, position, length, into),
    finished: () => journal.finished(),
    roll: () => journal.roll(),
    retire: (objectId) => journal.retire(objectId),
    close: () => journal.close(),
  }
}
