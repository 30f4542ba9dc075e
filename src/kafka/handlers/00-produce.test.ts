import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { silentLog } from '../../base/log.ts'
import { recordsIn } from '../../record/records.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { batchesIn } from '../../record/batch-sequence.ts'
import { computeBatchCrc, readBatchHeader } from '../../record/batch-header.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce, type ProduceResponse } from '../../wire/messages/00-produce.ts'
import { fetch } from '../../wire/messages/01-fetch.ts'
import { kafkaHandlers } from '../handlers.ts'
import { Router } from '../router.ts'

const text = (value: string): Uint8Array => Buffer.from(value)
const batch = (...values: string[]): Uint8Array =>
  buildBatch(values.map((value) => ({ key: null, value: text(value), timestampMs: 1.7e12 })))

type Given = [index: number, records: Uint8Array | null]

const request = (name: string, given: readonly Given[], more: object = {}): never => {
  const partitionData = given.map(([index, records]) => ({ index, records }))
  return { acks: -1, timeoutMs: 30_000, topicData: [{ name, partitionData }], ...more } as never
}

const codes = ({ responses }: ProduceResponse): number[] =>
  responses.flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ errorCode }) => errorCode),
  )

async function stored(world: BrokerWorld, topic: string, partition = 0): Promise<string[]> {
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const asked = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics: [{ topic, partitions }] }
  const { responses } = await world.ask(fetch, 4, asked)
  const bytes = responses[0]?.partitions[0]?.records as unknown as Uint8Array
  return [...batchesIn(bytes)].flatMap(({ at }) =>
    [...recordsIn(bytes, at)].map(
      ({ offset, value }) => `${offset}:${Buffer.from(value ?? []).toString()}`,
    ),
  )
}

test('what is acknowledged is stored, in every version', async () => {
  const world = await BrokerWorld.start()
  const topicId = await world.topic('t')
  for (let version = 3; version <= 13; version++) {
    const more = version < 13 ? {} : { topicData: [{ topicId, partitionData: [] }] }
    const sent = request('t', [[0, batch(`v${version}`)]], more)
    if (version === 13) {
      const [topic] = (sent as { topicData: { partitionData: object[] }[] }).topicData
      topic?.partitionData.push({ index: 0, records: batch('v13') })
    }
    const answer = await world.ask(produce, version, sent)
    assert.deepEqual(codes(answer), [ErrorCode.NONE])
    assert.equal(answer.responses[0]?.partitionResponses[0]?.baseOffset, version - 3)
  }
  const expected = Array.from({ length: 11 }, (_, index) => `${index}:v${index + 3}`)
  assert.deepEqual(await stored(world, 't'), expected)
})

test('a partition named twice is appended to twice, in order', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const sent = request('t', [
    [0, batch('a')],
    [0, batch('b')],
  ])
  assert.deepEqual(codes(await world.ask(produce, 9, sent)), [0, 0])
  assert.deepEqual(await stored(world, 't'), ['0:a', '1:b'])
})

test('what is wrong is refused alone, with its own code', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 2)
  const damaged = batch('x')
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  const sent = request('t', [
    [0, batch('good')],
    [1, damaged],
    [2, batch('nowhere')],
    [-1, batch('nowhere')],
    [1, null],
    [1, Buffer.alloc(0)],
  ])
  assert.deepEqual(codes(await world.ask(produce, 9, sent)), [
    ErrorCode.NONE,
    ErrorCode.CORRUPT_MESSAGE,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.INVALID_RECORD,
    ErrorCode.INVALID_RECORD,
  ])
  assert.deepEqual(await stored(world, 't'), ['0:good'])
})

test('topics are told by name up to version 12, by id from 13 on', async () => {
  const world = await BrokerWorld.start()
  const unknown = request('', [[0, batch('x')]])
  assert.deepEqual(codes(await world.ask(produce, 12, unknown)), [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ])
  assert.deepEqual(codes(await world.ask(produce, 13, unknown)), [ErrorCode.UNKNOWN_TOPIC_ID])
  const named = request('nobody', [[0, batch('x')]])
  assert.deepEqual(codes(await world.ask(produce, 12, named)), [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ])
})

test('a catalog that fails is not an unknown topic', async () => {
  const world = await BrokerWorld.start()
  world.fault = () => ({ fault: 'fail' })
  const answer = await world.ask(produce, 9, request('t', [[0, batch('x')]]))
  assert.deepEqual(codes(answer), [ErrorCode.KAFKA_STORAGE_ERROR])
})

