import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { unpooled } from '../../base/hold.ts'
import { batchesIn } from '../../record/batch-sequence.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { recordsIn } from '../../record/records.ts'
import { encodeRequest } from '../../wire/frame.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { fetch, type FetchResponse } from '../../wire/messages/01-fetch.ts'

const batchOf = (value: string): Uint8Array =>
  buildBatch([{ key: null, value: Buffer.from(value), timestampMs: 1.7e12 }])

async function put(world: BrokerWorld, name: string, index: number, value: string): Promise<void> {
  const partitionData = [{ index, records: batchOf(value) }]
  const request = { acks: -1, timeoutMs: 30_000, topicData: [{ name, partitionData }] }
  const { responses } = await world.ask(produce, 9, request)
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
}

type Given = readonly [partition: number, fetchOffset: number, partitionMaxBytes?: number]

const asked = (topic: string, given: readonly Given[], more: object = {}): never => {
  const partitions = given.map(([partition, fetchOffset, partitionMaxBytes = 1e6]) => {
    return { partition, fetchOffset, partitionMaxBytes }
  })
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1e7 }
  return { ...limits, topics: [{ topic, partitions }], ...more } as never
}

interface Told {
  readonly partition: number
  readonly code: number
  readonly values: string[]
  readonly end: number
}

const toldIn = ({ responses }: FetchResponse): Told[] =>
  responses.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex: partition, errorCode: code, highWatermark, records }) => {
      const bytes = Buffer.from(records ?? [])
      const values = [...batchesIn(bytes)].flatMap(({ at }) =>
        [...recordsIn(bytes, at)].map(({ value }) => Buffer.from(value ?? []).toString()),
      )
      return { partition, code, values, end: highWatermark }
    }),
  )

const values = (answer: FetchResponse): string[][] => toldIn(answer).map((told) => told.values)
const codes = (answer: FetchResponse): number[] => toldIn(answer).map(({ code }) => code)

async function worldOf(partitions: number, options: object = {}): Promise<BrokerWorld> {
  const world = await BrokerWorld.start(options)
  await world.topic('t', partitions)
  return world
}

test('records come from an offset on, in every version, from memory and journal', async () => {
  for (const options of [{}, { 'tail.cache.bytes': 0, 'block.cache.bytes': 0 }]) {
    const world = await BrokerWorld.start(options)
    const topicId = await world.topic('t')
    for (const value of ['a', 'b', 'c']) await put(world, 't', 0, value)
    for (let version = 4; version <= 18; version++) {
      const topics = [
        { topicId, partitions: [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1e6 }] },
      ]
      const request = version < 13 ? asked('t', [[0, 1]]) : asked('', [], { topics })
      const told = toldIn(await world.ask(fetch, version, request))
      assert.deepEqual(told, [{ partition: 0, code: 0, values: ['b', 'c'], end: 3 }])
    }
  }
})

test('one batch comes whatever the limits say, from the first partition that has one', async () => {
  for (const options of [{}, { 'tail.cache.bytes': 0, 'block.cache.bytes': 0 }]) {
    const world = await worldOf(3, options)
    for (const partition of [1, 2])
      for (const value of ['x', 'y']) await put(world, 't', partition, value)
    const all: Given[] = [
      [0, 0, 1],
      [1, 0, 1],
      [2, 0, 1],
    ]
    for (const limit of [0, 1, -1, -0x80000000]) {
      const request = asked('t', all, { maxBytes: limit })
      assert.equal(values(await world.ask(fetch, 4, request)).flat().length, 1, `${limit}`)
      const small = all.map(([partition, offset]): Given => [partition, offset, limit])
      assert.equal(values(await world.ask(fetch, 4, asked('t', small))).flat().length, 1)
    }
  }
})

test('each partition has its turn, also where two connections fetch by turns', async () => {
  const world = await worldOf(2)
  for (const partition of [0, 1]) await put(world, 't', partition, `p${partition}`)
  const request = asked(
    't',
    [
      [0, 0],
      [1, 0],
    ],
    { maxBytes: 1 },
  )
  const seen = { a: new Set<string>(), b: new Set<string>() }
  for (let round = 0; round < 4; round++) {
    for (const peer of ['a', 'b'] as const) {
      for (const value of values(await world.ask(fetch, 4, request, peer)).flat())
        seen[peer].add(value)
    }
  }
  assert.deepEqual([...seen.a].toSorted(), ['p0', 'p1'])
  assert.deepEqual([...seen.b].toSorted(), ['p0', 'p1'])
})

