/** The contract of the change feed, as tests: run on memory and PostgreSQL alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { randomBelow, type Random } from '../base/random.ts'
import { systemClock } from '../base/system-clock.ts'
import { commitRow, partitionRow } from './contract-subject.ts'
import type { Transaction } from './database.ts'
import type { FleetDatabase } from './fleet-database.ts'
import { commitLog, type CommitLogRow, leases, partitions } from './schema.ts'
import type { Table } from './table.ts'

export interface FeedSubject {
  /** Two brokers of one catalog; they may be one object. */
  readonly databases: readonly [FleetDatabase, FleetDatabase]
  readonly discard: () => Promise<void>
}

export interface FeedTraits {
  readonly random: Random
  /** Commits of the test that tries to miss one. */
  readonly commits: number
}

const feed = [commitLog] as readonly Table<never>[]
const limit = 10_000

/** Declares the tests; `open` gives an empty catalog. */
export function feedContract(
  name: string,
  traits: FeedTraits,
  open: () => Promise<FeedSubject>,
): void {
  const on = (
    title: string,
    work: (one: FleetDatabase, other: FleetDatabase) => Promise<void>,
  ): void => {
    test(`${name}: ${title}`, async () => {
      const { databases, discard } = await open()
      try {
        await work(...databases)
      } finally {
        await discard()
      }
    })
  }
  on('a feed begins with nothing, then tells of each insert once', tellsOnce)
  on('a row is told as it is now; what is deleted or only changed is not', tellsToday)
  on('more rows than asked for are a reset, and so is another life', resets)
  on('what is written first and committed last is told when it is visible', tellsLate)
  on('an announcement reaches the other brokers, soon', announces)
  on('the clock of the database does not go back', ratchets)
  on('closed: nothing is told any more', refusesClosed)
  on('many writers that write first and hold, or roll back: none missed, none twice', (a, b) =>
    missesNothing(a, b, traits),
  )
}

const rowsOf = (rows: readonly object[] | undefined): CommitLogRow[] =>
  (rows ?? []) as CommitLogRow[]

const numbers = (rows: readonly object[] | undefined): number[] =>
  rowsOf(rows)
    .map(({ groupNumber }) => groupNumber)
    .toSorted((a, b) => a - b)

const insert = (database: FleetDatabase, ...groups: number[]): Promise<boolean[]> =>
  database.transaction('insert', (tx) =>
    tx.insert(
      commitLog,
      groups.map((group) => commitRow(1, group)),
    ),
  )

async function tellsOnce(one: FleetDatabase, other: FleetDatabase): Promise<void> {
  await insert(one, 1)
  const begin = await other.changes(undefined, feed, limit)
  assert.deepEqual([begin.rows, begin.isReset], [[[]], false])
  await insert(one, 2, 3)
  await other.transaction('put', (tx) => tx.put(commitLog, [commitRow(1, 4)]))
  const first = await other.changes(begin.position, feed, limit)
  assert.deepEqual(numbers(first.rows[0]), [2, 3, 4])
  assert.deepEqual(rowsOf(first.rows[0]).at(0), commitRow(1, 2))
  const second = await other.changes(first.position, feed, limit)
  assert.deepEqual(second.rows, [[]])
  const again = await one.changes(begin.position, feed, limit)
  assert.deepEqual(numbers(again.rows[0]), [2, 3, 4])
}

async function tellsToday(one: FleetDatabase, other: FleetDatabase): Promise<void> {
  await insert(one, 1, 2)
  const begin = await other.changes(undefined, feed, limit)
  await insert(one, 3, 4)
  await one.transaction('change', async (tx) => {
    await tx.put(commitLog, [commitRow(1, 1, { length: 9 }), commitRow(1, 3, { length: 9 })])
    await tx.delete(commitLog, [[1, 4]])
  })
  const told = await other.changes(begin.position, feed, limit)
  assert.deepEqual(told.rows, [[commitRow(1, 3, { length: 9 })]])
  await one.transaction('claim', async (tx) => {
    await tx.insert(commitLog, [commitRow(1, 5)])
    await tx.put(commitLog, [commitRow(1, 5, { length: 5 })])
  })
  const claimed = await other.changes(told.position, feed, limit)
  assert.deepEqual(claimed.rows, [[commitRow(1, 5, { length: 5 })]])
}

async function resets(one: FleetDatabase): Promise<void> {
  const { position } = await one.changes(undefined, feed, limit)
  await insert(one, 1, 2, 3)
  const most = await one.changes(position, feed, 3)
  assert.deepEqual([most.isReset, numbers(most.rows[0])], [false, [1, 2, 3]])
  const over = await one.changes(position, feed, 2)
  assert.deepEqual([over.isReset, over.rows], [true, [[]]])
  const after = await one.changes(over.position, feed, 2)
  assert.deepEqual([after.isReset, after.rows], [false, [[]]])
}

