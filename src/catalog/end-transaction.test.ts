/** T1: markers on all partitions, offsets of groups and the state are one catalog transaction. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import {
  type AppendIntent,
  cancelGroups,
  commitGroups,
  type GroupIntent,
  type GroupResult,
} from './commit-groups.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase } from './database.ts'
import type { EndIntent, MarkIntent } from './end-transaction.ts'
import { openMemoryDatabase } from './memory-database.ts'
import type { MemoryFault } from './memory-faults.ts'
import { producerStateOf } from './producer-states.ts'
import { commitLog, consumerGroups, groupOffsets, partitions } from './schema.ts'
import {
  abortedRanges,
  openTransactions,
  pendingOffsets,
  type TransactionRow,
  transactionGroups,
  transactionPartitions,
} from './schema-transactions.ts'
import { createTopic, deleteTopic, type Topic } from './topics.ts'
import {
  changeTransaction,
  describeTransaction,
  forgetTransaction,
  readTransaction,
  readTransactions,
  writePendingOffsets,
} from './transactions.ts'

const topicId = 'dG9waWMtb2YtY29tbWl0cw'
const producerId = 9
const transactionalId = 'tx'

/** The producers of the tests may have written to an earlier topic of the name. */
async function newTopic(database: CatalogDatabase): Promise<Topic> {
  await drawNumbers(database, 'producer.id', 1_000)
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 4 }
  const result = await createTopic(database, { ...shape, topicId, partitionCount: 3 })
  assert.equal(result.outcome, 'created')
  return (result as { topic: Topic }).topic
}

const opened: TransactionRow = {
  transactionalId,
  producerId,
  producerEpoch: 0,
  previousProducerId: -1,
  lastProducerEpoch: -1,
  state: 'Ongoing',
  serial: 1,
  timeoutMs: 1,
  startedMs: 0,
  changedMs: 0,
  clientVersion: 2,
  coordinatorVersion: 0,
  coordinatorIncarnation: 0,
}

/** An open transaction with its partitions. */
function open(
  database: CatalogDatabase,
  partitionIds: readonly number[],
  changes: Partial<TransactionRow> = {},
): Promise<unknown> {
  const next = { ...opened, ...changes }
  const judge = (): { next: TransactionRow; isGranted: boolean } => ({ next, isGranted: true })
  return changeTransaction(database, next.transactionalId, judge, { partitionIds })
}

let groupNumber = 0

function group(appends: readonly AppendIntent[]): GroupIntent {
  const place = { objectId: 'journal-1', position: 4_096, length: 10_000, bytesPosition: 4_200 }
  return { incarnation: 1, groupNumber: groupNumber++, ...place, createdMs: 7, appends }
}

function endGroup(...ends: readonly (EndIntent | MarkIntent)[]): GroupIntent {
  const place = { objectId: '', position: 0, length: 0, bytesPosition: 0 }
  return { incarnation: 1, groupNumber: groupNumber++, ...place, createdMs: 8, appends: [], ends }
}

function append(partitionId: number, baseSequence: number, more: object = {}): AppendIntent {
  const known = { topicId, partitionId, configVersion: 0, maxTimestampMs: 5, byteLength: 100 }
  const sent = { producerId, producerEpoch: 0, baseSequence, offsetCount: 10 }
  const transaction = { transactionalId, serial: 1, isBumping: true }
  return { ...known, ...sent, transaction, ...more }
}

const marker = (type: 'commit' | 'abort', producerEpoch = 1): MarkIntent['marker'] => ({
  type,
  producerId,
  producerEpoch,
  coordinatorEpoch: 0,
  transactionVersion: 2,
})

function end(type: 'commit' | 'abort'): EndIntent {
  const state = type === 'commit' ? 'CompleteCommit' : 'CompleteAbort'
  const decide: EndIntent['decide'] = (row) => {
    if (row?.state !== 'Ongoing') return { answer: 'not open' }
    const next = { ...row, state, producerEpoch: row.producerEpoch + 1, startedMs: -1 } as const
    return { answer: 'ended', next, marker: { ...marker(type), producerId: row.producerId } }
  }
  return { transactionalId, decide }
}

type Committed = Extract<GroupResult, { state: 'committed' }>

async function commit(database: CatalogDatabase, ...intents: GroupIntent[]): Promise<Committed[]> {
  const { groups } = await commitGroups(database, intents)
  return groups.map((each) => {
    assert.ok(each.state === 'committed')
    return each
  })
}