test('an append that is not decided in time is answered so, and may be decided later', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  world.diskFault = ({ kind }) => (kind === 'sync' ? { delayMs: 5_000 } : undefined)
  const sent = request('t', [[0, batch('late')]], { timeoutMs: 2_000 })
  const startMs = world.clock.monotonicMs()
  const answer = await world.ask(produce, 9, sent)
  assert.deepEqual(codes(answer), [ErrorCode.REQUEST_TIMED_OUT])
  assert.ok(world.clock.monotonicMs() - startMs < 2_100)
  world.diskFault = undefined
  await world.clock.advance(10_000)
  assert.deepEqual(await stored(world, 't'), ['0:late'])
})

// Simulation seed 538987392 of a fleet: it was said to be refused, and was committed afterwards.
test('a broker that is cut off refuses what comes, and leaves open what it has begun', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  let isCutOff = false
  const hearers = new Set<() => void>()
  const cluster = {
    ...world.server.broker.cluster,
    isCutOff: () => isCutOff,
    onCutOff: (hear: () => void) => {
      hearers.add(hear)
      return () => void hearers.delete(hear)
    },
  }
  const handlers = kafkaHandlers({ ...world.server.broker, cluster })
  const { clock } = world
  const { meters } = world.server.broker
  world.router = new Router({ handlers, log: silentLog, clock, meters })
  world.diskFault = ({ kind }) => (kind === 'sync' ? { delayMs: 5_000 } : undefined)
  const started = clock.monotonicMs()
  clock.after(1_000, () => {
    isCutOff = true
    for (const hear of hearers) hear()
  })
  const answer = await world.ask(produce, 9, request('t', [[0, batch('open')]]))
  assert.deepEqual(codes(answer), [ErrorCode.REQUEST_TIMED_OUT])
  assert.ok(clock.monotonicMs() - started < 1_100)
  assert.equal(hearers.size, 0)
  const refused = await world.ask(produce, 9, request('t', [[0, batch('refused')]]))
  assert.deepEqual(codes(refused), [ErrorCode.NOT_LEADER_OR_FOLLOWER])
  world.diskFault = undefined
  await clock.advance(10_000)
  assert.deepEqual(await stored(world, 't'), ['0:open'])
})

test('a time that nobody can mean does not refuse what a disk can do', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  world.diskFault = ({ kind }) => (kind === 'sync' ? { delayMs: 50 } : undefined)
  for (const timeoutMs of [0, -1, -0x80000000]) {
    const answer = await world.ask(produce, 9, request('t', [[0, batch('x')]], { timeoutMs }))
    assert.deepEqual(codes(answer), [ErrorCode.NONE])
  }
})

test('a batch larger than a journal file is refused for good', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'max.message.bytes': '100000000' })
  const large = batch('x'.repeat(5_000_000))
  assert.deepEqual(codes(await world.ask(produce, 9, request('t', [[0, large]]))), [
    ErrorCode.RECORD_LIST_TOO_LARGE,
  ])
  const fits = batch('x'.repeat(4_000_000))
  assert.deepEqual(codes(await world.ask(produce, 9, request('t', [[0, fits]]))), [ErrorCode.NONE])
})

test('a group takes a batch as large as a file behind others', async () => {
  const fileBytes = 134_217_728
  const world = await BrokerWorld.start({
    'journal.file.bytes': fileBytes,
    'journal.group.bytes': fileBytes,
  })
  await world.topic('t', 2, { 'max.message.bytes': String(fileBytes) })
  const large = batch('x'.repeat(fileBytes / 2 + 1_000_000))
  const sent = request('t', [
    [0, large],
    [1, large],
  ])
  assert.deepEqual(codes(await world.ask(produce, 9, sent)), [ErrorCode.NONE, ErrorCode.NONE])
})

test('a batch over max.message.bytes is too large', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'max.message.bytes': '100' })
  const answer = await world.ask(produce, 9, request('t', [[0, batch('x'.repeat(100))]]))
  assert.deepEqual(codes(answer), [ErrorCode.MESSAGE_TOO_LARGE])
})

test('acks that do not exist are refused, plain batches with a transactional id not', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const given: Given[] = [[0, batch('x')]]
  assert.deepEqual(codes(await world.ask(produce, 9, request('t', given, { acks: 2 }))), [
    ErrorCode.INVALID_REQUIRED_ACKS,
  ])
  const inTransaction = request('t', given, { transactionalId: 'tx' })
  assert.deepEqual(codes(await world.ask(produce, 9, inTransaction)), [ErrorCode.NONE])
  const none = { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', partitionData: [] }] }
  assert.deepEqual((await world.ask(produce, 9, none)).responses, [], 'as Kafka')
})

