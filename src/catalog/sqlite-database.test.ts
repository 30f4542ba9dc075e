import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../base/system-clock.ts'
import { catalogContract } from './contract.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

catalogContract('sqlite', { concurrentWriters: false, runs: 60 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'karst-catalog-'))
  const database = await openSqliteDatabase({
    path: join(folder, 'catalog.db'),
    clock: systemClock,
  })
  const discard = async (): Promise<void> => {
    await database.close()
    await rm(folder, { recursive: true })
  }
  return { database, discard }
})
