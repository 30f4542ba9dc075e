/**
 * The contract of transactions: all or nothing, one after another where they meet, in an order of
 * locks.
 */
import assert from 'node:assert/strict'
import { sleep } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { commitRow, contractTests, partitionRow, producerRow, Steps } from './contract-subject.ts'
import type { ContractSubject, ContractTraits } from './contract.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import {
  commitLog,
  counters,
  extents,
  leases,
  partitions,
  producerStates,
  topics,
  type ExtentRow,
} from './schema.ts'

export function contractOfTransactions(
  name: string,
  traits: ContractTraits,
  open: () => Promise<ContractSubject>,
): void {
  const on = contractTests(name, open)
  on('a body that throws writes nothing, and its error is thrown', rollsBack)
  on('a transaction whose statement failed cannot commit', staysVoid)
  on('a transaction is over once it has ended', endsForGood)
  on('a body that waits for something else is ended', endsIdle)
  on('a snapshot stands still while others commit', snapshotStands)
  on('locks return the rows that exist, in key order', locksInOrder)
  on('the order of locks is asserted', assertsOrder)
  on('a shared lock is never raised', assertsNoRaise)
  on('rows under a guard need no order', allowsGuarded)
  on('no increment is lost between many transactions (W2)', losesNoIncrement)
  on(
    'lock, then read: who waited for a partition reads the sequence that the other left',
    committersMeet,
  )
  on(
    'absent is not never: inserting an id waits for its live transaction, then tells',
    resolverWaits,
  )
  on('closed: nothing is taken any more', refusesClosed)
  if (!traits.concurrentWriters) return
  on('a lock on other rows does not wait', othersPass)
  on('shared locks stand beside each other, and an exclusive one waits for all', sharedLocks)
  on('each statement sees what was committed when it began', statementSnapshots)
  on('a lock that takes too long fails, and its transaction with it', lockLimit)
  on('a row deleted during the wait for it is left out', deletedInWait)
  on('inserting a key waits for a live delete of it, then tells', insertBehindDelete)
}

const fill = (database: CatalogDatabase, ids: readonly number[]): Promise<void> =>
  database.transaction('fill', (tx) =>
    tx.put(
      partitions,
      ids.map((id) => partitionRow(id)),
    ),
  )

async function logEnd(database: CatalogDatabase, id: number): Promise<number | undefined> {
  const [row] = await database.snapshot('read', (tx) => tx.get(partitions, [[id]]))
  return row?.logEnd
}

async function rollsBack(database: CatalogDatabase): Promise<void> {
  const error = new Error('no')
  const done = database.transaction('fails', async (tx) => {
    await tx.insert(partitions, [partitionRow(1)])
    await tx.put(partitions, [partitionRow(2)])
    throw error
  })
  await assert.rejects(done, (thrown) => thrown === error)
  await fill(database, [3])
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  assert.deepEqual(rows, [partitionRow(3)])
}

async function staysVoid(database: CatalogDatabase): Promise<void> {
  const done = database.transaction('stubborn', async (tx) => {
    await tx.put(partitions, [partitionRow(1)])
    await tx.get(partitions, [[]]).catch(() => undefined)
    await tx.put(partitions, [partitionRow(2)]).catch(() => undefined)
  })
  await assert.rejects(done, { name: 'AssertionFailed' })
  assert.equal(await logEnd(database, 1), undefined)
}

async function endsForGood(database: CatalogDatabase): Promise<void> {
  let kept: Transaction | undefined
  await database.transaction('keep', async (tx) => {
    kept = tx
  })
  await assert.rejects(kept!.get(partitions, [[1]]), { kind: 'closed' })
}

async function endsIdle(database: CatalogDatabase): Promise<void> {
  const never = Promise.withResolvers<void>()
  const done = database.transaction('idle', async (tx) => {
    await tx.put(partitions, [partitionRow(1)])
    await never.promise
  })
  await assert.rejects(done, { kind: 'unavailable' })
  assert.equal(await logEnd(database, 1), undefined)
  await fill(database, [1])
}