const outcomes = ({ outcomes: all }: Committed): string[] =>
  all.map((each) => {
    return each.outcome === 'refused' ? each.reason : `${each.outcome} ${each.baseOffset}`
  })

/** All that is left of transactions. */
function left(database: CatalogDatabase): Promise<object> {
  const range = { prefix: [], limit: 100 }
  return database.snapshot('left', async (tx) => ({
    registered: (await tx.scan(transactionPartitions, range)).length,
    groups: (await tx.scan(transactionGroups, range)).length,
    open: (await tx.scan(openTransactions, range)).map(({ firstOffset }) => firstOffset),
    aborted: (await tx.scan(abortedRanges, range)).map(
      ({ firstOffset, lastOffset, stableOffset }) => [firstOffset, lastOffset, stableOffset],
    ),
    pending: (await tx.scan(pendingOffsets, range)).length,
    offsets: (await tx.scan(groupOffsets, range)).map(({ offset }) => offset),
  }))
}

const nothing = { registered: 0, groups: 0, open: [], aborted: [], pending: 0, offsets: [] }

catalogTest('T1: an end marks every registered partition, with data or without', async (db) => {
  const [a = 0, b = 0] = (await newTopic(db)).partitionIds
  await open(db, [a, b])
  await commit(db, group([append(a, 0), append(a, 10)]))
  assert.deepEqual(await left(db), { ...nothing, registered: 2, open: [0] })
  const [ended] = await commit(db, endGroup(end('commit'), end('commit')))
  assert.deepEqual(ended?.answers, ['ended', 'not open'])
  assert.deepEqual(
    ended?.runs.map(({ partitionId, baseOffset, nextOffset, objectId, marker: { type } = {} }) => {
      return [partitionId, baseOffset, nextOffset, objectId, type]
    }),
    [
      [a, 20, 21, '', 'commit'],
      [b, 0, 1, '', 'commit'],
    ],
  )
  const place = { change: 'committed', producerId }
  assert.deepEqual(ended?.transactions, [
    { ...place, partitionId: a, firstOffset: 0, markerOffset: 20 },
    { ...place, partitionId: b, firstOffset: null, markerOffset: 0 },
  ])
  assert.deepEqual(await left(db), nothing)
  const [row, state] = await db.snapshot('look', async (tx) => [
    (await tx.get(partitions, [[a]]))[0],
    await producerStateOf(tx, a, producerId),
  ])
  assert.equal((row as { logEnd: number }).logEnd, 21)
  const { epoch, transactionOffset } = state as { epoch: number; transactionOffset: number }
  assert.deepEqual([epoch, transactionOffset], [1, null])
})

catalogTest('aborted ranges tell where what ends later begins at the earliest', async (db) => {
  const [a = 0] = (await newTopic(db)).partitionIds
  await open(db, [a])
  const other = { transactionalId: 'ty', producerId: 10 }
  await open(db, [a], other)
  const theirs = {
    producerId: 10,
    transaction: { transactionalId: 'ty', serial: 1, isBumping: true },
  }
  await commit(db, group([append(a, 0, theirs), append(a, 0)]))
  await commit(db, endGroup(end('abort')))
  assert.deepEqual(await left(db), {
    ...nothing,
    registered: 1,
    open: [0],
    aborted: [[10, 20, 0]],
  })
  await commit(db, endGroup({ ...end('abort'), transactionalId: 'ty' }))
  const aborted = [
    [10, 20, 0],
    [0, 21, 22],
  ]
  assert.deepEqual(await left(db), { ...nothing, aborted })
})

catalogTest('batch and end of one commit are judged one after another', async (db) => {
  const [a = 0] = (await newTopic(db)).partitionIds
  await open(db, [a])
  const [first, , late] = await commit(
    db,
    group([append(a, 0)]),
    endGroup(end('abort')),
    group([append(a, 10), append(a, 0, { producerEpoch: 1 })]),
  )
  assert.deepEqual(outcomes(first!), ['appended 0'])
  assert.deepEqual(outcomes(late!), ['stale-producer-epoch', 'wrong-transaction'])
  assert.deepEqual(await left(db), { ...nothing, aborted: [[0, 10, 11]] })
})

