import { systemClock } from '../base/system-clock.ts'
import { catalogContract } from './contract.ts'
import { openMemoryDatabase } from './memory-database.ts'

catalogContract('memory', { concurrentWriters: true, runs: 300 }, async () => {
  const database = openMemoryDatabase({ clock: systemClock })
  return { database, discard: () => database.close() }
})
