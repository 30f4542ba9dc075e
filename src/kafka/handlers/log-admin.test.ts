/** DeleteRecords, OffsetForLeaderEpoch and DescribeProducers, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { fetch } from '../../wire/messages/01-fetch.ts'
import { listOffsets } from '../../wire/messages/02-list-offsets.ts'
import { deleteRecords } from '../../wire/messages/21-delete-records.ts'
import { offsetForLeaderEpoch } from '../../wire/messages/23-offset-for-leader-epoch.ts'
import { describeProducers } from '../../wire/messages/61-describe-producers.ts'

interface Sender {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

async function put(
  world: BrokerWorld,
  count: number,
  sender?: Sender,
  timestampMs = world.clock.nowMs(),
): Promise<void> {
  const record = { key: null, value: Buffer.from('v'), timestampMs }
  const records = buildBatch(
    Array.from({ length: count }, () => record),
    sender,
  )
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  const { responses } = await world.ask(produce, 9, { acks: -1, timeoutMs: 30_000, topicData })
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
}

type Told = readonly [code: number, lowWatermark: number]

async function remove(
  world: BrokerWorld,
  given: readonly (readonly [partitionIndex: number, offset: number])[],
  { version = 2, name = 't' } = {},
): Promise<Told[]> {
  const partitions = given.map(([partitionIndex, offset]) => ({ partitionIndex, offset }))
  const request = { topics: [{ name, partitions }], timeoutMs: 30_000 }
  const { topics } = await world.ask(deleteRecords, version, request)
  return topics.flatMap((topic) =>
    topic.partitions.map(({ errorCode, lowWatermark }): Told => [errorCode, lowWatermark]),
  )
}

async function fetched(world: BrokerWorld, fetchOffset: number): Promise<[number, number, number]> {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1e6 }]
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1e7 }
  const request = { ...limits, topics: [{ topic: 't', partitions }] } as never
  const [reply] = (await world.ask(fetch, 12, request)).responses[0]?.partitions ?? []
  assert.ok(reply !== undefined)
  return [reply.errorCode, reply.logStartOffset, reply.records?.length ?? 0]
}

async function earliest(world: BrokerWorld): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, timestamp: -2 }]
  const request = { replicaId: -1, topics: [{ name: 't', partitions }] } as never
  return (await world.ask(listOffsets, 5, request)).topics[0]?.partitions[0]?.offset
}

test('records go up to where it is said, in every version, and never come back', async () => {
  for (let version = 0; version <= 2; version++) {
    const world = await BrokerWorld.start()
    await world.topic('t')
    for (const count of [2, 3]) await put(world, count)
    assert.deepEqual(await remove(world, [[0, 3]], { version }), [[ErrorCode.NONE, 3]])
    assert.deepEqual(await remove(world, [[0, 1]], { version }), [[ErrorCode.NONE, 3]])
    assert.equal(await earliest(world), 3)
    assert.deepEqual(await fetched(world, 2), [ErrorCode.OFFSET_OUT_OF_RANGE, 3, 0])
    const [code, start, bytes] = await fetched(world, 3)
    assert.deepEqual([code, start], [ErrorCode.NONE, 3])
    assert.ok(bytes > 0, 'the batch that holds the offset comes whole')
  }
})

test('-1 means the high watermark; the next record gets the next offset', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await put(world, 5)
  assert.deepEqual(await remove(world, [[0, -1]]), [[ErrorCode.NONE, 5]])
  assert.deepEqual(await fetched(world, 5), [ErrorCode.NONE, 5, 0])
  await put(world, 1)
  const [code, start, bytes] = await fetched(world, 5)
  assert.deepEqual([code, start, bytes > 0], [ErrorCode.NONE, 5, true])
})

test('what cannot be deleted is told by partition', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await world.topic('compacted', 1, { 'cleanup.policy': 'compact' })
  await world.topic('both', 1, { 'cleanup.policy': 'compact,delete' })
  await put(world, 5)
  const told = await remove(world, [
    [0, 6],
    [0, -2],
    [7, 0],
    [0, 5],
  ])
  const { OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, NONE } = ErrorCode
  assert.deepEqual(told, [
    [OFFSET_OUT_OF_RANGE, -1],
    [OFFSET_OUT_OF_RANGE, -1],
    [UNKNOWN_TOPIC_OR_PARTITION, -1],
    [NONE, 5],
  ])
  const missing = await remove(world, [[0, 0]], { name: 'nobody' })
  assert.deepEqual(missing, [[UNKNOWN_TOPIC_OR_PARTITION, -1]])
  const compacted = await remove(world, [[0, -1]], { name: 'compacted' })
  assert.deepEqual(compacted, [[ErrorCode.POLICY_VIOLATION, -1]])
  assert.deepEqual(await remove(world, [[0, -1]], { name: 'both' }), [[NONE, 0]])
})

test('without the catalog nothing is deleted, and the client may try again', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await put(world, 5)
  world.fault = () => ({ fault: 'fail' })
  assert.deepEqual(await remove(world, [[0, 3]]), [[ErrorCode.KAFKA_STORAGE_ERROR, -1]])
  world.fault = undefined
  assert.equal(await earliest(world), 0)
})

async function epochEnd(
  world: BrokerWorld,
  asked: { readonly leaderEpoch: number; readonly currentLeaderEpoch?: number },
  version = 4,
  partition = 0,
): Promise<[number, number, number]> {
  const partitions = [{ partition, currentLeaderEpoch: -1, ...asked }]
  const request = { replicaId: -1, topics: [{ topic: 't', partitions }] }
  const { topics } = await world.ask(offsetForLeaderEpoch, version, request)
  const [reply] = topics[0]?.partitions ?? []
  assert.ok(reply !== undefined)
  return [reply.errorCode, reply.leaderEpoch, reply.endOffset]
}

test('the epoch of the cluster ends where the log does, in every version', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  for (let version = 2; version <= 4; version++) {
    await put(world, 3)
    const end = 3 * (version - 1)
    assert.deepEqual(await epochEnd(world, { leaderEpoch: 0 }, version), [0, 0, end])
    const known = { leaderEpoch: 0, currentLeaderEpoch: 0 }
    assert.deepEqual(await epochEnd(world, known, version), [0, 0, end])
  }
})

test('epochs, partitions and topics that are not there are told', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  assert.deepEqual(await epochEnd(world, { leaderEpoch: 3 }), [0, -1, -1])
  assert.deepEqual(await epochEnd(world, { leaderEpoch: -1 }), [0, -1, -1])
  const ahead = await epochEnd(world, { leaderEpoch: 0, currentLeaderEpoch: 1 })
  assert.deepEqual(ahead, [ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1])
  const nowhere = await epochEnd(world, { leaderEpoch: 0 }, 4, 7)
  assert.deepEqual(nowhere, [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1])
  world.fault = () => ({ fault: 'fail' })
  const failed = await epochEnd(world, { leaderEpoch: 0 })
  assert.deepEqual(failed, [ErrorCode.KAFKA_STORAGE_ERROR, -1, -1], 'never a stale end (R1)')
})

test('producers are told with epoch, last sequence and time', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await put(world, 1)
  const atMs = world.clock.nowMs() - 5
  await put(world, 3, { producerId: 12, producerEpoch: 4, baseSequence: 0 }, atMs - 1)
  await put(world, 2, { producerId: 12, producerEpoch: 4, baseSequence: 3 }, atMs)
  const request = {
    topics: [
      { name: 't', partitionIndexes: [0, 5] },
      { name: 'nobody', partitionIndexes: [0] },
      { name: 'a b', partitionIndexes: [0] },
    ],
  }
  const { topics } = await world.ask(describeProducers, 0, request)
  const [known, missing] = topics.flatMap(({ partitions }) => partitions)
  assert.deepEqual(known?.activeProducers, [
    {
      producerId: 12,
      producerEpoch: 4,
      lastSequence: 4,
      lastTimestamp: atMs,
      coordinatorEpoch: -1,
      currentTxnStartOffset: -1,
    },
  ])
  assert.equal(missing?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(topics[1]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.notEqual(topics[1].partitions[0].errorMessage, null)
  assert.equal(topics[2]?.partitions[0]?.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
})
