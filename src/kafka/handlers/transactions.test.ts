/** Transactions over the router, for clients of both versions of the protocol. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { TxnClient } from '../../../test/kafka/txn-client.ts'
import type { RunMarker } from '../../catalog/manifest.ts'
import { abortedRanges, openTransactions } from '../../catalog/schema-transactions.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { offsetFetch } from '../../wire/messages/09-offset-fetch.ts'
import { apiVersions } from '../../wire/messages/18-api-versions.ts'
import { addPartitionsToTxn } from '../../wire/messages/24-add-partitions-to-txn.ts'
import { writeTxnMarkers } from '../../wire/messages/27-write-txn-markers.ts'
import { describeTransactions } from '../../wire/messages/65-describe-transactions.ts'
import { listTransactions } from '../../wire/messages/66-list-transactions.ts'

/** Markers of a partition as 'offset type producer/epoch', as the index took them in. */
function markers(world: BrokerWorld, topic: string, partition = 0): string[] {
  const { topics, logs } = world.server.broker
  const log = logs.index.get(topics.byName(topic)?.partitionIds[partition] ?? -1)
  const told = (offset: number, { type, producerId, producerEpoch }: RunMarker): string =>
    `${offset} ${type} ${producerId}/${producerEpoch}`
  return (log?.tail ?? []).flatMap(({ baseOffset, marker }) =>
    marker === undefined ? [] : [told(baseOffset, marker)],
  )
}

async function openAndAborted(world: BrokerWorld): Promise<{ open: number[]; aborted: string[] }> {
  return world.during(
    world.database.snapshot('look', async (tx) => {
      const open = await tx.scan(openTransactions, { prefix: [], limit: 100 })
      const aborted = await tx.scan(abortedRanges, { prefix: [], limit: 100 })
      return {
        open: open.map(({ firstOffset }) => firstOffset),
        aborted: aborted.map((each) => {
          return `${each.firstOffset}..${each.lastOffset} stable ${each.stableOffset}`
        }),
      }
    }),
  )
}

test('TV2: produce joins, the end raises the epoch, and its retry is told the same', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const client = new TxnClient(world)
  const first = await client.init()
  assert.deepEqual([first.errorCode, first.producerEpoch], [ErrorCode.NONE, 0])
  assert.deepEqual(await client.send(first, 't', 0, 0, ['a', 'b']), { errorCode: 0, baseOffset: 0 })
  assert.deepEqual(await client.send(first, 't', 1, 0, ['c']), { errorCode: 0, baseOffset: 0 })
  assert.deepEqual(await client.send(first, 't', 0, 2, ['d']), { errorCode: 0, baseOffset: 2 })
  assert.deepEqual((await openAndAborted(world)).open, [0, 0])
  const second = await client.end(first, true)
  assert.deepEqual(second, { errorCode: 0, producerId: first.producerId, producerEpoch: 1 })
  assert.deepEqual(await client.end(first, true), second, 'a retry after a lost answer')
  assert.equal((await client.end(first, false)).errorCode, ErrorCode.INVALID_TXN_STATE)
  assert.deepEqual(markers(world, 't', 0), [`3 commit ${first.producerId}/1`])
  assert.deepEqual(markers(world, 't', 1), [`1 commit ${first.producerId}/1`])
  assert.deepEqual(await openAndAborted(world), { open: [], aborted: [] })
  const late = await client.send(first, 't', 0, 3, ['late'])
  assert.equal(late.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal((await client.send(second, 't', 0, 3, ['x'])).errorCode, 45)
  assert.deepEqual(await client.send(second, 't', 0, 0, ['e']), { errorCode: 0, baseOffset: 4 })
  const third = await client.end(second, false)
  assert.equal(third.producerEpoch, 2)
  assert.deepEqual(markers(world, 't', 0).at(-1), `5 abort ${first.producerId}/2`)
  assert.deepEqual(markers(world, 't', 1).length, 1, 'only what was written to')
  assert.deepEqual(await openAndAborted(world), { open: [], aborted: ['4..5 stable 6'] })
})