test('a batch whose topic changed meanwhile is judged again as it was sent', async () => {
  const world = await BrokerWorld.start()
  const topicId = await world.topic('t', 1, { 'message.timestamp.type': 'LogAppendTime' })
  for (const type of ['LogAppendTime', 'CreateTime']) {
    world.diskFault = ({ kind }) => (kind === 'sync' ? { delayMs: 500 } : undefined)
    const { answer } = world.send(produce, 9, request('t', [[0, batch(type)]]))
    await world.clock.advance(100)
    const { topics } = world.server.broker
    const changed = topics.configure(topicId, () => ({ 'message.timestamp.type': type }))
    await world.during(changed)
    world.diskFault = undefined
    const [reply] = (await world.during(answer)).responses[0]?.partitionResponses ?? []
    assert.equal(reply?.errorCode, ErrorCode.NONE, `${type}: ${reply?.errorMessage}`)
    assert.equal(reply.logAppendTimeMs === -1, type === 'CreateTime')
  }
  const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1e6 }]
  const topics = [{ topic: 't', partitions }]
  const asked = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics } as never
  const { responses } = await world.ask(fetch, 4, asked)
  const bytes = responses[0]?.partitions[0]?.records as unknown as Uint8Array
  assert.equal(readBatchHeader(bytes).timestampType, 'create')
  assert.equal([...recordsIn(bytes)][0]?.timestampMs, 1.7e12)
})

test('acks=0 has no answer, and a failure ends the connection', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const send = (name: string): Promise<unknown> =>
    world.ask(produce, 9, request(name, [[0, batch('x')]], { acks: 0 }))
  await assert.rejects(send('t'), /silent/)
  await assert.rejects(send('nobody'), /close/)
  assert.deepEqual(await stored(world, 't'), ['0:x'])
})

test('a compressed batch does not take offsets for more records than can be unpacked', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const value = Buffer.alloc(100)
  const bytes = buildBatch([{ key: null, value, timestampMs: 1.7e12 }], { codec: 'gzip' })
  const claims = Buffer.from(bytes)
  claims.writeInt32BE(0x7fff_fffe, 23)
  claims.writeInt32BE(0x7fff_ffff, 57)
  claims.writeUInt32BE(computeBatchCrc(claims, 0), 17)
  const answer = await world.ask(produce, 9, request('t', [[0, claims]]))
  assert.deepEqual(codes(answer), [ErrorCode.INVALID_RECORD])
})

type Sent = Parameters<typeof buildBatch>[0] extends Iterable<infer Each> ? Each : never

/** What is said of one batch that goes to a topic with `configs`. */
async function judged(
  configs: Readonly<Record<string, string>>,
  records: (nowMs: number) => Sent[],
): Promise<ProduceResponse['responses'][number]['partitionResponses'][number]> {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, configs)
  const sent = buildBatch(records(world.clock.nowMs()), { codec: 'gzip' })
  const { responses } = await world.ask(produce, 9, request('t', [[0, sent]]))
  const [reply] = responses[0]?.partitionResponses ?? []
  assert.ok(reply !== undefined)
  return reply
}

const record = (timestampMs: number, key: string | null = 'k'): Sent => {
  return { key: key === null ? null : text(key), value: null, timestampMs }
}

test('records without a key in a compressed batch to a compacted topic are named', async () => {
  const reply = await judged({ 'cleanup.policy': 'compact' }, (now) => [
    record(now),
    record(now, null),
    record(now, ''),
    record(now, null),
  ])
  assert.deepEqual([reply.errorCode, reply.baseOffset], [ErrorCode.INVALID_RECORD, -1])
  assert.deepEqual(
    reply.recordErrors.map(({ batchIndex }) => batchIndex),
    [1, 3],
  )
  assert.match(reply.errorMessage ?? '', /2 of 4 records/)
})

test('times out of bounds are named, also between the first and the largest', async () => {
  const hour = 3_600_000
  const past = await judged({ 'message.timestamp.before.max.ms': `${hour}` }, (now) => [
    record(now),
    record(now - 2 * hour),
    record(now),
  ])
  assert.equal(past.errorCode, ErrorCode.INVALID_TIMESTAMP)
  assert.deepEqual(
    past.recordErrors.map(({ batchIndex }) => batchIndex),
    [1],
  )
  const future = await judged({}, (now) => [record(now), record(now + 2 * hour)])
  assert.equal(future.errorCode, ErrorCode.INVALID_TIMESTAMP, 'an hour ahead is the default')
  const far = { 'message.timestamp.type': 'LogAppendTime', 'message.timestamp.before.max.ms': '1' }
  const stamped = await judged(far, (now) => [record(now - hour), record(now + 2 * hour)])
  assert.equal(stamped.errorCode, ErrorCode.NONE, 'what is stamped is not judged')
  assert.ok(stamped.logAppendTimeMs > 0)
})
