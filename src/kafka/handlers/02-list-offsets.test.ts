import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { computeBatchCrc } from '../../record/batch-header.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { listOffsets } from '../../wire/messages/02-list-offsets.ts'

const batchAt = (timestampMs: number, codec: 'none' | 'gzip' = 'none'): Uint8Array =>
  buildBatch([{ key: null, value: Buffer.from('x'.repeat(100)), timestampMs }], { codec })

async function put(world: BrokerWorld, records: Uint8Array): Promise<void> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  const request = { acks: -1, timeoutMs: 30_000, topicData }
  const { responses } = await world.ask(produce, 9, request)
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
}

interface Told {
  readonly errorCode: number
  readonly offset: number
  readonly timestamp: number
}

async function list(
  world: BrokerWorld,
  timestamp: number,
  version = 11,
  more: object = {},
): Promise<Told> {
  const partitions = [{ partitionIndex: 0, timestamp, ...more }]
  const request = { replicaId: -1, topics: [{ name: 't', partitions }] }
  const { topics } = await world.ask(listOffsets, version, request)
  const reply = topics[0]?.partitions[0]
  assert.ok(reply !== undefined)
  return { errorCode: reply.errorCode, offset: reply.offset, timestamp: reply.timestamp }
}

const base = 1_700_000_000_000

async function worldWithRecords(): Promise<BrokerWorld> {
  const world = await BrokerWorld.start()
  await world.topic('t')
  for (const delta of [10, 30, 20]) await put(world, batchAt(base + delta, 'gzip'))
  return world
}

test('times lead to the first record that is not before them, special times to ends', async () => {
  const world = await worldWithRecords()
  const none = { errorCode: 0, offset: -1, timestamp: -1 }
  assert.deepEqual(await list(world, -1), { ...none, offset: 3 })
  assert.deepEqual(await list(world, -2), { ...none, offset: 0 })
  assert.deepEqual(await list(world, -3), { errorCode: 0, offset: 1, timestamp: base + 30 })
  assert.deepEqual(await list(world, -4), { ...none, offset: 0 })
  assert.deepEqual(await list(world, -5), none)
  assert.deepEqual(await list(world, -6), none)
  assert.deepEqual(await list(world, base + 11), { errorCode: 0, offset: 1, timestamp: base + 30 })
  assert.deepEqual(await list(world, base + 31), none)
  assert.deepEqual(await list(world, 0), { errorCode: 0, offset: 0, timestamp: base + 10 })
})

test('a special time is not known before its version', async () => {
  const world = await worldWithRecords()
  const first = [
    [-3, 7],
    [-4, 8],
    [-5, 9],
    [-6, 11],
  ] as const
  for (const [timestamp, version] of first) {
    assert.equal((await list(world, timestamp, version)).errorCode, ErrorCode.NONE)
    const before = await list(world, timestamp, version - 1)
    assert.equal(before.errorCode, ErrorCode.UNSUPPORTED_VERSION)
  }
  assert.equal((await list(world, -7)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
})

test('a compressed batch that nobody can unpack is found by its header', async () => {
  const world = await worldWithRecords()
  const broken = Buffer.from(batchAt(base + 50, 'gzip'))
  broken.fill(0x5a, 61)
  broken.writeUInt32BE(computeBatchCrc(broken, 0), 17)
  await put(world, broken)
  assert.deepEqual(await list(world, base + 40), { errorCode: 0, offset: 3, timestamp: base + 50 })
  assert.deepEqual(await list(world, -3), { errorCode: 0, offset: 3, timestamp: base + 50 })
  assert.equal((await list(world, base + 11)).offset, 1)
})

test('leader epochs, partitions and topics that are not there are told', async () => {
  const world = await worldWithRecords()
  const epoch = await list(world, -1, 4, { currentLeaderEpoch: 5 })
  assert.equal(epoch.errorCode, ErrorCode.UNKNOWN_LEADER_EPOCH)
  const partition = await list(world, -1, 4, { partitionIndex: 9 })
  assert.equal(partition.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('without the catalog an end is not guessed (R1)', async () => {
  const world = await worldWithRecords()
  world.fault = () => ({ fault: 'fail' })
  assert.equal((await list(world, -1)).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.equal((await list(world, -2)).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
})

test('many partitions take few reads of the catalog', async () => {
  const world = await BrokerWorld.start()
  const count = 2_500
  await world.topic('t', count)
  await put(world, batchAt(base))
  const { logs } = world.server.broker
  const read = logs.freshEnds.bind(logs)
  let reads = 0
  logs.freshEnds = (ids) => {
    reads++
    return read(ids)
  }
  const partitions = Array.from({ length: count }, (_, partitionIndex) => {
    return { partitionIndex, timestamp: partitionIndex % 2 === 0 ? -1 : -2 }
  })
  const request = { replicaId: -1, topics: [{ name: 't', partitions }] } as never
  const { topics } = await world.ask(listOffsets, 5, request)
  assert.deepEqual(
    topics[0]?.partitions.map(({ offset }) => offset),
    partitions.map((_, index) => (index === 0 ? 1 : 0)),
  )
  assert.equal(reads, 3)
})

test('a partition that is named twice is refused, the others are told', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const partitions = [0, 1, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
  const request = { replicaId: -1, topics: [{ name: 't', partitions }] } as never
  const { topics } = await world.ask(listOffsets, 5, request)
  const { INVALID_REQUEST, NONE } = ErrorCode
  assert.deepEqual(
    topics[0]?.partitions.map(({ errorCode }) => errorCode),
    [INVALID_REQUEST, NONE, INVALID_REQUEST],
  )
})

test('what lies below the log start has no time', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const at = [base + 50, base + 10, base + 30]
  const records = at.map((timestampMs) => ({ key: null, value: null, timestampMs }))
  await put(world, buildBatch(records))
  await put(world, batchAt(base + 20))
  const log = world.server.broker.logs.index.get(
    world.server.broker.topics.byName('t')?.partitionIds[0] ?? -1,
  )
  assert.ok(log !== undefined)
  for (const [start, latest] of [
    [1, { errorCode: 0, offset: 2, timestamp: base + 30 }],
    [3, { errorCode: 0, offset: 3, timestamp: base + 20 }],
    [4, { errorCode: 0, offset: -1, timestamp: -1 }],
  ] as const) {
    await world.during(world.server.broker.logs.deleteRecords(log, start))
    assert.deepEqual(await list(world, -3), latest)
    assert.equal((await list(world, -2)).offset, start)
  }
})