test('TV1: partitions are added first, the epoch stays, empty ends are refused', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const client = new TxnClient(world)
  const producer = await client.init({}, 1)
  assert.equal((await client.end(producer, true, 1)).errorCode, ErrorCode.INVALID_TXN_STATE)
  const unadded = await client.send(producer, 't', 0, 0, ['a'], { version: 7 })
  assert.equal(unadded.errorCode, ErrorCode.INVALID_TXN_STATE)
  assert.deepEqual(await client.add(producer, 't', [0, 1, 2]), [55, 55, 3])
  assert.deepEqual(await client.add(producer, 't', [0, 1], 0), [0, 0])
  for (const sequence of [0, 1]) {
    const sent = await client.send(producer, 't', 0, sequence, ['a'], { version: 7 })
    assert.deepEqual(sent, { errorCode: 0, baseOffset: sequence })
  }
  assert.equal((await client.end(producer, true, 1)).errorCode, ErrorCode.NONE)
  assert.equal((await client.end(producer, true, 1)).errorCode, ErrorCode.NONE)
  assert.equal((await client.end(producer, false, 1)).errorCode, ErrorCode.INVALID_TXN_STATE)
  const { producerId } = producer
  assert.deepEqual(markers(world, 't', 0), [`2 commit ${producerId}/0`])
  assert.deepEqual(markers(world, 't', 1), [`0 commit ${producerId}/0`], 'also without data')
  assert.deepEqual(await client.add(producer, 't', [0]), [0])
  const next = await client.send(producer, 't', 0, 2, ['b'], { version: 7 })
  assert.deepEqual(next, { errorCode: 0, baseOffset: 3 }, 'sequences go on')
  const absent = await client.send(producer, 't', 1, 0, ['c'], { version: 11 })
  assert.equal(absent.errorCode, ErrorCode.TRANSACTION_ABORTABLE)
})

test('a transactional batch needs a transactional id, and only one kind may be open', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const client = new TxnClient(world)
  const producer = await client.init()
  const plain = { transactionalId: null, isTransactional: false }
  const of = async (options: object, sequence = 0): Promise<number> =>
    (await client.send(producer, 't', 0, sequence, ['x'], options)).errorCode
  assert.equal(await of({ transactionalId: null }), 53)
  assert.equal(await of({ transactionalId: 'other' }), ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  assert.equal(await of({}), ErrorCode.NONE)
  assert.equal(await of(plain, 1), ErrorCode.INVALID_TXN_STATE)
  assert.equal(await of({ isTransactional: false }, 1), ErrorCode.INVALID_TXN_STATE)
  const next = await client.end(producer, true)
  const after = await client.send(next, 't', 0, 0, ['y'], plain)
  assert.equal(after.errorCode, ErrorCode.NONE)
  const { errorCode } = await client.send(next, 't', 0, 1, ['z'], { isTransactional: false })
  assert.equal(errorCode, ErrorCode.NONE, 'a plain batch under a transactional id')
})

