/** Records that break the contract of their topic go to its quarantine topic, whatever happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applied } from '../../../test/contract/applied.ts'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { fromStored, type QuarantinedRecord } from '../../contract/quarantine/quarantine-record.ts'
import { isFailure } from '../../base/errors.ts'
import type { SinkRecord } from '../../log/log-sink.ts'
import { readBatchHeader, writeBatchHeader } from '../../record/batch-header.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { batchesIn } from '../../record/batch-sequence.ts'
import { type BatchRecord, recordsIn } from '../../record/records.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { fetch } from '../../wire/messages/01-fetch.ts'

const good = JSON.stringify({ tool: 'refund', decision: 'approved' })
const bad = JSON.stringify({ tool: 'refund', decision: 'approve' })
const tenant = [{ key: 'ce_tenant', value: Buffer.from('acme') }]

/** A broker with a topic of one partition whose bad records are set aside. */
async function open(configs?: string): Promise<BrokerWorld> {
  const world = await BrokerWorld.start()
  const more = configs === undefined ? {} : { configs }
  await applied(world, { onViolation: 'quarantine', partitions: 1, ...more })
  return world
}

function batchOf(values: readonly string[], more: object = {}): Uint8Array {
  const records = values.map((value, at) => {
    const key = Buffer.from(`k${at}`)
    return { key, value: Buffer.from(value), headers: tenant, timestampMs: 1.6e12 + at }
  })
  return buildBatch(records, more)
}

async function send(world: BrokerWorld, records: Uint8Array): Promise<[number, number]> {
  const topicData = [{ name: 'decisions', partitionData: [{ index: 0, records }] }]
  const request = { acks: -1, timeoutMs: 30_000, transactionalId: null, topicData }
  const answer = await world.ask(produce, 9, request)
  const [reply] = answer.responses[0]?.partitionResponses ?? []
  return [reply?.errorCode ?? -1, Number(reply?.baseOffset)]
}

async function stored(world: BrokerWorld, topic: string): Promise<BatchRecord[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const asked = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics: [{ topic, partitions }] }
  const { responses } = await world.ask(fetch, 4, asked)
  const bytes = responses[0]?.partitions[0]?.records as unknown as Uint8Array
  return [...batchesIn(bytes)].flatMap(({ at }) => [...recordsIn(bytes, at)])
}

const offsets = async (world: BrokerWorld): Promise<number[]> =>
  (await stored(world, 'decisions')).map(({ offset }) => offset)

async function aside(world: BrokerWorld): Promise<QuarantinedRecord[]> {
  const all = await stored(world, 'decisions.quarantine')
  return all.map((record) => {
    const found = fromStored(record)
    assert.ok(found !== undefined)
    return found
  })
}

/** The first commit is that of a batch, the second that of what it lost. Tells how many began. */
function failBehindFirst(world: BrokerWorld): () => number {
  let commits = 0
  world.fault = ({ transaction, at }) => {
    if (!transaction.startsWith('commit') || at !== 'begin') return undefined
    return ++commits > 1 ? { fault: 'fail' } : undefined
  }
  return () => commits
}

test('a record that breaks the contract is set aside, and all others are written', async () => {
  const world = await open('retention.ms: 86400000')
  assert.deepEqual(await send(world, batchOf([good, bad, good])), [ErrorCode.NONE, 0])
  assert.deepEqual(await send(world, batchOf([good])), [ErrorCode.NONE, 3])
  assert.deepEqual(await offsets(world), [0, 2, 3])
  const [record, ...more] = await aside(world)
  assert.ok(record !== undefined && more.length === 0)
  const { topic, partition, offset, contract, revision, rule, at } = record.reason
  assert.deepEqual([topic, partition, offset], ['decisions', 0, 1])
  assert.deepEqual([contract, revision], ['ai.sec.decisions@1.0.0', 'ai.sec.decisions@1'])
  assert.deepEqual([rule, at], ['schema', '/decision'])
  assert.equal(Buffer.from(record.value ?? []).toString(), bad)
  assert.equal(Buffer.from(record.key ?? []).toString(), 'k1')
  assert.equal(record.headers[0]?.key, 'ce_tenant')
  assert.equal(record.timestampMs, 1.6e12 + 1)
  const { contracts, topics } = world.server.broker
  assert.deepEqual([contracts.stats.quarantined, contracts.stats.refusedBatches], [1, 0])
  const { effective } = (await topics.find('decisions.quarantine')) ?? assert.fail()
  assert.equal(effective['retention.ms'], 86_400_000, 'kept as long as the topic keeps its own')
})

test('a batch of which nothing stays takes its offsets and its sequence all the same', async () => {
  const world = await open()
  const numbers = { producerId: 9, producerEpoch: 0 }
  const first = batchOf([bad, bad], { ...numbers, baseSequence: 0 })
  assert.deepEqual(await send(world, first), [ErrorCode.NONE, 0])
  const second = batchOf([good], { ...numbers, baseSequence: 2 })
  assert.deepEqual(await send(world, second), [ErrorCode.NONE, 2])
  assert.deepEqual(await offsets(world), [2])
  assert.equal((await aside(world)).length, 2)
})

