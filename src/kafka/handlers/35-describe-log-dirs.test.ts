import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { describeLogDirs } from '../../wire/messages/35-describe-log-dirs.ts'

const recordsOf = (size: number): Uint8Array =>
  buildBatch([{ key: null, value: Buffer.alloc(size), timestampMs: 1.7e12 }])

async function put(world: BrokerWorld, name: string, index: number, size: number): Promise<void> {
  const partitionData = [{ index, records: recordsOf(size) }]
  const topicData = [{ name, partitionData }]
  const { responses } = await world.ask(produce, 9, { acks: -1, timeoutMs: 30_000, topicData })
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
}

type Asked = readonly (readonly [topic: string, ...partitions: number[]])[] | null

async function sizes(world: BrokerWorld, given: Asked, version = 5): Promise<string[]> {
  const topics = given?.map(([topic, ...partitions]) => ({ topic, partitions })) ?? null
  const { errorCode, results } = await world.ask(describeLogDirs, version, { topics })
  assert.equal(errorCode, ErrorCode.NONE)
  const [folder, ...others] = results
  assert.deepEqual([folder?.errorCode, folder?.logDir, others.length], [0, '/data', 0])
  return (folder?.topics ?? []).flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => {
      assert.deepEqual([offsetLag, isFutureKey], [0, false])
      return `${name}-${partitionIndex}: ${partitionSize}`
    }),
  )
}

test('sizes are those of the batches, in every version; what is missing is left out', async () => {
  const world = await BrokerWorld.start()
  await world.topic('a', 2)
  await world.topic('b')
  await put(world, 'a', 1, 1_000)
  await put(world, 'a', 1, 2_000)
  await put(world, 'b', 0, 500)
  const a1 = `a-1: ${recordsOf(1_000).length + recordsOf(2_000).length}`
  const b0 = `b-0: ${recordsOf(500).length}`
  for (let version = 1; version <= 5; version++) {
    assert.deepEqual(await sizes(world, null, version), ['a-0: 0', a1, b0])
    assert.deepEqual(await sizes(world, [['a', 1, 7, -1]], version), [a1])
    assert.deepEqual(await sizes(world, [['none', 0], ['b']], version), [])
    assert.deepEqual(await sizes(world, [], version), [])
  }
  assert.deepEqual(
    await sizes(world, [
      ['a', 1, 1],
      ['b', 0],
      ['a', 1],
    ]),
    [a1, b0],
  )
})

test('the volume is told from version 4 on', async () => {
  const world = new KafkaWorld()
  for (let version = 1; version <= 5; version++) {
    const { results } = await world.ask(describeLogDirs, version, { topics: [] })
    const shown = [results[0]?.totalBytes, results[0]?.usableBytes, results[0]?.isCordoned]
    assert.deepEqual(shown, version < 4 ? [-1, -1, false] : [1_000, 600, false])
  }
})

test('a folder that cannot be looked at is told as such', async () => {
  const world = await BrokerWorld.start()
  world.diskFault = ({ kind }) => (kind === 'list' ? { fail: 'unavailable' } : undefined)
  const { results } = await world.ask(describeLogDirs, 5, { topics: null })
  assert.deepEqual(results, [
    {
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      logDir: '/data',
      topics: [],
      totalBytes: -1,
      usableBytes: -1,
      isCordoned: false,
    },
  ])
})