test('a new producer aborts what the old one left open, which is fenced', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const client = new TxnClient(world)
  const old = await client.init()
  await client.send(old, 't', 0, 0, ['a'])
  const young = await client.init()
  assert.deepEqual([young.producerId, young.producerEpoch], [old.producerId, 2])
  assert.deepEqual(markers(world, 't'), [`1 abort ${old.producerId}/1`])
  assert.deepEqual((await openAndAborted(world)).aborted, ['0..1 stable 2'])
  const late = await client.send(old, 't', 0, 1, ['late'])
  assert.equal(late.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  for (const [version, code] of [
    [1, ErrorCode.INVALID_PRODUCER_EPOCH],
    [2, ErrorCode.PRODUCER_FENCED],
    [5, ErrorCode.PRODUCER_FENCED],
  ] as const) {
    assert.equal((await client.end(old, true, version)).errorCode, code)
  }
  assert.deepEqual(await client.add(old, 't', [0], 1), [ErrorCode.INVALID_PRODUCER_EPOCH])
  assert.deepEqual(await client.add(old, 't', [0], 2), [ErrorCode.PRODUCER_FENCED])
  const known = { producerId: old.producerId, producerEpoch: old.producerEpoch }
  assert.equal((await client.init(known)).errorCode, ErrorCode.PRODUCER_FENCED)
  assert.equal((await client.init(known, 3)).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
})

test('InitProducerId judges id and timeout', async () => {
  const world = await BrokerWorld.start()
  const of = async (id: string, transactionTimeoutMs: number): Promise<number> =>
    (await new TxnClient(world, id).init({ transactionTimeoutMs })).errorCode
  assert.equal(await of('', 1_000), ErrorCode.INVALID_REQUEST)
  for (const wrong of [0, -1, 900_001]) {
    assert.equal(await of('tx', wrong), ErrorCode.INVALID_TRANSACTION_TIMEOUT)
  }
  assert.equal(await of('tx', 900_000), ErrorCode.NONE)
})

test('a transaction that is open for too long is aborted by a job', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const client = new TxnClient(world)
  const producer = await client.init({ transactionTimeoutMs: 5_000 })
  await client.send(producer, 't', 0, 0, ['a'])
  await world.clock.advance(4_000)
  assert.deepEqual(markers(world, 't'), [])
  for (let turn = 0; turn < 200; turn++) await world.clock.advance(100)
  assert.deepEqual(markers(world, 't'), [`1 abort ${producer.producerId}/1`])
  assert.equal((await client.end(producer, true)).errorCode, ErrorCode.INVALID_TXN_STATE)
  assert.equal((await client.end(producer, true, 4)).errorCode, ErrorCode.PRODUCER_FENCED)
  const late = await client.send(producer, 't', 0, 1, ['late'])
  assert.equal(late.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  const next = await client.end(producer, false)
  assert.deepEqual([next.errorCode, next.producerEpoch], [0, 1], 'it aborts, and goes on')
  assert.equal((await client.send(next, 't', 0, 0, ['b'])).errorCode, ErrorCode.NONE)
})

test('offsets count when the transaction commits, and are pending before', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await world.topic('u')
  const fetched = async (requireStable: boolean): Promise<string[]> => {
    const topics = ['t', 'u'].map((name) => ({ name, partitionIndexes: [0] }))
    const groups = [{ groupId: 'g', topics }]
    const answer = await world.ask(offsetFetch, 8, { groups, requireStable })
    return (answer.groups[0]?.topics ?? []).flatMap(({ partitions }) =>
      partitions.map((each) => `${each.committedOffset} ${each.errorCode}`),
    )
  }
  const client = new TxnClient(world)
  const first = await client.init()
  assert.equal(await client.commitOffset(first, 'g', 't', 5), ErrorCode.NONE)
  assert.deepEqual(await fetched(false), ['-1 0', '-1 0'])
  assert.deepEqual(await fetched(true), ['-1 88', '-1 0'])
  const second = await client.end(first, true)
  assert.equal(second.errorCode, ErrorCode.NONE)
  assert.deepEqual(await fetched(true), ['5 0', '-1 0'])
  assert.equal(await client.commitOffset(second, 'g', 't', 9), ErrorCode.NONE)
  const third = await client.end(second, false)
  assert.deepEqual(await fetched(true), ['5 0', '-1 0'])
  assert.equal(await client.commitOffset(third, 'g', 't', 9, {}, 3), ErrorCode.INVALID_TXN_STATE)
  assert.equal(await client.addGroup(third, 'g'), ErrorCode.NONE)
  assert.equal(await client.commitOffset(third, 'g', 't', 9, {}, 3), ErrorCode.NONE)
  const stranger = { memberId: 'nobody', generationId: 1 }
  assert.equal(await client.commitOffset(third, 'g', 't', 9, stranger), 25)
  assert.equal(await client.commitOffset(third, 'h', 't', 9, stranger), 22)
  assert.equal(await client.commitOffset(first, 'g', 't', 9), ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(await client.commitOffset(third, 'g', 'gone', 9), 3)
})

test('a partition that was deleted meanwhile does not keep a transaction from ending', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const gone = await world.topic('gone')
  const client = new TxnClient(world)
  const producer = await client.init()
  await client.send(producer, 't', 0, 0, ['a'])
  await client.send(producer, 'gone', 0, 0, ['a'])
  await world.during(world.server.broker.topics.delete(gone))
  assert.equal((await client.end(producer, true)).errorCode, ErrorCode.NONE)
  assert.equal(markers(world, 't').length, 1)
})

