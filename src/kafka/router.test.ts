import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../test/kafka/broker-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { unpooled } from '../base/hold.ts'
import { type Log, silentLog } from '../base/log.ts'
import { encodeRequest } from '../wire/frame.ts'
import { fetch } from '../wire/messages/01-fetch.ts'
import { heartbeat } from '../wire/messages/12-heartbeat.ts'
import { apiVersions } from '../wire/messages/18-api-versions.ts'
import type { Reply } from './request.ts'
import { type Handled, type Handler, Router } from './router.ts'

const header = { apiVersion: 0, correlationId: 5, clientId: 'c' }
const asking = Buffer.concat(encodeRequest(apiVersions, header, {}))

function serve(router: Router, frame: Uint8Array): Promise<Reply> {
  const peer = { remote: 'a:1', software: undefined }
  const { signal } = new AbortController()
  return router.serve(frame, peer, unpooled, signal, () => undefined)
}

test('what cannot be understood ends its own connection, and no other', async () => {
  const world = await BrokerWorld.start()
  const other = world.connect()
  const changed = (at: number, value: number): Buffer => {
    const frame = Buffer.from(asking)
    frame.writeInt16BE(value, at)
    return frame
  }
  const wrong = [changed(4, 999), changed(4, -1), changed(4, 3).fill(0xff, 12), changed(12, 500)]
  const beat = { groupId: 'g', generationId: 0, memberId: 'm' }
  const old = Buffer.concat(encodeRequest(heartbeat, header, beat))
  for (const version of [-1, 5, 0x7fff]) {
    const frame = Buffer.from(old)
    frame.writeInt16BE(version, 6)
    wrong.push(frame)
  }
  for (const frame of wrong) {
    const stream = world.connect()
    stream.put(frame)
    await world.clock.advance(10)
    assert.deepEqual([stream.sent.length, stream.ends], [0, ['close']], frame.toString('hex'))
  }
  other.put(asking)
  await world.clock.advance(10)
  assert.equal(other.sent.length, 1)
  assert.equal(world.server.listener.connectionCount, 1)
})

test('a stopping broker answers a fetch that waits, at once', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }]
  const topics = [{ topic: 't', partitions }]
  const body = { maxWaitMs: 60_000, minBytes: 1, maxBytes: 1, topics } as never
  const stream = world.connect()
  stream.put(Buffer.concat(encodeRequest(fetch, { ...header, apiVersion: 4 }, body)))
  await world.clock.advance(100)
  assert.equal(stream.sent.length, 0)
  const startMs = world.clock.monotonicMs()
  await world.during(world.server.close())
  assert.equal(stream.sent.length, 1)
  assert.ok(world.clock.monotonicMs() - startMs < 1_000)
})

function routerOf(handle: () => Promise<Handled<object>>, log: Log = silentLog): Router {
  const handlers: Handler[] = [{ api: apiVersions, handle }]
  return new Router({ handlers, log, clock: new VirtualClock() })
}

test('an answer that cannot be encoded gives its memory back', async () => {
  let released = 0
  const response = { errorCode: 'none', apiKeys: [] }
  const router = routerOf(async () => ({ response, release: () => void released++ }))
  assert.equal(await serve(router, asking.subarray(4)), 'close')
  assert.equal(released, 1)
})

test('an error that nobody thought of is logged as a defect, and the broker lives on', async () => {
  const lines: string[] = []
  const log = { ...silentLog, error: (_: object, message: string) => void lines.push(message) }
  const router = routerOf(async () => {
    throw new TypeError('oh')
  }, log)
  assert.equal(await serve(router, asking.subarray(4)), 'close')
  assert.equal(lines.length, 1)
})