test('a retry gets its first answer, and sets the same aside under the same keys', async () => {
  const world = await open()
  const batch = batchOf([good, bad], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
  const bytes = (): Uint8Array => Uint8Array.from(batch)
  assert.deepEqual(await send(world, bytes()), [ErrorCode.NONE, 0])
  assert.deepEqual(await send(world, bytes()), [ErrorCode.NONE, 0])
  assert.deepEqual(await offsets(world), [0])
  const keys = (await stored(world, 'decisions.quarantine')).map(({ key }) => String(key))
  assert.equal(new Set(keys).size, 1)
})

test('what could not be set aside is not said to be done, nor to be refused', async () => {
  const world = await open()
  const batch = batchOf([good, bad], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
  const commits = failBehindFirst(world)
  assert.equal((await send(world, Uint8Array.from(batch)))[0], ErrorCode.REQUEST_TIMED_OUT)
  assert.ok(commits() > 1)
  world.fault = undefined
  assert.deepEqual(await send(world, Uint8Array.from(batch)), [ErrorCode.NONE, 0])
  assert.deepEqual(await offsets(world), [0])
  assert.equal((await aside(world)).length, 1)
})

test('without a quarantine topic nothing is taken out, and the producer is told why', async () => {
  const world = await open()
  const { topics } = world.server.broker
  await world.during(topics.delete((await topics.find('decisions.quarantine'))?.topicId ?? ''))
  assert.equal((await send(world, batchOf([good, bad])))[0], ErrorCode.KAFKA_STORAGE_ERROR)
  assert.deepEqual(await offsets(world), [])
  assert.deepEqual(await send(world, batchOf([good])), [ErrorCode.NONE, 0], 'others go on')
})

test('a damaged batch is damaged, whatever is in it', async () => {
  const world = await open()
  const batch = batchOf([good, bad])
  batch[batch.length - 1] = 0x7f
  assert.equal((await send(world, batch))[0], ErrorCode.CORRUPT_MESSAGE)
})

test('what a topic stores otherwise is packed before anything is taken out', async () => {
  const world = await open('compression.type: lz4')
  assert.deepEqual(await send(world, batchOf([good, bad, good])), [ErrorCode.NONE, 0])
  assert.deepEqual(await offsets(world), [0, 2])
  assert.equal((await aside(world)).length, 1)
})

test('a time that nobody can write again is none, and no reason to stop', async () => {
  for (const [timestampMs, configs] of [
    [-2, 'retention.ms: -1'],
    [2 ** 52, 'message.timestamp.type: LogAppendTime'],
  ] as const) {
    const world = await open(configs)
    const batch = batchOf([bad])
    const times = { baseTimestamp: timestampMs, maxTimestamp: timestampMs }
    writeBatchHeader(batch, 0, { ...readBatchHeader(batch), ...times })
    assert.deepEqual(await send(world, batch), [ErrorCode.NONE, 0])
    assert.deepEqual(
      (await aside(world)).map((each) => each.timestampMs),
      [-1],
    )
  }
})

test('the broker’s time is stamped on what stays', async () => {
  const world = await open('message.timestamp.type: LogAppendTime')
  assert.deepEqual(await send(world, batchOf([good, bad])), [ErrorCode.NONE, 0])
  const [record] = await stored(world, 'decisions')
  assert.ok((record?.timestampMs ?? 0) > 1.6e12 + 1_000)
})

test('a retry under another revision is what its batch was when it was written', async () => {
  const world = await open()
  const batch = batchOf([good, bad], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
  failBehindFirst(world)
  assert.equal((await send(world, Uint8Array.from(batch)))[0], ErrorCode.REQUEST_TIMED_OUT)
  world.fault = undefined
  await applied(world, { onViolation: 'warn', partitions: 1 })
  assert.deepEqual(await send(world, Uint8Array.from(batch)), [ErrorCode.NONE, 0])
  assert.deepEqual(await offsets(world), [0])
  assert.deepEqual(
    (await aside(world)).map(({ reason }) => reason.offset),
    [1],
  )
  assert.deepEqual(await send(world, batchOf([bad])), [ErrorCode.NONE, 2], 'warn writes it')
  await applied(world, { onViolation: 'quarantine', partitions: 1 })
  assert.deepEqual(await send(world, batchOf([bad])), [ErrorCode.NONE, 3])
  assert.deepEqual(await offsets(world), [0, 2])
})

test('what brokers write themselves is held to the contract of its topic, too', async () => {
  const world = await open()
  const { sink } = world.server.broker
  const record = (value: string): SinkRecord => {
    return { key: null, value: Buffer.from(value), headers: tenant, timestampMs: 1.6e12 }
  }
  await world.during(sink.append('decisions', [record(good), record(bad), record(good)]))
  assert.deepEqual(await offsets(world), [0, 2])
  assert.deepEqual(
    (await aside(world)).map(({ reason }) => reason.offset),
    [1],
  )
  await applied(world, { onViolation: 'reject', partitions: 1 })
  const refused = world.during(sink.append('decisions', [record(good), record(bad)]))
  await assert.rejects(refused, (error) => isFailure(error, 'invalid'))
  assert.deepEqual(await offsets(world), [0, 2], 'none of them is written')
})

// A revision that refuses came between a write and its retry: the producer was told that it was
// refused, and its next batch, of the same sequence, was taken for the retry.
test('a retry of what is written is not refused by a revision that would', async () => {
  const world = await BrokerWorld.start()
  await applied(world, { onViolation: 'warn', partitions: 1 })
  const batch = batchOf([good, bad], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
  assert.deepEqual(await send(world, Uint8Array.from(batch)), [ErrorCode.NONE, 0])
  await applied(world, { onViolation: 'reject', partitions: 1 })
  assert.deepEqual(await send(world, Uint8Array.from(batch)), [ErrorCode.NONE, 0])
  const next = batchOf([bad], { producerId: 9, producerEpoch: 0, baseSequence: 2 })
  assert.equal((await send(world, next))[0], ErrorCode.INVALID_RECORD)
  assert.deepEqual(await offsets(world), [0, 1])
})