catalogTest('a batch must be of the transaction that is open, in its partition', async (db) => {
  const [a = 0, b = 0] = (await newTopic(db)).partitionIds
  await open(db, [a])
  const of = (serial: number, id = transactionalId): object => {
    return { transaction: { transactionalId: id, serial, isBumping: true } }
  }
  const [result] = await commit(
    db,
    group([
      append(a, 0, of(1, 'none')),
      append(a, 0, { ...of(1), producerId: 10 }),
      append(a, 0, { ...of(1), producerEpoch: 1 }),
      append(a, 0, of(0)),
      append(b, 0),
      append(a, 3),
      append(a, 0),
      append(a, 10, { transaction: undefined }),
      append(a, 0),
    ]),
  )
  assert.deepEqual(outcomes(result!), [
    'wrong-producer-id',
    'wrong-producer-id',
    'stale-producer-epoch',
    'wrong-transaction',
    'wrong-transaction',
    'out-of-order-sequence',
    'appended 0',
    'wrong-transaction',
    'duplicate 0',
  ])
  await open(db, [], { clientVersion: 0, transactionalId: 'tv1', producerId: 11 })
  await open(db, [b], { clientVersion: 0, transactionalId: 'tv1', producerId: 11 })
  const kept = { transaction: { transactionalId: 'tv1', serial: 1, isBumping: false } }
  const tv1 = append(b, 3, { ...kept, producerId: 11 })
  assert.deepEqual(outcomes((await commit(db, group([tv1])))[0]!), ['appended 0'])
})

async function withPending(db: CatalogDatabase, offsets: readonly number[]): Promise<void> {
  const row = { groupId: 'g', coordinatorEpoch: 3, protocolType: '', generation: 2, body: '{}' }
  await db.transaction('group', (tx) => tx.put(consumerGroups, [{ ...row, changedMs: 0 }]))
  const judge = (before: TransactionRow | undefined): object => ({
    next: before ?? opened,
    isGranted: true,
    producerId,
  })
  const place = { topicId, leaderEpoch: -1, metadata: '' }
  const commitOf = (coordinatorEpoch: number, generation: number) => ({
    ...{ transactionalId, groupId: 'g', coordinatorEpoch, generation, nowMs: 5 },
    offsets: offsets.map((offset, partitionIndex) => ({ ...place, partitionIndex, offset })),
  })
  const write = (epoch: number, generation: number, joins: boolean): Promise<string> =>
    writePendingOffsets(db, commitOf(epoch, generation), judge as never, joins).then(
      ({ group: found, isGroupKnown }) => `${found} ${isGroupKnown}`,
    )
  assert.equal(await write(3, 2, false), 'same false')
  assert.equal(await write(4, 2, true), 'other-coordinator true')
  assert.equal(await write(3, 1, true), 'other-generation true')
  assert.equal(await write(3, 2, true), 'same true')
}

catalogTest('offsets are written with the end, or not at all', async (db) => {
  await newTopic(db)
  for (const type of ['abort', 'commit'] as const) {
    await withPending(db, [100, 200])
    assert.deepEqual(await left(db), { ...nothing, groups: 1, pending: 2 })
    await commit(db, endGroup(end(type)))
    const offsets = type === 'commit' ? [100, 200] : []
    assert.deepEqual(await left(db), { ...nothing, offsets })
    await forgetTransaction(db, transactionalId, 100)
  }
})

catalogTest(
  'an offset that was committed later stands; a group that is gone is skipped',
  async (db) => {
    await newTopic(db)
    await withPending(db, [100, 200])
    const later = { groupId: 'g', topicId, partitionIndex: 0, offset: 7, leaderEpoch: -1 }
    await db.transaction('later', (tx) =>
      tx.put(groupOffsets, [{ ...later, metadata: '', committedMs: 6, expiresMs: null }]),
    )
    await commit(db, endGroup(end('commit')))
    assert.deepEqual(await left(db), { ...nothing, offsets: [7, 200] })
    await forgetTransaction(db, transactionalId, 100)
    await withPending(db, [300])
    await db.transaction('gone', (tx) => tx.delete(consumerGroups, [['g']]))
    await commit(db, endGroup(end('commit')))
    assert.deepEqual(await left(db), { ...nothing, offsets: [7, 200], pending: 1 })
  },
)