async function snapshotStands(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2, 3])
  await database.snapshot('stands', async (tx) => {
    const before = await tx.scan(partitions, { prefix: [], limit: 9 })
    await database.transaction('change', async (other) => {
      await other.put(partitions, [partitionRow(1, { logEnd: 9 })])
      await other.delete(partitions, [[2]])
      await other.put(partitions, [partitionRow(4)])
    })
    await database.transaction('again', (other) =>
      other.put(partitions, [partitionRow(1, { logEnd: 10 }), partitionRow(2, { logEnd: 10 })]),
    )
    assert.deepEqual(await tx.scan(partitions, { prefix: [], limit: 9 }), before)
    assert.deepEqual(await tx.get(partitions, [[4], [2]]), [undefined, partitionRow(2)])
  })
  assert.equal(await logEnd(database, 2), 10)
}

async function locksInOrder(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2, 10])
  const rows = await database.transaction('lock', (tx) =>
    tx.lock(partitions, [[10], [5], [2], [1]], 'exclusive'),
  )
  assert.deepEqual(
    rows,
    [1, 2, 10].map((id) => partitionRow(id)),
  )
}

async function assertsOrder(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2])
  const refused = async (body: (tx: Transaction) => Promise<unknown>): Promise<void> => {
    const done = database.transaction('order', body)
    await assert.rejects(done, { name: 'AssertionFailed', message: /locks ascend/ })
  }
  const lock = (tx: Transaction, id: number): Promise<unknown> =>
    tx.lock(partitions, [[id]], 'exclusive')
  await refused((tx) => lock(tx, 2).then(() => lock(tx, 1)))
  await refused((tx) => lock(tx, 1).then(() => tx.lock(topics, [['t']], 'shared')))
  await refused((tx) => lock(tx, 1).then(() => tx.insert(commitLog, [commitRow(1, 1)])))
  await refused((tx) => lock(tx, 2).then(() => tx.put(partitions, [partitionRow(1)])))
  await refused((tx) => lock(tx, 2).then(() => tx.delete(partitions, [[1]])))
  await refused(async (tx) => {
    await tx.insert(counters, [{ name: 'a', next: 1 }])
    await tx.lock(leases, [['x']], 'exclusive')
  })
  await database.transaction('again', async (tx) => {
    await tx.insert(commitLog, [commitRow(1, 1)])
    await tx.lock(partitions, [[1], [2]], 'exclusive')
    await tx.lock(partitions, [[1]], 'exclusive')
    await tx.put(commitLog, [commitRow(1, 1, { length: 2 })])
    await tx.put(counters, [{ name: 'a', next: 1 }])
    await tx.put(partitions, [partitionRow(2), partitionRow(1)])
  })
}

async function assertsNoRaise(database: CatalogDatabase): Promise<void> {
  await fill(database, [1])
  const raised = (raise: (tx: Transaction) => Promise<unknown>): Promise<void> =>
    assert.rejects(
      database.transaction('raise', async (tx) => {
        await tx.lock(partitions, [[1]], 'shared')
        await tx.lock(partitions, [[1]], 'shared')
        await raise(tx)
      }),
      { name: 'AssertionFailed', message: /never raised/ },
    )
  await raised((tx) => tx.lock(partitions, [[1]], 'exclusive'))
  await raised((tx) => tx.put(partitions, [partitionRow(1)]))
  await raised((tx) => tx.delete(partitions, [[1]]))
}

async function allowsGuarded(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2])
  await database.transaction('guarded', async (tx) => {
    await tx.lock(partitions, [[1], [2]], 'exclusive')
    await tx.put(producerStates, [producerRow(2, 7), producerRow(1, 9)])
    await tx.put(extents, [extentRow(2), extentRow(1)])
    await tx.delete(producerStates, [[1, 9]])
  })
  const unguarded = database.transaction('unguarded', async (tx) => {
    await tx.lock(partitions, [[1]], 'exclusive')
    await tx.put(producerStates, [producerRow(2, 7)])
    await tx.put(extents, [extentRow(2)])
  })
  await assert.rejects(unguarded, { name: 'AssertionFailed', message: /locks ascend/ })
}