test('answers that are lost are asked for again, and nothing happens twice', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const client = new TxnClient(world)
  const losing = async <Value>(transaction: string, work: () => Promise<Value>): Promise<Value> => {
    let lost = 0
    world.fault = ({ at, transaction: name }) =>
      at === 'commit' && name === transaction && lost++ === 0 ? { fault: 'lose-answer' } : undefined
    const answer = await work()
    world.fault = undefined
    assert.ok(lost > 0, `${transaction} was met`)
    return answer
  }
  const lostInit = await losing('change transaction', () => client.init())
  assert.equal(lostInit.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  const producer = await client.init()
  const lostJoin = await losing('change transaction', () => client.send(producer, 't', 0, 0, ['a']))
  assert.equal(lostJoin.errorCode, ErrorCode.NOT_ENOUGH_REPLICAS)
  assert.equal((await client.send(producer, 't', 0, 0, ['a'])).errorCode, ErrorCode.NONE)
  const lostEnd = await losing('commit-groups', () => client.end(producer, true))
  assert.equal(lostEnd.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  const next = await client.end(producer, true)
  assert.deepEqual(
    [next.errorCode, next.producerEpoch],
    [ErrorCode.NONE, producer.producerEpoch + 1],
  )
  assert.equal(markers(world, 't').length, 1)
  assert.deepEqual(await openAndAborted(world), { open: [], aborted: [] })
})

test('transactions are described, listed, and aborted by an administrator', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const client = new TxnClient(world)
  const producer = await client.init()
  await new TxnClient(world, 'idle').init()
  await client.send(producer, 't', 1, 0, ['a'])
  const ids = { transactionalIds: ['tx', 'idle', 'none', ''] }
  const { transactionStates: told } = await world.ask(describeTransactions, 0, ids)
  assert.deepEqual(
    told.map(({ errorCode, transactionState: state }) => `${errorCode} ${state}`),
    ['0 Ongoing', '0 Empty', '105 ', '42 '],
  )
  assert.deepEqual(told[0]?.topics, [{ topic: 't', partitions: [1] }])
  const list = async (more: object): Promise<string> => {
    const asked = { stateFilters: [], producerIdFilters: [], ...more }
    const answer = await world.ask(listTransactions, 2, asked)
    const states = answer.transactionStates.map(({ transactionalId: id }) => id)
    const unknown = answer.unknownStateFilters.join()
    return `${answer.errorCode} ${states.join()} ${unknown}`.trim()
  }
  assert.equal(await list({}), '0 idle,tx')
  assert.equal(await list({ stateFilters: ['Ongoing', 'Odd'] }), '0 tx Odd')
  assert.equal(await list({ producerIdFilters: [producer.producerId] }), '0 tx')
  await world.clock.advance(5)
  assert.equal(await list({ durationFilter: 0 }), '0 idle,tx')
  assert.equal(await list({ durationFilter: 1e9 }), '0 idle', 'as in Kafka')
  assert.equal(await list({ transactionalIdPattern: 'i.*' }), '0 idle')
  assert.equal(await list({ transactionalIdPattern: 'i' }), '0')
  assert.equal(await list({ transactionalIdPattern: '(' }), '128')
  const mark = async (producerEpoch: number, indexes: number[]): Promise<number[]> => {
    const { producerId } = producer
    const topics = [{ name: 't', partitionIndexes: indexes }]
    const marker = { producerId, producerEpoch, transactionResult: false, topics }
    const asked = { markers: [{ ...marker, coordinatorEpoch: 0 }] }
    const answer = await world.ask(writeTxnMarkers, 1, asked)
    return (answer.markers[0]?.topics[0]?.partitions ?? []).map(({ errorCode }) => errorCode)
  }
  assert.deepEqual(await mark(-1, [1, 2]), [ErrorCode.INVALID_PRODUCER_EPOCH, 3])
  assert.deepEqual(await mark(0, [1]), [ErrorCode.NONE])
  assert.deepEqual(await openAndAborted(world), { open: [], aborted: ['0..1 stable 2'] })
})