// The simulation of a fleet found it: an offset pending by a clock that is behind was dropped.
catalogTest(
  'a pending offset counts although the clock of the one before was ahead',
  async (db) => {
    await newTopic(db)
    const before = { groupId: 'g', topicId, partitionIndex: 0, offset: 7, leaderEpoch: -1 }
    await db.transaction('before', (tx) =>
      tx.put(groupOffsets, [{ ...before, metadata: '', committedMs: 1_000, expiresMs: null }]),
    )
    await withPending(db, [100])
    await commit(db, endGroup(end('commit')))
    assert.deepEqual(await left(db), { ...nothing, offsets: [100] })
  },
)

catalogTest('what was deleted is skipped, so that a transaction always ends', async (db) => {
  const [a = 0, b = 0] = (await newTopic(db)).partitionIds
  await open(db, [a, b, 777])
  await deleteTopic(db, topicId, 5)
  const [ended] = await commit(db, endGroup(end('commit')))
  assert.deepEqual([ended?.answers, ended?.runs], [['ended'], []])
  assert.deepEqual(await left(db), nothing)
})

catalogTest('a marker in one partition, whatever the transactional id says', async (db) => {
  const [a = 0] = (await newTopic(db)).partitionIds
  await open(db, [a], { producerEpoch: 1 })
  await commit(db, group([append(a, 0, { producerEpoch: 1 })]))
  const mark = (partitionId: number, epoch: number): MarkIntent => {
    return { partitionId, marker: marker('abort', epoch) }
  }
  const [marked] = await commit(db, endGroup(mark(a, 0), mark(777, 1), mark(a, 1)))
  assert.deepEqual(marked?.answers, ['stale-producer-epoch', 'unknown-partition', 'written'])
  assert.deepEqual(await left(db), { ...nothing, registered: 1, aborted: [[0, 10, 11]] })
})

catalogTest(
  'transactional ids are read, described, listed, and forgotten when idle',
  async (db) => {
    const [a = 0, b = 0] = (await newTopic(db)).partitionIds
    await open(db, [b])
    await open(db, [], { transactionalId: 'idle', state: 'Empty', changedMs: 5 })
    const seen = await readTransaction(db, transactionalId, [a, b])
    assert.deepEqual([seen.row?.producerId, ...seen.isRegistered], [producerId, false, true])
    const described = await describeTransaction(db, transactionalId)
    assert.deepEqual(
      described?.partitions.map(({ partitionIndex }) => partitionIndex),
      [1],
    )
    assert.equal(await describeTransaction(db, 'none'), undefined)
    const ids = async (after?: string): Promise<string[]> =>
      (await readTransactions(db, after, 10)).map((row) => row.transactionalId)
    assert.deepEqual(await ids(), ['idle', 'tx'])
    assert.deepEqual(await ids('idle'), ['tx'])
    assert.equal(await forgetTransaction(db, 'idle', 5), false)
    assert.equal(await forgetTransaction(db, transactionalId, 100), false, 'it is open')
    assert.equal(await forgetTransaction(db, 'idle', 6), true)
    assert.deepEqual(await ids(), ['tx'])
  },
)

test('an end whose answer was lost has happened, or never will', async () => {
  for (const happened of [true, false]) {
    let fault: MemoryFault | undefined
    const hooks = { fault: ({ at }: { at: string }) => (at === 'commit' ? fault : undefined) }
    const db = openMemoryDatabase({ clock: systemClock, hooks })
    const [a = 0] = (await newTopic(db)).partitionIds
    await open(db, [a])
    await commit(db, group([append(a, 0)]))
    const intent = endGroup(end('abort'))
    fault = { fault: happened ? 'lose-answer' : 'lose-request' }
    const lost = commitGroups(db, [intent])
    await assert.rejects(lost, (error) => isFailure(error, 'unknown-outcome'))
    fault = undefined
    const [settled] = await cancelGroups(db, [intent])
    if (!happened) {
      assert.deepEqual(settled, { state: 'cancelled' })
      assert.deepEqual(await left(db), { ...nothing, registered: 1, open: [0] })
      continue
    }
    assert.ok(settled?.state === 'committed')
    assert.deepEqual(settled.answers, [])
    const place = { partitionId: a, producerId, firstOffset: 0, markerOffset: 10 }
    assert.deepEqual(settled.transactions, [{ change: 'aborted', ...place }])
    assert.equal(settled.runs[0]?.marker?.type, 'abort')
    assert.deepEqual(await left(db), { ...nothing, aborted: [[0, 10, 11]] })
    const [row] = await db.snapshot('look', (tx) => tx.get(commitLog, [[1, intent.groupNumber]]))
    assert.equal(row?.objectId, '')
  }
})
