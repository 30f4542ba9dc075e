/** Produce: LogValidator's rules, idempotence, wrong topics and partitions, acks. */
import { produce } from '../../../src/wire/messages/00-produce.ts'
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { batch, batchAt, changed, field, keyless } from '../batches.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, Scenario, Topic, WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'
const unknown: Topic = { name: 'unknown', id: unknownId }
const dayMs = 86_400_000

const to = (topic: Topic, records: Uint8Array | null, index = 0) => ({
  acks: -1,
  timeoutMs: 10_000,
  topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records }] }],
})

/** One batch to a new topic. */
function one(
  records: () => Uint8Array | null,
  configs: Readonly<Record<string, string>> = {},
): RunOf<typeof produce> {
  return async (trial) => trial.try(to(await trial.topic('t', 1, configs), records()))
}

async function producer(
  scenario: Scenario,
): Promise<{ producerId: number; producerEpoch: number }> {
  return scenario.until('a producer id', async () => {
    const asked = { transactionalId: null, transactionTimeoutMs: 1000 }
    const { errorCode, producerId, producerEpoch } = await scenario.tell(initProducerId, 4, asked)
    return errorCode === 0 ? { producerId, producerEpoch } : undefined
  })
}

const setInt8 = (at: number, value: number) => (bytes: Buffer) => bytes.writeInt8(value, at)
const setInt16 = (at: number, value: number) => (bytes: Buffer) => bytes.writeInt16BE(value, at)
const setInt32 = (at: number, value: number) => (bytes: Buffer) => bytes.writeInt32BE(value, at)
const setInt64 = (at: number, value: bigint) => (bytes: Buffer) => bytes.writeBigInt64BE(value, at)
const good = () => batch(['a', 'b', 'c'])

