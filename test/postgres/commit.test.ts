import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cancelGroups, commitGroups } from '../../src/catalog/commit-groups.ts'
import { isFailure } from '../../src/base/errors.ts'
import { partitionRow, Steps } from '../../src/catalog/contract-subject.ts'
import { commitLog, objects, partitions } from '../../src/catalog/schema.ts'
import type { PostgresDatabase } from '../../src/catalog/postgres/database.ts'
import { PostgresProxy, type Cut } from '../support/postgres-proxy.ts'
import { Catalogs } from './catalogs.ts'
import { fillTopic, group, logEndOf } from './groups.ts'

const catalogs = new Catalogs()

const trips = async (database: PostgresDatabase, work: () => Promise<unknown>): Promise<number> => {
  const before = database.roundTrips
  await work()
  return database.roundTrips - before
}

test('a commit is two round trips: of one group, of many, of one decided before', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 40)
  const ids = Array.from({ length: 40 }, (_, at) => at + 1)
  const commit = (...groups: Parameters<typeof commitGroups>[1]): Promise<unknown> =>
    commitGroups(database, groups)
  await commit(group(1, 1, ids)) // makes the session
  assert.equal(await trips(database, () => commit(group(1, 2, ids, 1))), 2)
  const many = [3, 4, 5].map((number) => group(1, number, ids, number - 1))
  assert.equal(await trips(database, () => commit(...many)), 2)
  assert.equal(await logEndOf(database, 7), 5)
  assert.equal(await trips(database, () => commit(group(1, 5, ids, 4))), 3)
  assert.equal(await logEndOf(database, 7), 5)
  assert.equal(await trips(database, () => cancelGroups(database, [group(1, 9, [])])), 2)
  const read = () => database.snapshot('get', (tx) => tx.get(partitions, [[1]]))
  assert.equal(await trips(database, read), 2)
  await database.close()
})

test('an object whose groups were decided before is not brought', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 1)
  await cancelGroups(database, [group(1, 1, [1])])
  const result = await commitGroups(database, [group(1, 1, [1])])
  assert.deepEqual(result.groups, [{ state: 'cancelled' }])
  const rows = await database.snapshot('o', (tx) => tx.scan(objects, { prefix: [], limit: 9 }))
  assert.deepEqual(rows, [])
  await database.close()
})

test('a lock answers with the row as it is after the wait', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 2)
  const steps = new Steps()
  const holder = database.transaction('holder', async (tx) => {
    await tx.lock(partitions, [[1], [2]], 'exclusive')
    await tx.put(partitions, [partitionRow(2, { logEnd: 7 })])
    steps.reach('held')
    await sleep(200)
    await tx.put(partitions, [partitionRow(1, { logEnd: 7 })])
  })
  await steps.reached('held')
  const locking = ['exclusive', 'shared'] as const
  const locked = await Promise.all(
    locking.map((mode) =>
      database.transaction(mode, (tx) => tx.lock(partitions, [[1], [2]], mode)),
    ),
  )
  await holder
  for (const rows of locked) {
    assert.deepEqual(
      rows.map(({ logEnd }) => logEnd),
      [7, 7],
    )
  }
  await database.close()
})

test('a statement that fails before COMMIT: nothing is written, its error is told', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await fillTopic(database, 2)
  await catalogs.plain((client) =>
    client.query(`CREATE FUNCTION ${schema}.fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER full_disk BEFORE UPDATE ON ${schema}.partition
        FOR EACH ROW EXECUTE FUNCTION ${schema}.fail()`),
  )
  await assert.rejects(commitGroups(database, [group(1, 1, [1, 2])]), {
    kind: 'overloaded',
    message: /commit-groups, update partition: no space left on device \(PostgreSQL 53100\)/,
  })
  assert.deepEqual(await cancelGroups(database, [group(1, 1, [1])]), [{ state: 'cancelled' }])
  await catalogs.plain((client) => client.query(`DROP TRIGGER full_disk ON ${schema}.partition`))
  await commitGroups(database, [group(1, 2, [1, 2])])
  assert.equal(await logEndOf(database, 1), 1)
  await database.close()
})