test('AddPartitionsToTxn 4+: many at once, or only looking', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const client = new TxnClient(world)
  const { producerId, producerEpoch } = await client.init()
  const ask = async (
    verifyOnly: boolean,
    partitions: number[],
    version: number,
  ): Promise<number[]> => {
    const own = { transactionalId: 'tx', producerId, producerEpoch, verifyOnly }
    const transactions = [{ ...own, topics: [{ name: 't', partitions }] }]
    const answer = await world.ask(addPartitionsToTxn, version, { transactions })
    return answer.resultsByTransaction.flatMap(({ topicResults }) =>
      topicResults.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      ),
    )
  }
  assert.deepEqual(await ask(true, [0], 4), [ErrorCode.TRANSACTION_ABORTABLE])
  assert.deepEqual(await ask(false, [0], 4), [ErrorCode.NONE])
  assert.deepEqual(await ask(true, [0, 1], 5), [ErrorCode.NONE, ErrorCode.TRANSACTION_ABORTABLE])
})

test('the version of transactions is told as a feature', async () => {
  const world = await BrokerWorld.start()
  const client = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const shown = await world.ask(apiVersions, 4, client)
  const level = { name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }
  const told = shown.finalizedFeatures.find(({ name }) => name === level.name)
  assert.deepEqual(told, level)
  assert.equal(shown.finalizedFeaturesEpoch, 0)
  assert.deepEqual((await world.ask(apiVersions, 3, client)).supportedFeatures, [])
})

test('how long a transaction may be open, and how often it is looked, can be set', async () => {
  const world = await BrokerWorld.start({
    'transaction.max.timeout.ms': 2_000,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'transactional.id.expiration.ms': 4_000,
    'transaction.remove.expired.transaction.cleanup.interval.ms': 1_000,
  })
  await world.topic('t')
  const client = new TxnClient(world)
  const refused = await client.init({ transactionTimeoutMs: 2_001 })
  assert.equal(refused.errorCode, ErrorCode.INVALID_TRANSACTION_TIMEOUT)
  const producer = await client.init({ transactionTimeoutMs: 2_000 })
  assert.equal((await client.send(producer, 't', 0, 0, ['a'])).errorCode, ErrorCode.NONE)
  const state = async (): Promise<string> => {
    const asked = { transactionalIds: ['tx'] }
    const { transactionStates } = await world.ask(describeTransactions, 0, asked)
    const [found] = transactionStates
    return found?.errorCode === ErrorCode.NONE ? found.transactionState : 'gone'
  }
  assert.equal(await state(), 'Ongoing')
  await world.clock.advance(2_500)
  assert.equal(await state(), 'CompleteAbort')
  await world.clock.advance(3_000)
  assert.equal(await state(), 'CompleteAbort')
  await world.clock.advance(2_500)
  assert.equal(await state(), 'gone')
})