test('offsets beyond the log are out of range, at its end there is nothing yet', async () => {
  const world = await worldOf(1)
  await put(world, 't', 0, 'a')
  const answer = await world.ask(
    fetch,
    4,
    asked('t', [
      [0, 1],
      [0, 2],
      [0, -1],
      [0, Number.MAX_SAFE_INTEGER],
      [1, 0],
      [-1, 0],
    ]),
  )
  const outOfRange = ErrorCode.OFFSET_OUT_OF_RANGE
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  assert.deepEqual(codes(answer), [0, outOfRange, outOfRange, outOfRange, unknown, unknown])
})

test('leader epochs that are not ours are told', async () => {
  const world = await worldOf(1)
  const epochs = [-1, 0, 1].map((currentLeaderEpoch) => {
    return { partition: 0, fetchOffset: 0, partitionMaxBytes: 1, currentLeaderEpoch }
  })
  const answer = await world.ask(
    fetch,
    9,
    asked('t', [], { topics: [{ topic: 't', partitions: epochs }] }),
  )
  assert.deepEqual(codes(answer), [0, 0, ErrorCode.UNKNOWN_LEADER_EPOCH])
})

test('unknown topics are told by the code of the version; sessions are not kept', async () => {
  const world = await worldOf(1)
  assert.deepEqual(codes(await world.ask(fetch, 12, asked('nobody', [[0, 0]]))), [3])
  assert.deepEqual(codes(await world.ask(fetch, 12, asked('', [[0, 0]]))), [3])
  assert.deepEqual(codes(await world.ask(fetch, 13, asked('', [[0, 0]]))), [
    ErrorCode.UNKNOWN_TOPIC_ID,
  ])
  for (const sessionId of [0, 5]) {
    const next = asked('t', [[0, 0]], { sessionId, sessionEpoch: 3 })
    const { errorCode } = await world.ask(fetch, 12, next)
    assert.equal(errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    for (const sessionEpoch of [0, -1]) {
      const whole = asked('t', [[0, 0]], { sessionId, sessionEpoch })
      const answer = await world.ask(fetch, 12, whole)
      assert.deepEqual([answer.errorCode, answer.sessionId, codes(answer)], [0, 0, [0]])
    }
  }
})

test('a client that is older than zstd is not given any', async () => {
  const world = await worldOf(1)
  const record = { key: null, value: Buffer.from('a'), timestampMs: 1.7e12 }
  for (const codec of ['gzip', 'zstd'] as const) {
    const partitionData = [{ index: 0, records: buildBatch([record], { codec }) }]
    const topicData = [{ name: 't', partitionData }]
    await world.ask(produce, 9, { acks: -1, timeoutMs: 30_000, topicData })
  }
  const [before, from] = [asked('t', [[0, 0, 1]]), asked('t', [[0, 1]])]
  assert.deepEqual(values(await world.ask(fetch, 9, before)), [['a']])
  const { UNSUPPORTED_COMPRESSION_TYPE } = ErrorCode
  assert.deepEqual(codes(await world.ask(fetch, 9, from)), [UNSUPPORTED_COMPRESSION_TYPE])
  assert.deepEqual(values(await world.ask(fetch, 10, from)), [['a']])
})

test('a fetch waits for records, and no longer than it was told to', async () => {
  const world = await worldOf(2)
  const request = asked(
    't',
    [
      [0, 0],
      [1, 0],
    ],
    { maxWaitMs: 500 },
  )
  const timers = world.clock.pending
  const first = world.send(fetch, 4, request)
  await world.clock.advance(100)
  await put(world, 't', 1, 'new')
  assert.deepEqual(values(await first.answer), [[], ['new']])
  const startMs = world.clock.monotonicMs()
  const second = asked('t', [[1, 1]], { maxWaitMs: 500 })
  assert.deepEqual(values(await world.during(world.send(fetch, 4, second).answer, 1)), [[]])
  assert.equal(Math.round(world.clock.monotonicMs() - startMs), 500)
  assert.equal(world.clock.pending, timers, 'no timer is left behind')
})

test('a time below zero is none', async () => {
  const world = await worldOf(1)
  const startMs = world.clock.monotonicMs()
  for (const maxWaitMs of [-1, -0x80000000]) {
    await world.ask(fetch, 4, asked('t', [[0, 0]], { maxWaitMs, minBytes: 0x7fffffff }))
  }
  await world.ask(fetch, 4, asked('t', [[0, 0]], { maxWaitMs: 0x7fffffff, minBytes: -5 }))
  assert.ok(world.clock.monotonicMs() - startMs < 1)
})

test('who waits for a topic that is deleted is told at once', async () => {
  for (const version of [12, 13]) {
    const world = await BrokerWorld.start()
    const topicId = await world.topic('t')
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }]
    const request = asked('', [], {
      topics: [{ topic: 't', topicId, partitions }],
      maxWaitMs: 60_000,
    })
    const { answer } = world.send(fetch, version, request)
    await world.clock.advance(10)
    const startMs = world.clock.monotonicMs()
    await world.during(world.server.broker.topics.delete(topicId))
    const unknown = version < 13 ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
    assert.deepEqual(codes(await world.during(answer)), [unknown])
    assert.ok(world.clock.monotonicMs() - startMs < 100)
  }
})