for (const cut of ['before', 'after', 'deaf'] satisfies Cut[]) {
  test(`a connection that is cut (${cut}) at every request of a commit`, async () => {
    const schema = catalogs.newSchema()
    const direct = await catalogs.open(schema)
    await fillTopic(direct, 3)
    const proxy = await PostgresProxy.start(catalogs.server.port)
    const database = await catalogs.open(schema, '', proxy.port)
    let number = 0
    let sequence = 0
    const next = () => group(1, ++number, [1, 2, 3], sequence)
    await commitGroups(database, [next()])
    sequence++
    proxy.arm()
    await commitGroups(database, [next()])
    sequence++
    const requests = proxy.requests
    assert.ok(requests >= 8, `a commit has ${requests} requests`)
    const kinds = new Set<string>()
    for (let at = 1; at <= requests; at++) {
      await settle(() => commitGroups(database, [next()])) // so that there is a session
      sequence++
      const one = next()
      proxy.arm(at, cut)
      const failure = await commitGroups(database, [one]).then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.ok(isFailure(failure), `request ${at}: ${String(failure)}`)
      assert.ok(['unavailable', 'unknown-outcome'].includes(failure.kind), failure.message)
      kinds.add(failure.kind)
      proxy.arm()
      const [told] = await settle(() => cancelGroups(direct, [one]))
      if (failure.kind === 'unavailable') assert.deepEqual(told, { state: 'cancelled' })
      if (told?.state === 'committed') sequence++
      assert.equal(await logEndOf(direct, 2), sequence, `request ${at}`)
      if (at === requests && cut === 'deaf') assert.equal(told?.state, 'committed')
    }
    assert.deepEqual([...kinds].toSorted(), ['unavailable', 'unknown-outcome'])
    await settle(() => commitGroups(database, [next()]))
    await Promise.all([database.close(), direct.close()])
    await proxy.close()
  })
}

/** Again, as whoever must know does. */
async function settle<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === 20 || !isFailure(error, 'unavailable')) throw error
      await sleep(50)
    }
  }
}

test('a zombie: COMMIT waits for a standby, its client is gone, and it commits later', async () => {
  const schema = catalogs.newSchema()
  const direct = await catalogs.open(schema)
  await fillTopic(direct, 1)
  const proxy = await PostgresProxy.start(catalogs.server.port)
  const database = await catalogs.open(schema, '', proxy.port)
  await commitGroups(database, [group(1, 1, [1])])
  const one = group(1, 2, [1], 1)
  proxy.arm()
  await commitGroups(database, [group(2, 1, [1])])
  const { requests } = proxy
  await setStandby('nobody')
  proxy.arm(requests, 'deaf')
  await assert.rejects(commitGroups(database, [one]), { kind: 'unknown-outcome' })
  await assert.rejects(cancelGroups(direct, [one]), { kind: 'unavailable' })
  assert.equal(await logEndOf(direct, 1), 2, 'it is absent, which is not never')
  await setStandby('')
  const [told] = await settle(() => cancelGroups(direct, [one]))
  assert.equal(told?.state, 'committed')
  assert.equal(await logEndOf(direct, 1), 3)
  await Promise.all([database.close(), direct.close()])
  await proxy.close()
})

test('a standby that is away makes a commit unknown, and never done', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 1)
  await setStandby('nobody')
  try {
    const begunMs = performance.now()
    await assert.rejects(commitGroups(database, [group(1, 1, [1])]), { kind: 'unknown-outcome' })
    assert.ok(performance.now() - begunMs < 9_000)
  } finally {
    await setStandby('')
  }
  const [told] = await settle(() => cancelGroups(database, [group(1, 1, [1])]))
  assert.equal(told?.state, 'committed')
  const rows = await database.snapshot('l', (tx) => tx.scan(commitLog, { prefix: [], limit: 9 }))
  assert.equal(rows.length, 1)
  await database.close()
})

async function setStandby(name: string): Promise<void> {
  await catalogs.plain(async (client) => {
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`)
    await client.query('SELECT pg_reload_conf()')
  })
  await sleep(100)
}
