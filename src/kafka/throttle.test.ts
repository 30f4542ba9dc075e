/** Quotas on a whole broker in memory: what clients are told, and how long nothing is read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../test/kafka/broker-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { unpooled } from '../base/hold.ts'
import { silentLog } from '../base/log.ts'
import type { QuotaEntity } from '../quota/quota-entity.ts'
import { buildBatch } from '../record/build-batch.ts'
import { decodeResponseHeader, encodeRequest } from '../wire/frame.ts'
import { produce } from '../wire/messages/00-produce.ts'
import { fetch, type FetchResponse } from '../wire/messages/01-fetch.ts'
import { metadata } from '../wire/messages/03-metadata.ts'
import { heartbeat } from '../wire/messages/12-heartbeat.ts'
import { type Handler, Router } from './router.ts'

const batchOf = (bytes: number): Uint8Array =>
  buildBatch([{ key: null, value: Buffer.alloc(bytes, 'x'), timestampMs: 1.7e12 }])

const producing = (bytes: number, acks = -1): never => {
  const partitionData = [{ index: 0, records: batchOf(bytes) }]
  return { acks, timeoutMs: 30_000, topicData: [{ name: 't', partitionData }] } as never
}

const fetching = (fetchOffset: number, more: object = {}): never => {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1e6 }]
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1e6 }
  return { ...limits, topics: [{ topic: 't', partitions }], ...more } as never
}

const recordBytes = ({ responses }: FetchResponse): number =>
  responses.reduce(
    (sum, { partitions }) =>
      partitions.reduce((own, { records }) => own + (records?.length ?? 0), sum),
    0,
  )

async function worldWith(values: Record<string, number>): Promise<BrokerWorld> {
  const world = await BrokerWorld.start()
  await world.topic('t')
  await setQuota(world, { 'client-id': 'tester' }, values)
  return world
}

async function setQuota(
  world: BrokerWorld,
  entity: QuotaEntity,
  change: Record<string, number | undefined>,
): Promise<void> {
  await world.during(world.server.broker.quotas.alter([{ entity, change }]))
}

test('who produces more than its quota is told how long to pause, in every version', async () => {
  for (let version = 3; version <= 12; version++) {
    const world = await worldWith({ producer_byte_rate: 1_000 })
    assert.equal((await world.ask(produce, version, producing(9_000))).throttleTimeMs, 0)
    const { throttleTimeMs, responses } = await world.ask(produce, version, producing(10_000))
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0, 'taken all the same')
    // About 19,200 bytes over 10 s where 10,000 are allowed.
    assert.ok(throttleTimeMs > 9_000 && throttleTimeMs < 9_500, String(throttleTimeMs))
  }
})

test('a change of a quota holds for clients that are connected', async () => {
  const world = await worldWith({ producer_byte_rate: 1_000 })
  await world.ask(produce, 9, producing(20_000))
  await setQuota(world, { 'client-id': 'tester' }, { producer_byte_rate: 100_000 })
  assert.equal((await world.ask(produce, 9, producing(100))).throttleTimeMs, 0)
  await setQuota(world, { 'client-id': 'tester' }, { producer_byte_rate: undefined })
  assert.equal((await world.ask(produce, 9, producing(500_000))).throttleTimeMs, 0)
  await setQuota(world, { user: null }, { producer_byte_rate: 10 })
  assert.ok((await world.ask(produce, 9, producing(500_000))).throttleTimeMs > 0, 'ANONYMOUS')
})

test('a fetch beyond the quota has no records, which come after the pause', async () => {
  const world = await worldWith({})
  for (let count = 0; count < 4; count++) await world.ask(produce, 9, producing(4_000))
  await setQuota(world, { 'client-id': 'tester' }, { consumer_byte_rate: 1_000 })
  const first = await world.ask(fetch, 12, fetching(0))
  assert.equal(first.throttleTimeMs, 0)
  // An answer is cut to what a silent client may have at once: 10 s of its quota.
  const bytes = recordBytes(first)
  assert.ok(bytes > 8_000 && bytes < 10_000, String(bytes))
  const second = await world.ask(fetch, 12, fetching(2))
  assert.ok(second.throttleTimeMs > 5_000, String(second.throttleTimeMs))
  assert.deepEqual([second.errorCode, second.responses], [0, []])
  const again = await world.ask(fetch, 12, fetching(2))
  assert.ok(again.throttleTimeMs <= second.throttleTimeMs, 'what was not sent does not count')
  await world.clock.advance(11_000) // all windows
  assert.ok(recordBytes(await world.ask(fetch, 12, fetching(2))) > 8_000)
})

test('a fetch waits for no more than it may have', async () => {
  const world = await worldWith({})
  for (let count = 0; count < 4; count++) await world.ask(produce, 9, producing(4_000))
  const size = recordBytes(await world.ask(fetch, 12, fetching(0))) / 4
  const more = { minBytes: 1e6, maxWaitMs: 60_000 }
  // 10 s of the quota are two batches: there is no room for more, and no reason to wait.
  await setQuota(world, { 'client-id': 'tester' }, { consumer_byte_rate: (2 * size) / 10 })
  const beginMs = world.clock.monotonicMs()
  const { throttleTimeMs } = await world.ask(fetch, 12, fetching(0, more))
  assert.ok(throttleTimeMs > 0, 'the answer is a little larger than its records')
  assert.ok(world.clock.monotonicMs() - beginMs < 1_000)
})

test('a batch that is larger than any allowed answer is sent, and paid for', async () => {
  const world = await worldWith({})
  await world.ask(produce, 9, producing(50_000))
  await setQuota(world, { 'client-id': 'tester' }, { consumer_byte_rate: 1_000 })
  const sent = await world.ask(fetch, 12, fetching(0))
  assert.ok(recordBytes(sent) > 50_000)
  assert.ok(sent.throttleTimeMs > 40_000 && sent.throttleTimeMs < 41_000)
  assert.equal(recordBytes(await world.ask(fetch, 12, fetching(0))), 0, 'not before that')
  await world.clock.advance(sent.throttleTimeMs)
  assert.ok(recordBytes(await world.ask(fetch, 12, fetching(0))) > 50_000)
})

const header = { apiVersion: 9, correlationId: 5, clientId: 'tester' }

test('the answer comes first, then nothing is read for the time it says', async () => {
  const world = await worldWith({ producer_byte_rate: 1_000 })
  const stream = world.connect()
  stream.put(Buffer.concat(encodeRequest(produce, header, producing(15_000))))
  await world.clock.advance(100)
  const [answer] = stream.sent
  assert.ok(answer !== undefined, 'answered at once')
  const { bodyAt } = decodeResponseHeader(answer.subarray(4), produce, 9)
  const { throttleTimeMs } = produce.response.decode(9, answer.subarray(4), bodyAt)
  assert.ok(throttleTimeMs > 4_000)
  stream.put(Buffer.concat(encodeRequest(metadata, header, { topics: [] })))
  await world.clock.advance(throttleTimeMs - 200)
  assert.equal(stream.sent.length, 1)
  await world.clock.advance(200)
  assert.equal(stream.sent.length, 2)
})

test('who wants no answers pauses as well', async () => {
  const world = await worldWith({ producer_byte_rate: 1_000 })
  const stream = world.connect()
  stream.put(Buffer.concat(encodeRequest(produce, header, producing(15_000, 0))))
  await world.clock.advance(100)
  const sentBytes = (): number => Buffer.concat(stream.sent).length
  assert.equal(sentBytes(), 0)
  stream.put(Buffer.concat(encodeRequest(metadata, header, { topics: [] })))
  await world.clock.advance(4_000)
  assert.equal(sentBytes(), 0)
  await world.clock.advance(2_000)
  assert.ok(sentBytes() > 0)
})

/** A clock that a handler moves: as the real one does while a handler works. */
class HeldClock extends VirtualClock {
  readonly #heldMs: () => number

