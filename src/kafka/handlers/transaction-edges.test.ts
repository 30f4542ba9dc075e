/** Transactions where groups, catalogs and topics do not stay as they were. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { type Producer, TxnClient } from '../../../test/kafka/txn-client.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { offsetFetch } from '../../wire/messages/09-offset-fetch.ts'
import { describeTransactions } from '../../wire/messages/65-describe-transactions.ts'
import { describeProducers } from '../../wire/messages/61-describe-producers.ts'
import { consumerGroupHeartbeat } from '../../wire/messages/68-consumer-group-heartbeat.ts'

async function opened(timeoutMs = 60_000): Promise<[BrokerWorld, TxnClient, Producer]> {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const client = new TxnClient(world)
  return [world, client, await client.init({ transactionTimeoutMs: timeoutMs })]
}

const stateOf = async (world: BrokerWorld): Promise<string | undefined> => {
  const asked = { transactionalIds: ['tx'] }
  return (await world.ask(describeTransactions, 0, asked)).transactionStates[0]?.transactionState
}

test('members of both kinds of groups are known by their generation or epoch', async () => {
  const [world, client, producer] = await opened()
  const memberId = 'AAAAAAAAAAAAAAAAAAAAAw'
  const { memberEpoch } = await world.ask(consumerGroupHeartbeat, 1, {
    ...{ groupId: 'g', memberId, memberEpoch: 0, rebalanceTimeoutMs: 30_000 },
    ...{ subscribedTopicNames: ['t'], topicPartitions: [] },
  })
  const of = (more: object): Promise<number | undefined> =>
    client.commitOffset(producer, 'g', 't', 5, more)
  assert.equal(await of({ memberId, generationId: memberEpoch }), ErrorCode.NONE)
  for (const generationId of [memberEpoch - 1, memberEpoch + 1, -1]) {
    assert.equal(await of({ memberId, generationId }), ErrorCode.ILLEGAL_GENERATION)
  }
  const stranger = { memberId: 'x', generationId: memberEpoch }
  assert.equal(await of(stranger), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(await of({ groupId: '' }), ErrorCode.INVALID_GROUP_ID)
})

test('what is pending and was never committed is not among all that was', async () => {
  const [world, client, producer] = await opened()
  const fetched = async (topics: { name: string; partitionIndexes: number[] }[] | null) => {
    const groups = [{ groupId: 'g', topics }]
    const answer = await world.ask(offsetFetch, 8, { groups, requireStable: true })
    return (answer.groups[0]?.topics ?? []).flatMap(({ partitions }) =>
      partitions.map((each) => `${each.committedOffset} ${each.errorCode}`),
    )
  }
  assert.equal(await client.commitOffset(producer, 'g', 't', 5), ErrorCode.NONE)
  assert.deepEqual(await fetched([{ name: 't', partitionIndexes: [0] }]), ['-1 88'])
  assert.deepEqual(await fetched(null), [])
  const next = await client.end(producer, true)
  assert.equal(await client.commitOffset(next, 'g', 't', 9), ErrorCode.NONE)
  assert.deepEqual(await fetched(null), ['-1 88'])
})

test('a timeout that comes while the catalog is away is made up for', async () => {
  const [world, client, producer] = await opened(5_000)
  assert.equal((await client.send(producer, 't', 0, 0, ['a'])).errorCode, ErrorCode.NONE)
  world.fault = () => ({ fault: 'fail' })
  const lost = await client.end(producer, true)
  assert.equal(lost.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  for (let turn = 0; turn < 200; turn++) await world.clock.advance(100)
  world.fault = undefined
  assert.equal(await stateOf(world), 'Ongoing')
  for (let turn = 0; turn < 120; turn++) await world.clock.advance(100)
  assert.equal(await stateOf(world), 'CompleteAbort')
  assert.equal((await client.end(producer, true)).errorCode, ErrorCode.INVALID_TXN_STATE)
})

test('a producer is told with the coordinator that ended its transactions', async () => {
  const [world, client, producer] = await opened()
  const told = async (): Promise<(number | undefined)[]> => {
    const asked = { topics: [{ name: 't', partitionIndexes: [0] }] }
    const { topics } = await world.ask(describeProducers, 0, asked)
    const [found] = topics[0]?.partitions[0]?.activeProducers ?? []
    return [found?.coordinatorEpoch, found?.lastTimestamp]
  }
  await client.send(producer, 't', 0, 0, ['a'])
  assert.deepEqual(await told(), [-1, 1.7e12])
  const next = await client.end(producer, true)
  const [epoch, markedMs = 0] = await told()
  assert.equal(epoch, 0)
  assert.ok(Math.abs(markedMs - world.clock.nowMs()) < 60_000)
  await client.send(next, 't', 0, 0, ['b'])
  assert.deepEqual(await told(), [0, 1.7e12])
})
