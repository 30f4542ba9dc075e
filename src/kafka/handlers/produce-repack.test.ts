/** Topics with a `compression.type`: what is fetched is packed so, however it was sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { inlineRepacker } from '../../../test/support/inline-repacker.ts'
import { sleep } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import { codecIdOf, maxTimestampOf, readBatchHeader } from '../../record/batch-header.ts'
import { batchesIn, checkBatchCrc } from '../../record/batch-sequence.ts'
import { type BatchOptions, buildBatch } from '../../record/build-batch.ts'
import { CODECS, codecIdOfName } from '../../record/codec.ts'
import { recordsIn } from '../../record/records.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { fetch } from '../../wire/messages/01-fetch.ts'
import { incrementalAlterConfigs } from '../../wire/messages/44-incremental-alter-configs.ts'

const bornMs = 1.7e12
const batch = (values: readonly string[], options: BatchOptions = {}): Uint8Array =>
  buildBatch(
    values.map((value, at) => ({ key: null, value: Buffer.from(value), timestampMs: bornMs + at })),
    options,
  )

const request = (name: string, ...batches: Uint8Array[]): never => {
  const partitionData = batches.map((records) => ({ index: 0, records }))
  return { acks: -1, timeoutMs: 30_000, topicData: [{ name, partitionData }] } as never
}

async function send(world: BrokerWorld, name: string, ...batches: Uint8Array[]) {
  const { responses } = await world.ask(produce, 9, request(name, ...batches))
  return responses[0]?.partitionResponses ?? []
}

/** The batches of partition 0, each with its CRC proven. */
async function stored(world: BrokerWorld, topic: string): Promise<Uint8Array[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const asked = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics: [{ topic, partitions }] }
  const { responses } = await world.ask(fetch, 11, asked)
  const bytes = responses[0]?.partitions[0]?.records as unknown as Uint8Array
  return [...batchesIn(bytes)].map(({ at, size }) => {
    checkBatchCrc(bytes, at)
    return bytes.subarray(at, at + size)
  })
}

const texts = (bytes: Uint8Array): string[] =>
  [...recordsIn(bytes)].map(
    ({ offset, value }) => `${offset}:${Buffer.from(value ?? []).toString()}`,
  )

test('every codec becomes the topic’s, in the order in which it was sent', async () => {
  const world = await BrokerWorld.start()
  for (const codec of CODECS) {
    const type = codec === 'none' ? 'uncompressed' : codec
    await world.topic(type, 1, { 'compression.type': type })
    const answers = await send(
      world,
      type,
      ...CODECS.map((from) => batch([from, 'x'], { codec: from })),
    )
    assert.deepEqual(
      answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]),
      CODECS.map((_, at) => [ErrorCode.NONE, 2 * at]),
    )
    const batches = await stored(world, type)
    assert.deepEqual(
      batches.map((bytes) => codecIdOf(bytes, 0)),
      CODECS.map(() => codecIdOfName(codec)),
    )
    assert.deepEqual(
      batches.flatMap(texts),
      CODECS.flatMap((from, at) => [`${2 * at}:${from}`, `${2 * at + 1}:x`]),
    )
  }
})

test('batches of a connection are prepared together, and appended in their order', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'compression.type': 'lz4' })
  const waits = [500, 200, 0]
  let [under, most] = [0, 0]
  const repack: typeof inlineRepacker.repack = async (...given) => {
    most = Math.max(most, ++under)
    await sleep(world.clock, waits.shift() ?? 0)
    under--
    return inlineRepacker.repack(...given)
  }
  Object.assign(world.server.broker, { repacker: { ...inlineRepacker, repack } })
  const sent = ['a', 'b', 'c', 'd'].map((value) => {
    // The last is stored as it comes, and waits all the same.
    const codec = value === 'd' ? 'lz4' : 'none'
    return world.send(produce, 9, request('t', batch([value], { codec }))).answer
  })
  const answers = await world.during(Promise.all(sent))
  const offsets = answers.map(({ responses }) => responses[0]?.partitionResponses[0]?.baseOffset)
  assert.deepEqual(offsets, [0, 1, 2, 3])
  assert.equal(most, 3)
  const other = await world.ask(produce, 9, request('t', batch(['e'])), 'another connection')
  assert.equal(other.responses[0]?.partitionResponses[0]?.baseOffset, 4)
})

test('producer is the default, and asks nobody to pack anything', async () => {
  const world = await BrokerWorld.start()
  const { broker } = world.server
  Object.assign(broker, { repacker: { repack: () => assert.fail('nothing is packed anew') } })
  await world.topic('t')
  for (const codec of CODECS)
    assert.equal((await send(world, 't', batch(['a'], { codec })))[0]?.errorCode, 0)
  await world.topic('gzip', 1, { 'compression.type': 'gzip' })
  assert.equal((await send(world, 'gzip', batch(['a'], { codec: 'gzip' })))[0]?.errorCode, 0)
  const ids = (await stored(world, 't')).map((bytes) => codecIdOf(bytes, 0))
  assert.deepEqual(ids, [0, 1, 2, 3, 4])
})

test('the broker’s own config holds where a topic says nothing', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await world.topic('own', 1, { 'compression.type': 'producer' })
  const configs = [{ name: 'compression.type', configOperation: 0, value: 'lz4' }]
  const resources = [{ resourceType: 4, resourceName: '', configs }]
  assert.equal((await send(world, 't', batch(['before'])))[0]?.errorCode, 0)
  const altered = await world.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
  assert.equal(altered.responses[0]?.errorCode, ErrorCode.NONE)
  for (const name of ['t', 'own']) {
    assert.equal((await send(world, name, batch(['after'])))[0]?.errorCode, 0)
  }
  const ids = async (name: string) =>
    (await stored(world, name)).map((bytes) => codecIdOf(bytes, 0))
  assert.deepEqual(await ids('t'), [codecIdOfName('none'), codecIdOfName('lz4')])
  assert.deepEqual(await ids('own'), [codecIdOfName('none')])
})