  constructor(heldMs: () => number) {
    super()
    this.#heldMs = heldMs
  }

  override monotonicMs(): number {
    return this.#heldMs()
  }
}

test('request time is what a request holds the broker for, not what it waits', async () => {
  const world = await worldWith({ request_percentage: 10 })
  let heldMs = 0
  const slow: Handler = {
    api: heartbeat,
    handle: () => {
      heldMs += 300 // time passes while nobody else is served
      return Promise.resolve({ response: { errorCode: 0 } })
    },
  }
  const { meters } = world.server.broker
  const clock = new HeldClock(() => heldMs)
  const router = new Router({ handlers: [slow], log: silentLog, clock, meters })
  const asked = { groupId: 'g', generationId: 1, memberId: 'm' }
  const told: number[] = []
  for (const apiVersion of [1, 1, 1, 1, 0]) {
    const request = encodeRequest(heartbeat, { ...header, apiVersion }, asked)
    const frame = Buffer.concat(request).subarray(4)
    const { signal } = new AbortController()
    const peer = { remote: 'a:1', software: undefined }
    const reply = await router.serve(frame, peer, unpooled, signal, () => undefined)
    assert.ok(typeof reply === 'object')
    const answer = Buffer.concat(reply.chunks).subarray(4)
    const { throttleTimeMs } = heartbeat.response.decode(apiVersion, answer, 4)
    told.push(throttleTimeMs)
    assert.equal(reply.throttleMs ?? 0, apiVersion === 0 ? 1_000 : throttleTimeMs)
  }
  // 10 % of 10 s are one second: the fourth is beyond it. Version 0 cannot tell, and pauses too.
  assert.deepEqual(told, [0, 0, 0, 1_000, 0])
})