export const produceCases: WireCase[] = casesOf(produce, {
  'a batch': one(good),
  'a second batch': async (trial) => {
    const topic = await trial.topic('t')
    await trial.produce(topic.name, good())
    await trial.try(to(topic, good()))
  },
  'acks 1': async (trial) => trial.try({ ...to(await trial.topic('t'), good()), acks: 1 }),
  'acks 2': async (trial) => trial.try({ ...to(await trial.topic('t'), good()), acks: 2 }),
  'no topics': (trial) => trial.try({ acks: -1, timeoutMs: 1000, topicData: [] }),
  'no partitions': async (trial) => {
    const { name, id } = await trial.topic('t')
    const topicData = [{ name, topicId: id, partitionData: [] }]
    await trial.try({ acks: -1, timeoutMs: 1000, topicData })
  },
  // Kafka never answers it, so one version is enough to wait for.
  'null records': within(
    13,
    13,
    one(() => null),
  ),
  'no bytes': one(() => new Uint8Array(0)),
  'too few bytes': one(() => new Uint8Array(20)),
  'unknown topic': (trial) => trial.try(to({ ...unknown, name: trial.name('no') }, good())),
  'unknown topic, acks 0': async (trial) => {
    const request = { ...to({ ...unknown, name: trial.name('no') }, good()), acks: 0 }
    const answer = await (await trial.connection()).ask(produce, trial.version, request, 1000)
    trial.remember('answer', answer)
  },
  'a name that is none': within(3, 12, (trial) =>
    trial.try(to({ ...unknown, name: 'a b' }, good())),
  ),
  'no topic id': within(13, 99, (trial) =>
    trial.try(to({ name: '', id: 'AAAAAAAAAAAAAAAAAAAAAA' }, good())),
  ),
  'unknown partition': async (trial) => trial.try(to(await trial.topic('t'), good(), 7)),
  'negative partition': async (trial) => trial.try(to(await trial.topic('t'), good(), -1)),
  'two topics, one unknown': async (trial) => {
    const { topicData } = to(await trial.topic('t'), good())
    const more = to({ ...unknown, name: trial.name('no') }, good()).topicData
    await trial.try({ acks: -1, timeoutMs: 1000, topicData: [...topicData, ...more] })
  },
  'a partition twice': async (trial) => {
    const { name, id } = await trial.topic('t')
    const partitionData = [good(), good()].map((records) => ({ index: 0, records }))
    await trial.try({
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name, topicId: id, partitionData }],
    })
  },
  'a wrong checksum': one(() => changed(good(), setInt8(70, 1), 'checksum kept')),
  'a wrong base offset': one(() => changed(good(), setInt64(field.baseOffset, 5n))),
  'a leader epoch of its own': one(() => changed(good(), setInt32(field.leaderEpoch, 9))),
  'magic 1': one(() => changed(good(), setInt8(field.magic, 1), 'checksum kept')),
  'magic 3': one(() => changed(good(), setInt8(field.magic, 3), 'checksum kept')),
  'magic -1': one(() => changed(good(), setInt8(field.magic, -1), 'checksum kept')),
  'a length beyond the bytes': one(() =>
    changed(good(), setInt32(field.batchLength, 900), 'checksum kept'),
  ),
  'a length below the header': one(() =>
    changed(good(), setInt32(field.batchLength, 10), 'checksum kept'),
  ),
  'a negative length': one(() => changed(good(), setInt32(field.batchLength, -5), 'checksum kept')),
  'a count that is too high': one(() => changed(good(), setInt32(field.recordCount, 9))),
  'a count that is too low': one(() => changed(good(), setInt32(field.recordCount, 2))),
  'a count of none': one(() => changed(good(), setInt32(field.recordCount, 0))),
  'a negative count': one(() => changed(good(), setInt32(field.recordCount, -1))),
  'a last delta that is too high': one(() => changed(good(), setInt32(field.lastOffsetDelta, 9))),
  'count and last delta agree, records do not': one(() =>
    changed(good(), (bytes) => {
      bytes.writeInt32BE(5, field.recordCount)
      bytes.writeInt32BE(4, field.lastOffsetDelta)
    }),
  ),
  'an empty batch': one(() => batch([])),
  'two batches': one(() => Buffer.concat([good(), good()])),
  'two compressed batches': one(() =>
    Buffer.concat([batch(['a'], { codec: 'gzip' }), batch(['a'], { codec: 'gzip' })]),
  ),
  'a batch and a piece': one(() => Buffer.concat([good(), good().subarray(0, 30)])),
  'a control batch': one(() => batch(['a'], { isControl: true })),
  'a delete horizon': one(() => changed(good(), setInt16(field.attributes, 0x40))),
  'attributes that are not defined': one(() => changed(good(), setInt16(field.attributes, 0x80))),
  gzip: one(() => batch(['a', 'b'], { codec: 'gzip' })),
  snappy: one(() => batch(['a', 'b'], { codec: 'snappy' })),
  lz4: one(() => batch(['a', 'b'], { codec: 'lz4' })),
  zstd: one(() => batch(['a', 'b'], { codec: 'zstd' })),
  'a codec that is unknown': one(() => changed(good(), setInt16(field.attributes, 5))),
  'gzip that is none': one(() => changed(good(), setInt16(field.attributes, 1))),
  'compressed, inner deltas off': one(() =>
    changed(batch(['a', 'b'], { codec: 'gzip' }), (bytes) => {
      bytes.writeInt32BE(3, field.recordCount)
      bytes.writeInt32BE(2, field.lastOffsetDelta)
    }),
  ),
  'to be stored as zstd': one(good, { 'compression.type': 'zstd' }),
  'to be stored as it is': one(() => batch(['a', 'b'], { codec: 'lz4' }), {
    'compression.type': 'lz4',
  }),
  'to be stored as lz4, gzip': one(() => batch(['a', 'b'], { codec: 'gzip' }), {
    'compression.type': 'lz4',
  }),
  'to be stored as lz4, inner deltas off': one(
    () =>
      changed(batch(['a', 'b'], { codec: 'gzip' }), (bytes) => {
        bytes.writeInt32BE(3, field.recordCount)
        bytes.writeInt32BE(2, field.lastOffsetDelta)
      }),
    { 'compression.type': 'lz4' },
  ),
  'to be stored plain, too large then': one(() => batch(['x'.repeat(2000)], { codec: 'gzip' }), {
    'compression.type': 'uncompressed',
    'max.message.bytes': '1000',
  }),
  'to be stored as gzip, too large before': one(() => batch(['x'.repeat(2000)]), {
    'compression.type': 'gzip',
    'max.message.bytes': '1000',
  }),
  'to be stored as snappy, keyless and compacted': one(() => keyless('a', { codec: 'gzip' }), {
    'compression.type': 'snappy',
    'cleanup.policy': 'compact',
  }),
  'to be stored as gzip, log append time': one(() => batch(['a'], { codec: 'lz4' }), {
    'compression.type': 'gzip',
    'message.timestamp.type': 'LogAppendTime',
  }),
  'too large': one(() => batch(['x'.repeat(2000)]), { 'max.message.bytes': '1000' }),
  'too large by what it says': one(() => batch(['x'.repeat(940)]), { 'max.message.bytes': '1000' }),
  'keyless on a compacted topic': one(() => keyless('a'), { 'cleanup.policy': 'compact' }),
  'keyless on a compacted topic, compressed': one(() => keyless('a', { codec: 'gzip' }), {
    'cleanup.policy': 'compact',
  }),
  'a tombstone on a compacted topic': one(() => batch([null]), { 'cleanup.policy': 'compact' }),
  'log append time': one(good, { 'message.timestamp.type': 'LogAppendTime' }),
  'log append time said by the client': one(() => batch(['a'], { timestampType: 'log-append' })),
  'log append time, compressed': one(() => batch(['a'], { codec: 'lz4' }), {
    'message.timestamp.type': 'LogAppendTime',
  }),
  'too old': one(good, { 'message.timestamp.before.max.ms': '1000' }),
  'too far ahead': one(() => batchAt(Date.now() + 3 * dayMs)),
  'a little ahead': one(() => batchAt(Date.now() + dayMs / 48)),
  'no timestamp': one(() => batchAt(-1)),
  'a wrong largest timestamp': one(() => changed(good(), setInt64(field.maxTimestamp, 1n))),
  'an idempotent producer': async (trial) => {
    const topic = await trial.topic('t')
    const ids = await producer(trial)
    const of = (baseSequence: number, more = {}) =>
      batch(['a', 'b'], { ...ids, baseSequence, ...more })
    await trial.try(to(topic, of(0)))
    await trial.try(to(topic, of(2)))
    await trial.try(to(topic, of(0)))
    await trial.try(to(topic, of(6)))
    await trial.try(to(topic, of(1)))
    await trial.try(to(topic, of(4, { producerEpoch: ids.producerEpoch + 1 })))
    await trial.try(to(topic, of(0, { producerEpoch: ids.producerEpoch + 1 })))
    await trial.try(to(topic, of(4)))
  },
  'duplicates beyond the window': async (trial) => {
    const topic = await trial.topic('t')
    const ids = await producer(trial)
    for (let at = 0; at < 7; at++) {
      await trial.produce(topic.name, batch(['a'], { ...ids, baseSequence: at }))
    }
    for (const baseSequence of [6, 2, 1, 0]) {
      await trial.try(to(topic, batch(['a'], { ...ids, baseSequence })))
    }
  },
  'a first sequence above 0': async (trial) => {
    const topic = await trial.topic('t')
    await trial.try(to(topic, batch(['a'], { ...(await producer(trial)), baseSequence: 7 })))
  },
  'a first sequence above 0 of an older producer': async (trial) => {
    const ids = await producer(trial)
    const topic = await trial.topic('t')
    await trial.try(to(topic, batch(['a'], { ...ids, baseSequence: 7 })))
  },
  'a sequence that wraps': async (trial) => {
    const ids = await producer(trial) // before the topic: it may begin anywhere
    const topic = await trial.topic('t')
    const last = 0x7fff_ffff
    await trial.try(to(topic, batch(['a', 'b'], { ...ids, baseSequence: last - 1 })))
    await trial.try(to(topic, batch(['a'], { ...ids, baseSequence: 0 })))
  },
  'a sequence below 0': one(() =>
    batch(['a'], { producerId: 5, producerEpoch: 0, baseSequence: -1 }),
  ),
  'an epoch below 0': one(() =>
    batch(['a'], { producerId: 5, producerEpoch: -1, baseSequence: 0 }),
  ),
  'a producer id nobody gave': one(() =>
    batch(['a'], { producerId: 777_777, producerEpoch: 3, baseSequence: 4 }),
  ),
  'two idempotent batches': async (trial) => {
    const topic = await trial.topic('t')
    const ids = await producer(trial)
    const both = [0, 1].map((baseSequence) => batch(['a'], { ...ids, baseSequence }))
    await trial.try(to(topic, Buffer.concat(both)))
  },
  'transactional without a transaction': async (trial) => {
    const topic = await trial.topic('t')
    const ids = await producer(trial)
    const records = batch(['a'], { ...ids, baseSequence: 0, isTransactional: true })
    await trial.try({ ...to(topic, records), transactionalId: trial.name('x') })
  },
  'a transactional id, a plain batch': async (trial) =>
    trial.try({ ...to(await trial.topic('t'), good()), transactionalId: trial.name('x') }),
  'a transactional batch, no transactional id': async (trial) => {
    const topic = await trial.topic('t')
    const ids = await producer(trial)
    await trial.try(to(topic, batch(['a'], { ...ids, baseSequence: 0, isTransactional: true })))
  },
})
