import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../base/system-clock.ts'
import { commitRow, partitionRow, producerRow } from './contract-subject.ts'
import { catalogContract } from './contract.ts'
import type { CatalogDatabase, LockMode } from './database.ts'
import { openMemoryDatabase } from './memory-database.ts'
import { MemoryLocks } from './memory-locks.ts'
import type { MemoryFault, MemoryPoint } from './memory-faults.ts'
import { commitLog, partitions, producerStates } from './schema.ts'

catalogContract('memory', { concurrentWriters: true, runs: 300 }, async () => {
  const database = openMemoryDatabase({ clock: systemClock })
  return { database, discard: () => database.close() }
})

/** A database whose named transaction meets `fault` at a point. */
function failing(transaction: string, at: MemoryPoint['at'], fault: MemoryFault): CatalogDatabase {
  return openMemoryDatabase({
    clock: systemClock,
    hooks: {
      fault: (point) => (point.transaction === transaction && point.at === at ? fault : undefined),
    },
  })
}

const put = (database: CatalogDatabase, name: string): Promise<void> =>
  database.transaction(name, (tx) => tx.put(partitions, [partitionRow(1)]))

const count = async (database: CatalogDatabase): Promise<number> => {
  const range = { prefix: [], limit: 9 }
  return (await database.snapshot('count', (tx) => tx.scan(partitions, range))).length
}

test('a failing statement voids its transaction, a failing commit writes nothing', async () => {
  for (const at of ['begin', 'put', 'commit'] as const) {
    const database = failing('bad', at, { fault: 'fail' })
    await assert.rejects(put(database, 'bad'), { kind: 'unavailable' })
    assert.equal(await count(database), 0)
    await put(database, 'good')
    assert.equal(await count(database), 1)
  }
})

test('a lost answer is an unknown outcome, whether or not it took effect', async () => {
  for (const [fault, rows] of [
    ['lose-answer', 1],
    ['lose-request', 0],
  ] as const) {
    const database = failing('lost', 'commit', { fault })
    await assert.rejects(put(database, 'lost'), { kind: 'unknown-outcome' })
    assert.equal(await count(database), rows)
    await put(database, 'good')
  }
})

test('absent is not never: a zombie keeps its locks, and who asks waits for it', async () => {
  for (const commits of [true, false]) {
    const { promise: until, resolve: wake } = Promise.withResolvers<void>()
    const database = failing('zombie', 'commit', { fault: 'zombie', until, commits })
    const died = database.transaction('zombie', (tx) => tx.insert(commitLog, [commitRow(1, 1)]))
    await assert.rejects(died, { kind: 'unknown-outcome' })
    const absent = await database.snapshot('look', (tx) => tx.get(commitLog, [[1, 1]]))
    assert.deepEqual(absent, [undefined], 'absent does not mean never')
    let told = false
    const resolver = database.transaction('resolve', async (tx) => {
      const [inserted] = await tx.insert(commitLog, [commitRow(1, 1, { state: 'cancelled' })])
      told = true
      return inserted
    })
    await Promise.all(Array.from({ length: 9 }, () => count(database)))
    assert.equal(told, false, 'the resolver waits while the zombie lives')
    wake()
    assert.equal(await resolver, !commits)
    const [row] = await database.snapshot('look', (tx) => tx.get(commitLog, [[1, 1]]))
    assert.equal(row?.state, commits ? 'committed' : 'cancelled')
  }
})

/** Appends to two partitions as a produce commit does; `readFirst` judges before it locks. */
async function append(database: CatalogDatabase, ids: readonly number[], readFirst: boolean) {
  await database.transaction('append', async (tx) => {
    const keys = ids.map((id) => [id])
    const early = readFirst
      ? await tx.get(
          producerStates,
          ids.map((id) => [id, 7]),
        )
      : undefined
    const rows = await tx.lock(partitions, keys, 'exclusive')
    const producers =
      early ??
      (await tx.get(
        producerStates,
        ids.map((id) => [id, 7]),
      ))
    for (const [at, row] of rows.entries()) {
      await tx.put(partitions, [{ ...row, logEnd: row.logEnd + 1 }])
      const epoch = (producers[at]?.epoch ?? 0) + 1
      await tx.put(producerStates, [producerRow(row.partitionId, 7, { epoch })])
    }
  })
}

/** Runs appends under a schedule: each pause lasts as many turns as the next number says. */
async function interleave(turns: readonly number[], readFirst: boolean): Promise<boolean> {
  let next = 0
  const pause = async (): Promise<void> => {
    const wait = turns[next++ % turns.length] ?? 0
    for (let turn = 0; turn < wait; turn++) await Promise.resolve()
  }
  const database = openMemoryDatabase({ clock: systemClock, hooks: { pause } })
  await database.transaction('fill', (tx) =>
    tx.put(
      partitions,
      [1, 2, 3].map((id) => partitionRow(id)),
    ),
  )
  const pairs = [[1, 2], [2, 3], [1, 3], [1], [2, 3]]
  await Promise.all(pairs.map((ids) => append(database, ids, readFirst)))
  return database.snapshot('check', async (tx) => {
    const rows = await tx.get(partitions, [[1], [2], [3]])
    const producers = await tx.get(producerStates, [
      [1, 7],
      [2, 7],
      [3, 7],
    ])
    assert.deepEqual(
      rows.map((row) => row?.logEnd),
      [3, 3, 3],
    ) // locked rows are never stale
    return producers.every((row) => row?.epoch === 3)
  })
}

const schedule = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 40 })

test('lock, then read: however they interleave, what is read is never stale', async () => {
  const property = fc.asyncProperty(schedule, async (turns) => {
    assert.ok(await interleave(turns, false))
  })
  await fc.assert(property, { numRuns: 500 })
})

test('lock, then read: interleaving finds who judges by what was read before', async () => {
  assert.equal(await interleave([3, 0, 7, 1], true), false)
})

test('10,000 rows in any order stay sorted, appended or inserted or deleted', async () => {
  const database = openMemoryDatabase({ clock: systemClock })
  const ids = Array.from({ length: 10_000 }, (_, at) => (at * 7919) % 10_000)
  await database.transaction('fill', (tx) =>
    tx.put(
      partitions,
      ids.map((id) => partitionRow(id)),
    ),
  )
  const odd = ids.filter((id) => id % 2 === 1).map((id) => [id])
  await database.transaction('delete', (tx) => tx.delete(partitions, odd))
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 10_000 }),
  )
  assert.deepEqual(
    rows.map((row) => row.partitionId),
    Array.from({ length: 5_000 }, (_, at) => at * 2),
  )
})

test('whoever waits for an exclusive lock is not overtaken by those who share', async () => {
  const locks = new MemoryLocks<{ name: string }>(systemClock)
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  assert.ok(locks.tryAcquire(a, 't', [1], 'shared'))
  const granted: string[] = []
  const wait = async (owner: { name: string }, mode: LockMode): Promise<void> => {
    assert.ok(!locks.tryAcquire(owner, 't', [1], mode))
    await locks.wait(owner, 't', [1], mode)
    granted.push(owner.name)
    locks.releaseAll(owner)
  }
  const waits = [wait(b, 'exclusive'), wait(c, 'shared')]
  locks.releaseAll(a)
  await Promise.all(waits)
  assert.deepEqual(granted, ['b', 'c'])
  assert.equal(locks.holders('t', [1]), undefined)
})