test('a retry of an idempotent producer is the batch that was packed anew', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'compression.type': 'zstd' })
  const ids = { producerId: 77, producerEpoch: 0 }
  const first = batch(['a', 'b'], { ...ids, baseSequence: 0, codec: 'lz4' })
  const answers = [
    await send(world, 't', Uint8Array.from(first)),
    await send(world, 't', Uint8Array.from(first)),
    await send(world, 't', batch(['c'], { ...ids, baseSequence: 2 })),
  ]
  assert.deepEqual(
    answers.map(([answer]) => [answer?.errorCode, answer?.baseOffset]),
    [
      [0, 0],
      [0, 0],
      [0, 2],
    ],
  )
  const [bytes] = await stored(world, 't')
  assert.ok(bytes !== undefined)
  const { producerId, producerEpoch, baseSequence } = readBatchHeader(bytes)
  assert.deepEqual({ producerId, producerEpoch, baseSequence }, { ...ids, baseSequence: 0 })
})

test('sizes are judged as they are stored, by the topic and by the journal', async () => {
  const world = await BrokerWorld.start()
  const large = { 'compression.type': 'uncompressed', 'max.message.bytes': '9000000' }
  await world.topic('small', 1, { 'compression.type': 'uncompressed', 'max.message.bytes': '5000' })
  await world.topic('large', 1, large)
  const packed = (bytes: number): Uint8Array => batch(['x'.repeat(bytes)], { codec: 'gzip' })
  const code = async (name: string, bytes: number) =>
    (await send(world, name, packed(bytes)))[0]?.errorCode
  assert.equal(await code('small', 4_000), ErrorCode.NONE)
  assert.equal(await code('small', 6_000), ErrorCode.MESSAGE_TOO_LARGE)
  assert.equal(await code('large', 4_000_000), ErrorCode.NONE)
  assert.equal(await code('large', 4_300_000), ErrorCode.RECORD_LIST_TOO_LARGE)
})

test('the broker’s time is stamped on what was packed anew', async () => {
  const world = await BrokerWorld.start()
  const configs = { 'compression.type': 'snappy', 'message.timestamp.type': 'LogAppendTime' }
  await world.topic('t', 1, configs)
  const [answer] = await send(world, 't', batch(['a', 'b'], { codec: 'gzip' }))
  const [bytes] = await stored(world, 't')
  assert.ok(bytes !== undefined && answer !== undefined)
  assert.equal(answer.logAppendTimeMs, maxTimestampOf(bytes, 0))
  assert.deepEqual(
    [...recordsIn(bytes)].map(({ timestampMs }) => timestampMs),
    [1, 2].map(() => maxTimestampOf(bytes, 0)),
  )
})

test('what is inside of a batch is judged, and refused alone', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'compression.type': 'lz4', 'cleanup.policy': 'compact' })
  const keyed = buildBatch([
    { key: Buffer.from('k'), value: Buffer.from('v'), timestampMs: bornMs },
  ])
  const damaged = batch(['damaged']).fill(9, 70)
  const answers = await send(
    world,
    't',
    keyed,
    batch(['no key'], { codec: 'gzip' }),
    damaged,
    new Uint8Array(9),
  )
  assert.deepEqual(
    answers.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.INVALID_RECORD, ErrorCode.CORRUPT_MESSAGE, ErrorCode.INVALID_RECORD],
  )
  assert.equal(answers[1]?.recordErrors?.[0]?.batchIndex, 0)
})

test('a packer that fails is answered so that the client sends again', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t', 1, { 'compression.type': 'lz4' })
  const repack = (): never => {
    throw new Failure('unavailable', 'the thread is gone')
  }
  Object.assign(world.server.broker, { repacker: { ...inlineRepacker, repack } })
  const [answer] = await send(world, 't', batch(['a']))
  assert.deepEqual([answer?.errorCode, answer?.baseOffset], [ErrorCode.KAFKA_STORAGE_ERROR, -1])
})

test('a topic that changes meanwhile gets what it wants by then', async () => {
  for (const changes of [
    ['gzip', 'producer'],
    ['producer', 'zstd'],
  ]) {
    const world = await BrokerWorld.start()
    const { topics, logs } = world.server.broker
    const configs = { 'compression.type': 'lz4', 'message.timestamp.type': 'LogAppendTime' }
    const topicId = await world.topic('t', 1, configs)
    const append = logs.append.bind(logs)
    const next = changes.values()
    const changing: typeof append = async (...args) => {
      for (const type of next.take(1)) {
        await topics.configure(topicId, (own) => ({ ...own, 'compression.type': type }))
      }
      return append(...args)
    }
    Object.assign(logs, { append: changing })
    const [answer] = await send(world, 't', batch(['a'], { codec: 'snappy' }))
    assert.equal(answer?.errorCode, ErrorCode.NONE)
    const [bytes, ...more] = await stored(world, 't')
    assert.ok(bytes !== undefined && more.length === 0)
    const codec = changes[1] === 'producer' ? 'snappy' : 'zstd'
    assert.equal(codecIdOf(bytes, 0), codecIdOfName(codec))
    assert.deepEqual(texts(bytes), ['0:a'])
  }
})
