/** Runs a test of what is decided in the catalog on both embedded adapters. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/base/system-clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import { openSqliteDatabase } from '../../src/catalog/sqlite-database.ts'

export function catalogTest(
  title: string,
  work: (database: CatalogDatabase) => Promise<void>,
): void {
  test(`memory: ${title}`, () => work(openMemoryDatabase({ clock: systemClock })))
  test(`sqlite: ${title}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'karst-decided-'))
    const path = join(folder, 'catalog.db')
    const database = await openSqliteDatabase({ path, clock: systemClock })
    try {
      await work(database)
    } finally {
      await database.close()
      await rm(folder, { recursive: true })
    }
  })
}
