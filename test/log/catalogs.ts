/**
 * Runs a test of what is decided in the catalog on both embedded adapters, or, with a URL in
 * KARST_TEST_CATALOG, on PostgreSQL (npm run test:postgres).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import { openPostgresDatabase } from '../../src/catalog/postgres/database.ts'
import { openSqliteDatabase } from '../../src/catalog/sqlite-database.ts'

export function catalogTest(
  title: string,
  work: (database: CatalogDatabase) => Promise<void>,
): void {
  const url = process.env['KARST_TEST_CATALOG']
  if (url !== undefined) {
    test(`postgres: ${title}`, () => onPostgres(url, work))
    return
  }
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

let schemas = 0

async function onPostgres(
  url: string,
  work: (database: CatalogDatabase) => Promise<void>,
): Promise<void> {
  const schema = `decided_${process.pid}_${++schemas}`
  const options = { url: `${url}schema=${schema}`, clock: systemClock, log: silentLog }
  const database = await openPostgresDatabase(options)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}
