import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import { schemaLevel } from '../../src/catalog/migrations.ts'
import { openPostgresDatabase } from '../../src/catalog/postgres/database.ts'
import { partitions } from '../../src/catalog/schema.ts'
import { postgresPassword } from '../support/postgres-server.ts'
import { Catalogs } from './catalogs.ts'
import { fillTopic, logEndOf } from './groups.ts'

const catalogs = new Catalogs()

const openUrl = (url: string) => openPostgresDatabase({ url, clock: systemClock, log: silentLog })

test('what is wrong with the URL or the server is told, with what to do', async () => {
  const right = catalogs.server.url()
  const refused = (url: string, kind: string, message: RegExp): Promise<void> =>
    assert.rejects(openUrl(url), { kind, message })
  const password = encodeURIComponent(postgresPassword)
  await refused(right.replace(password, 'wrong'), 'invalid', /28P01.*check user and password/)
  await refused(right.replace(`:${password}`, ''), 'invalid', /put it into the URL or PGPASSWORD/)
  await refused(right.replace('/postgres?', '/absent?'), 'invalid', /3D000.*create the database/)
  await refused(
    `${right}&sslmode=require`,
    'invalid',
    /set sslmode=disable, or give the server TLS/,
  )
  await refused(`${right}&sslrootcert=/absent`, 'invalid', /sslrootcert: .*ENOENT/)
  const closed = right.replace(`:${catalogs.server.port}/`, ':1/')
  await refused(closed, 'unavailable', /ECONNREFUSED/)
})

test('of several hosts the first that takes writes is used', async () => {
  const { port } = catalogs.server
  const url = catalogs.server
    .url(`schema=${catalogs.newSchema()}`)
    .replace(`127.0.0.1:${port}`, `127.0.0.1:1,127.0.0.1:${port}`)
  const database = await openUrl(url)
  await database.databaseMs()
  await database.close()
})

test('a missing right is named', async () => {
  await catalogs.plain((client) => client.query(`CREATE ROLE poor LOGIN PASSWORD 'p'`))
  const url = `postgres://poor:p@127.0.0.1:${catalogs.server.port}/postgres?schema=poor`
  await assert.rejects(openUrl(url), { kind: 'invalid', message: /42501.*lacks a right/ })
  await catalogs.plain((client) => client.query('CREATE SCHEMA poor AUTHORIZATION poor'))
  const database = await openUrl(url)
  await fillTopic(database, 1)
  assert.equal((await database.changes(undefined, [], 1)).isReset, false)
  await database.close()
})

test('brokers that start together make one catalog', async () => {
  const schema = catalogs.newSchema()
  const databases = await Promise.all([1, 2, 3, 4].map(() => catalogs.open(schema)))
  await fillTopic(databases[0]!, 1)
  for (const database of databases) assert.equal(await logEndOf(database, 1), 0)
  await Promise.all(databases.map((each) => each.close()))
})

test('a schema of something else, and one of a newer release, are refused', async () => {
  const [foreign, newer] = [catalogs.newSchema(), catalogs.newSchema()]
  const first = await catalogs.open(newer)
  await first.close()
  await catalogs.plain((client) =>
    client.query(`CREATE SCHEMA ${foreign}; CREATE TABLE ${foreign}.theirs (id int8);
      UPDATE ${newer}.karst_level SET level = ${schemaLevel + 1}`),
  )
  await assert.rejects(catalogs.open(foreign), { kind: 'invalid', message: /no Karst catalog/ })
  await assert.rejects(catalogs.open(newer), {
    kind: 'invalid',
    message: new RegExp(`schema level ${schemaLevel + 1}`),
  })
})

test('a database that is not in UTF8 is refused', async () => {
  await catalogs.plain((client) =>
    client.query(`CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`),
  )
  const url = catalogs.server.url().replace('/postgres?', '/latin?')
  await assert.rejects(openUrl(url), { kind: 'invalid', message: /LATIN1.*must be in UTF8/ })
})

test('a session that the catalog refuses is not used', async () => {
  const schema = catalogs.newSchema()
  let accepts = true
  const seen: number[] = []
  const database = await openPostgresDatabase({
    url: catalogs.server.url(`schema=${schema}`),
    clock: systemClock,
    log: silentLog,
    accept: async (tx) => {
      seen.push((await tx.scan(partitions, { prefix: [], limit: 9 })).length)
      if (!accepts) throw new Error('it went back')
    },
  })
  await fillTopic(database, 2)
  const commit = () => database.transaction('commit-groups', (tx) => tx.get(partitions, [[1]]))
  accepts = false
  await assert.rejects(commit(), { message: /it went back/ })
  accepts = true
  assert.equal((await commit()).length, 1)
  assert.ok(seen.includes(2))
  await database.close()
})
