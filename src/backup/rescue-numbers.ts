/**
 * Numbers that are given once, raised beyond everything that can have been given since the catalog
 * was of this state; and what clients have in memory of transactions, made void.
 */
import { type CatalogDatabase, catalogLimits } from '../catalog/database.ts'
import { clusterFacts, type CounterRow, counters } from '../catalog/schema.ts'
import { changeCounter } from '../catalog/schema-changes.ts'
import {
  pendingOffsets,
  transactionGroups,
  transactionPartitions,
  transactions,
} from '../catalog/schema-transactions.ts'
import { keyOf, type Table } from '../catalog/table.ts'

/** By counter: more than a cluster draws in the life of a backup. Others start from nothing. */
const raises: Readonly<Record<string, number>> = {
  'partition.id': 10_000_000,
  'producer.id': 10_000_000_000,
  'broker.incarnation': 1_000_000,
  'journal.file': 10_000_000,
  'object.id': 100_000_000,
}

/** Rows changed in one transaction. */
const rowsPerStep = 500

/** `seen`: the highest numbers that names in the store show; counters end above them, too. */
export async function raiseCounters(
  database: CatalogDatabase,
  seen: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [name, raise] of Object.entries(raises)) {
    await database.transaction('raise counter', async (tx) => {
      await tx.insert(counters, [{ name, next: 0 }])
      const [row] = (await tx.lock(counters, [[name]], 'exclusive')) as [CounterRow]
      await tx.put(counters, [{ name, next: Math.max(row.next, (seen[name] ?? -1) + 1) + raise }])
    })
  }
  await database.transaction('raise change counter', async (tx) => {
    const [row] = await tx.lock(changeCounter, [['change.id']], 'exclusive')
    if (row !== undefined) await tx.put(changeCounter, [{ ...row, next: row.next + 1_000_000 }])
  })
}

/**
 * No transaction goes on: every transactional id gets a producer id that nobody has, so that its
 * clients begin anew. Resolves with how many there are.
 */
export async function voidTransactions(
  database: CatalogDatabase,
  drawProducerIds: (count: number) => Promise<number>,
  nowMs: number,
): Promise<number> {
  await deleteAll(database, transactionPartitions)
  await deleteAll(database, transactionGroups)
  await deleteAll(database, pendingOffsets)
  let count = 0
  for (let after: string | undefined; ;) {
    const range = { prefix: [], limit: rowsPerStep }
    const page = await database.snapshot('read transactions', (tx) =>
      tx.scan(transactions, after === undefined ? range : { ...range, after: [after] }),
    )
    if (page.length === 0) return count
    const first = await drawProducerIds(page.length)
    await database.transaction('void transactions', async (tx) => {
      const keys = page.map(({ transactionalId }) => [transactionalId])
      const rows = await tx.lock(transactions, keys, 'exclusive')
      await tx.put(
        transactions,
        rows.map((row, index) => {
          const fresh = { producerId: first + index, producerEpoch: 0, serial: row.serial + 1 }
          const none = { previousProducerId: -1, lastProducerEpoch: -1, startedMs: -1 }
          return { ...row, ...fresh, ...none, state: 'Empty' as const, changedMs: nowMs }
        }),
      )
    })
    count += page.length
    after = page.at(-1)?.transactionalId
    if (page.length < rowsPerStep) return count
  }
}

/** Guarded rows are deleted by who holds their guards; nobody else works with this catalog. */
async function deleteAll<Row extends object>(
  database: CatalogDatabase,
  table: Table<Row>,
): Promise<void> {
  const { guard } = table
  const limit = Math.min(rowsPerStep, catalogLimits.scanRowsMax)
  for (;;) {
    const count = await database.transaction(`empty ${table.name}`, async (tx) => {
      const page = await tx.scan(table, { prefix: [], limit })
      if (guard?.table === transactions.name) {
        const ids = new Set(
          page.map((row) => (row as { transactionalId?: string }).transactionalId),
        )
        const keys = [...ids].flatMap((id) => (id === undefined ? [] : [[id]]))
        await tx.lock(transactions, keys, 'exclusive')
      }
      return page.length === 0
        ? 0
        : tx.delete(
            table,
            page.map((row) => keyOf(table, row)),
          )
    })
    if (count < limit) return
  }
}

/** The epoch under which brokers go on. */
export async function writeLeaderEpoch(database: CatalogDatabase, epoch: number): Promise<void> {
  await database.transaction('raise leader epoch', async (tx) => {
    await tx.lock(clusterFacts, [['leader.epoch']], 'exclusive')
    await tx.put(clusterFacts, [{ name: 'leader.epoch', value: String(epoch) }])
  })
}