test('who waits gives up when the connection is gone or the broker stops', async () => {
  const world = await worldOf(1)
  const { answer, abort } = world.send(fetch, 4, asked('t', [[0, 0]], { maxWaitMs: 60_000 }))
  await world.clock.advance(10)
  abort.abort()
  await world.clock.settle()
  assert.deepEqual(values(await answer), [[]])
})

test('many small appends are not read again and again while much is waited for', async () => {
  const world = await worldOf(1)
  const { logs } = world.server.broker
  const read = logs.read.bind(logs)
  let reads = 0
  logs.read = (...args) => {
    reads++
    return read(...args)
  }
  const request = asked('t', [[0, 0]], { maxWaitMs: 2_000, minBytes: 1e6 })
  const { answer } = world.send(fetch, 4, request)
  for (let count = 0; count < 200; count++) {
    await put(world, 't', 0, `${count}`)
    await world.clock.advance(9)
  }
  const [found] = values(await world.during(answer))
  assert.ok((found?.length ?? 0) >= 150, 'what came in time is there')
  assert.ok(reads < 80, `${reads} reads for 200 appends`)
})

test('a fetch that waits for bytes is answered soon after they are there', async () => {
  const world = await worldOf(1)
  const { answer } = world.send(
    fetch,
    4,
    asked('t', [[0, 0]], { maxWaitMs: 60_000, minBytes: 3_000 }),
  )
  for (let count = 0; count < 4; count++) {
    await world.clock.advance(250)
    await put(world, 't', 0, 'x'.repeat(1_000))
  }
  const startMs = world.clock.monotonicMs()
  assert.ok(((await world.during(answer))?.responses.length ?? 0) > 0)
  assert.ok(world.clock.monotonicMs() - startMs <= 250)
})

test('answers get smaller while much is not sent, and never empty', async () => {
  const world = await worldOf(1, { 'tail.cache.bytes': 512 * 1024 * 1024 })
  const value = 'x'.repeat(1_000_000)
  for (let count = 0; count < 60; count++) await put(world, 't', 0, value)
  const request = asked('t', [[0, 0, 0x7fffffff]], { maxBytes: 0x7fffffff })
  const header = { apiVersion: 4, correlationId: 1, clientId: null }
  const frame = Buffer.concat(encodeRequest(fetch, header, request)).subarray(4)
  const sizes: number[] = []
  const releases: (() => void)[] = []
  const serve = async (): Promise<number> => {
    const peer = { remote: 'a:1', software: undefined }
    const { signal } = new AbortController()
    const reply = await world.router.serve(frame, peer, unpooled, signal, () => undefined)
    assert.ok(typeof reply === 'object')
    if (reply.release !== undefined) releases.push(reply.release)
    return reply.chunks.reduce((sum, { length }) => sum + length, 0)
  }
  for (let count = 0; count < 8; count++) sizes.push(await serve())
  assert.ok((sizes[0] ?? 0) > 50e6)
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 280e6)
  assert.ok(sizes.every((size) => size > 1e6))
  for (const release of releases) release()
  assert.equal(await serve(), sizes[0])
})

test('ten times the partitions take ten times as long, not a hundred times', async () => {
  const world = await worldOf(1)
  /** Of this process: what others do with the machine does not count. */
  const costMs = async (count: number): Promise<number> => {
    const many = Array.from({ length: count }, (): Given => [0, 0])
    const before = process.cpuUsage()
    const answer = await world.ask(fetch, 12, asked('t', many))
    const { user, system } = process.cpuUsage(before)
    assert.equal(codes(answer).length, count)
    return (user + system) / 1_000
  }
  await costMs(10_000)
  const fewMs = Math.max(await costMs(10_000), 20)
  const manyMs = await costMs(100_000)
  assert.ok(manyMs < 40 * fewMs, `10,000: ${fewMs} ms, 100,000: ${manyMs} ms`)
})