function extentRow(partitionId: number): ExtentRow {
  const [baseOffset, nextOffset, position, length] = [0, 1, 0, 1]
  const row = { partitionId, baseOffset, nextOffset, objectId: 'o', position, length }
  return { ...row, maxTimestampMs: 0, leaderEpoch: 0, createdMs: 0 }
}

async function losesNoIncrement(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2, 3, 4])
  const increment = (id: number): Promise<void> =>
    database.transaction('increment', async (tx) => {
      const keys = [[1 + (id % 4)], [1 + ((id * 7) % 4)]]
      await tx.lock(partitions, keys, 'exclusive')
      const ids = [...new Set(keys.map(([key]) => key as number))]
      const rows = await tx.get(
        partitions,
        ids.map((key) => [key]),
      )
      await tx.put(
        partitions,
        rows.map((row) => ({ ...row!, logEnd: row!.logEnd + 1 })),
      )
    })
  const attempts = Array.from({ length: 60 }, (_, id) => increment(id))
  await Promise.all(attempts)
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  const twice = Array.from({ length: 60 }, (_, id) => (id % 4 === (id * 7) % 4 ? 1 : 2))
  const expected = twice.reduce((sum, one) => sum + one, 0)
  assert.equal(
    rows.reduce((sum, row) => sum + row.logEnd, 0),
    expected,
  )
}

/** The shape of a produce commit: lock, then read, then write. */
async function appendOne(tx: Transaction, steps?: Steps): Promise<number> {
  await tx.lock(partitions, [[1]], 'exclusive')
  steps?.reach('locked')
  const [[partition], [producer]] = [
    await tx.get(partitions, [[1]]),
    await tx.get(producerStates, [[1, 7]]),
  ]
  const epoch = (producer?.epoch ?? 0) + 1 // stands for the sequence
  await tx.put(producerStates, [producerRow(1, 7, { epoch })])
  await tx.put(partitions, [partitionRow(1, { logEnd: (partition?.logEnd ?? 0) + 1 })])
  return epoch
}

async function committersMeet(database: CatalogDatabase): Promise<void> {
  await fill(database, [1])
  const steps = new Steps()
  const first = database.transaction('first', (tx) => appendOne(tx, steps))
  await steps.reached('locked')
  const second = database.transaction('second', (tx) => appendOne(tx))
  assert.deepEqual(await Promise.all([first, second]), [1, 2])
  assert.equal(await logEnd(database, 1), 2)
}

async function resolverWaits(database: CatalogDatabase): Promise<void> {
  const cancelled = commitRow(1, 1, { state: 'cancelled' })
  const cancel = (): Promise<boolean> =>
    database.transaction('cancel', async (tx) => {
      const [inserted] = await tx.insert(commitLog, [cancelled])
      const [found] = await tx.get(commitLog, [[1, 1]])
      assert.equal(found?.state, inserted === true ? 'cancelled' : 'committed')
      return inserted === true
    })
  for (const commits of [true, false]) {
    const steps = new Steps()
    const live = database.transaction('live', async (tx) => {
      await tx.insert(commitLog, [commitRow(1, 1)])
      steps.reach('claimed')
      for (let turn = 0; turn < 10; turn++) await tx.get(commitLog, [[1, 1]])
      if (!commits) throw new Failure('unavailable', 'rolled back')
    })
    await steps.reached('claimed')
    const resolved = cancel()
    const outcomes = await Promise.allSettled([live, resolved])
    assert.equal(outcomes[0].status, commits ? 'fulfilled' : 'rejected')
    assert.equal(await resolved, !commits, 'the resolver wins only where the other rolled back')
    await database.transaction('clean', (tx) => tx.delete(commitLog, [[1, 1]]))
  }
}

async function refusesClosed(database: CatalogDatabase): Promise<void> {
  const during = fill(database, [1])
  await during
  await database.close()
  await assert.rejects(fill(database, [2]), { kind: 'closed' })
  await assert.rejects(logEnd(database, 1), { kind: 'closed' })
  await database.close()
}