async function tellsLate(one: FleetDatabase, other: FleetDatabase): Promise<void> {
  let { position } = await other.changes(undefined, feed, limit)
  const told: number[] = []
  const look = async (): Promise<void> => {
    const changes = await other.changes(position, feed, limit)
    position = changes.position
    told.push(...numbers(changes.rows[0]))
  }
  await one.transaction('slow', async (tx) => {
    await tx.insert(commitLog, [commitRow(1, 1)])
    await insert(one, 2)
    await look()
    await insert(one, 3)
    await look()
  })
  await look()
  assert.deepEqual(told, [2, 3, 1])
}

async function announces(one: FleetDatabase, other: FleetDatabase): Promise<void> {
  let calls = 0
  const called = Promise.withResolvers<void>()
  const end = other.onAnnounced(() => {
    if (++calls > 1) called.resolve()
  })
  for (let tries = 0; calls < 2 && tries < 100; tries++) {
    one.announce()
    one.announce()
    await sleep(systemClock, 20)
  }
  await called.promise
  end()
}

async function ratchets(one: FleetDatabase): Promise<void> {
  const times = [await one.databaseMs(), await one.databaseMs(), await one.databaseMs()]
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.ok(Math.abs((times[0] ?? 0) - systemClock.nowMs()) < 60_000)
}

async function refusesClosed(one: FleetDatabase): Promise<void> {
  await one.close()
  await assert.rejects(one.changes(undefined, feed, limit), { kind: 'closed' })
  await assert.rejects(one.databaseMs(), { kind: 'closed' })
  one.announce()
}

/** One commit to one partition: `position` is its base offset there. */
async function append(
  tx: Transaction,
  group: number,
  partition: number,
  hold: () => Promise<void>,
) {
  await tx.insert(commitLog, [commitRow(1, group, { objectId: String(partition) })])
  await hold()
  const [row] = await tx.lock(partitions, [[partition]], 'exclusive')
  const base = row?.logEnd ?? 0
  await hold()
  await tx.put(partitions, [partitionRow(partition, { logEnd: base + 1 })])
  await tx.put(commitLog, [commitRow(1, group, { objectId: String(partition), position: base })])
}

/** Two readers beside eight writers; per partition offsets come in order, without a gap. */
async function missesNothing(
  one: FleetDatabase,
  other: FleetDatabase,
  { random, commits }: FeedTraits,
): Promise<void> {
  const ids = [1, 2, 3, 4]
  await one.transaction('fill', (tx) =>
    tx.put(
      partitions,
      ids.map((id) => partitionRow(id)),
    ),
  )
  let next = 0
  let running = true
  const committed: number[] = []
  const write = async (database: FleetDatabase): Promise<void> => {
    while (next < commits) {
      const group = next++
      const hold = async (tx: Transaction): Promise<void> => {
        await sleep(systemClock, randomBelow(random, 8))
        await tx.get(leases, [])
      }
      const done = database.transaction('append', async (tx) => {
        await append(tx, group, ids[randomBelow(random, ids.length)] ?? 1, () => hold(tx))
        if (randomBelow(random, 10) === 0) throw new Failure('conflict', 'rolled back')
      })
      await done.then(
        () => committed.push(group),
        (error: unknown) => assert.ok(error instanceof Failure, String(error)),
      )
    }
  }
  const read = async (database: FleetDatabase, position: string): Promise<number[]> => {
    const told: number[] = []
    const ends = new Map<string, number>()
    for (let last = false; ;) {
      last = !running
      const changes = await database.changes(position, feed, limit)
      position = changes.position
      assert.equal(changes.isReset, false)
      const rows = rowsOf(changes.rows[0]).toSorted((a, b) => a.position - b.position)
      for (const { groupNumber, objectId, position: base } of rows) {
        assert.equal(base, ends.get(objectId) ?? 0, 'per partition in order, without a gap')
        ends.set(objectId, base + 1)
        told.push(groupNumber)
      }
      if (last) return told
      await sleep(systemClock, 3)
    }
  }
  const begin = await Promise.all([one, other].map((each) => each.changes(undefined, feed, limit)))
  const readers = [one, other].map((each, at) => read(each, begin[at]?.position ?? ''))
  await Promise.all([one, other, one, other].flatMap((each) => [write(each)]))
  running = false
  const expected = committed.toSorted((a, b) => a - b)
  for (const told of await Promise.all(readers)) {
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      expected,
    )
  }
}
