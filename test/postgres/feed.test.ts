import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { commitRow } from '../../src/catalog/contract-subject.ts'
import { feedContract } from '../../src/catalog/contract-feed.ts'
import { commitLog } from '../../src/catalog/schema.ts'
import type { Table } from '../../src/catalog/table.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { Catalogs } from './catalogs.ts'

const catalogs = new Catalogs()
const feed = [commitLog] as readonly Table<never>[]

feedContract('postgres', { random: seededRandom(7), commits: 1_000 }, async () => {
  const schema = catalogs.newSchema()
  const databases = [await catalogs.open(schema), await catalogs.open(schema)] as const
  const discard = async (): Promise<void> => {
    await Promise.all(databases.map((each) => each.close()))
  }
  return { databases, discard }
})

test('an open transaction of somebody else holds nobody up, and hides nothing', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await catalogs.plain(async (foreign) => {
    await foreign.query('BEGIN; CREATE TABLE other (id int8); INSERT INTO other VALUES (1)')
    let { position } = await database.changes(undefined, feed, 10)
    for (const group of [1, 2, 3]) {
      await database.transaction('i', (tx) => tx.insert(commitLog, [commitRow(1, group)]))
      const changes = await database.changes(position, feed, 10)
      assert.deepEqual(changes.rows, [[commitRow(1, group)]])
      position = changes.position
    }
    await foreign.query('ROLLBACK')
    assert.deepEqual((await database.changes(position, feed, 10)).rows, [[]])
  })
  await database.close()
})

test('a catalog that was dropped and made anew is another life: reset', async () => {
  const schema = catalogs.newSchema()
  const first = await catalogs.open(schema)
  const { position } = await first.changes(undefined, feed, 10)
  await first.close()
  await catalogs.plain((client) => client.query(`DROP SCHEMA ${schema} CASCADE`))
  const second = await catalogs.open(schema)
  assert.equal((await second.changes(position, feed, 10)).isReset, true)
  await second.close()
})

test('rows that were copied from another server are no news', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  const { position } = await database.changes(undefined, feed, 10)
  await database.transaction('i', (tx) => tx.insert(commitLog, [commitRow(1, 1)]))
  await catalogs.plain((client) => client.query(`UPDATE ${schema}.commit_log SET xid = '9999999'`))
  assert.deepEqual((await database.changes(position, feed, 10)).rows, [[]])
  await database.close()
})

test('who listens does so again after its session has ended', async () => {
  const schema = catalogs.newSchema()
  const [one, other] = [await catalogs.open(schema), await catalogs.open(schema)]
  let calls = 0
  other.onAnnounced(() => calls++)
  const heard = async (): Promise<void> => {
    const before = calls
    for (let tries = 0; calls === before; tries++) {
      assert.ok(tries < 200, 'nothing was heard in 4 s')
      one.announce()
      await sleep(20)
    }
  }
  await heard()
  await catalogs.plain((client) =>
    client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'karst'`,
    ),
  )
  await sleep(50)
  await heard()
  await Promise.all([one.close(), other.close()])
})