/** Holds a lock until the step 'release' is reached, keeping busy so as not to be idle. */
function holder(
  database: CatalogDatabase,
  steps: Steps,
  take: (tx: Transaction) => Promise<unknown>,
  commits = true,
): Promise<void> {
  return database.transaction('holder', async (tx) => {
    await take(tx)
    steps.reach('held')
    while (!steps.isReached('release')) await tx.get(leases, [])
    if (!commits) throw new Failure('unavailable', 'rolled back')
  })
}

async function othersPass(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2])
  const steps = new Steps()
  const held = holder(database, steps, (tx) => tx.lock(partitions, [[1]], 'exclusive'))
  await steps.reached('held')
  await database.transaction('other', async (tx) => {
    await tx.lock(partitions, [[2]], 'exclusive')
    assert.deepEqual(await tx.get(partitions, [[1]]), [partitionRow(1)])
    await tx.put(partitions, [partitionRow(2, { logEnd: 1 })])
  })
  steps.reach('release')
  await held
}

async function sharedLocks(database: CatalogDatabase): Promise<void> {
  await fill(database, [1])
  const steps = new Steps()
  const held = holder(database, steps, (tx) => tx.lock(partitions, [[1]], 'shared'))
  await steps.reached('held')
  await database.transaction('beside', (tx) => tx.lock(partitions, [[1]], 'shared'))
  let changed = false
  const change = database.transaction('change', async (tx) => {
    await tx.lock(partitions, [[1]], 'exclusive')
    changed = true
  })
  await database.snapshot('turn', (tx) => tx.get(partitions, [[1]]))
  assert.equal(changed, false)
  steps.reach('release')
  await Promise.all([held, change])
}

async function statementSnapshots(database: CatalogDatabase): Promise<void> {
  await fill(database, [1])
  await database.transaction('reader', async (tx) => {
    assert.equal((await tx.get(partitions, [[1]]))[0]?.logEnd, 0)
    await database.transaction('writer', (other) =>
      other.put(partitions, [partitionRow(1, { logEnd: 5 })]),
    )
    assert.equal((await tx.get(partitions, [[1]]))[0]?.logEnd, 5)
  })
}

async function lockLimit(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2])
  const steps = new Steps()
  await database.transaction('holder', async (tx) => {
    await tx.lock(partitions, [[2]], 'exclusive')
    const waits = database.transaction('waits', async (other) => {
      await other.put(partitions, [partitionRow(1, { logEnd: 1 })])
      await other.lock(partitions, [[2]], 'shared')
    })
    const ended = assert.rejects(waits, { kind: 'unavailable' }).then(() => steps.reach('ended'))
    while (!steps.isReached('ended')) {
      await sleep(systemClock, 50) // longer would be idle
      await tx.get(leases, [])
    }
    await ended
  })
  assert.equal(await logEnd(database, 1), 0)
}

async function deletedInWait(database: CatalogDatabase): Promise<void> {
  await fill(database, [1, 2])
  const steps = new Steps()
  const held = holder(database, steps, (tx) => tx.delete(partitions, [[1]]))
  await steps.reached('held')
  const locked = database.transaction('waits', (tx) => tx.lock(partitions, [[1], [2]], 'exclusive'))
  await database.snapshot('turn', (tx) => tx.get(partitions, [[1]]))
  steps.reach('release')
  await held
  assert.deepEqual(await locked, [partitionRow(2)])
}

async function insertBehindDelete(database: CatalogDatabase): Promise<void> {
  for (const commits of [true, false]) {
    await fill(database, [1])
    const steps = new Steps()
    const held = holder(database, steps, (tx) => tx.delete(partitions, [[1]]), commits)
    await steps.reached('held')
    const again = partitionRow(1, { logEnd: 9 })
    const inserted = database.transaction('again', (tx) => tx.insert(partitions, [again]))
    await database.snapshot('turn', (tx) => tx.get(partitions, [[1]]))
    steps.reach('release')
    const [ended] = await Promise.allSettled([held])
    assert.equal(ended.status, commits ? 'fulfilled' : 'rejected')
    assert.deepEqual(await inserted, [commits])
    assert.equal(await logEnd(database, 1), commits ? 9 : 0)
  }
}
