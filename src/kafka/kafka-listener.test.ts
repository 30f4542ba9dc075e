import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStream } from '../../test/support/memory-stream.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import type { ByteStream } from './byte-stream.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { KafkaListener } from './kafka-listener.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { Reply } from './request.ts'
import { SlabPool } from './slab.ts'

/** A listener whose requests are answered by the test. */
class Listening {
  readonly clock = new VirtualClock()
  readonly listener: KafkaListener
  readonly answers: ((reply: Reply) => void)[] = []
  throttleMs = 0
  delayMs = 0
  #accept: ((stream: ByteStream) => void) | undefined

  constructor() {
    this.listener = new KafkaListener({
      network: {
        listen: async (host, port, accept) => {
          this.#accept = accept
          return { address: { host, port }, close: async () => undefined }
        },
      },
      clock: this.clock,
      log: silentLog,
      pool: new SlabPool({ smallBytes: 8_192, largeBytes: 16_384, pooledBytesMax: 0 }),
      frameBytesMax: 1_000,
      produceBudget: new MemoryBudget(10_000),
      otherBudget: new MemoryBudget(10_000),
      pipelineMax: 10,
      limits: new ConnectionLimits({
        connectionsMax: () => 2,
        perIpMax: () => 2,
        perIpOverrides: () => new Map(),
        charge: () => this.throttleMs,
        chargeAll: () => this.delayMs,
      }),
      idleMsMax: 60_000,
      stallMsMax: 30_000,
      drainMsMax: 2_000,
      serve: () => new Promise((resolve) => this.answers.push(resolve)),
    })
  }

  async connect(): Promise<MemoryStream> {
    if (this.#accept === undefined) await this.listener.listen('localhost', 9_092)
    const stream = new MemoryStream()
    this.#accept?.(stream)
    return stream
  }
}

const request = Buffer.from([0, 0, 0, 4, 0, 3, 0, 0])

test('one connection too many is closed, and there is room again when one ends', async () => {
  const listening = new Listening()
  const first = await listening.connect()
  await listening.connect()
  const third = await listening.connect()
  assert.deepEqual(third.ends, ['close'])
  first.lose()
  await listening.clock.settle()
  const fourth = await listening.connect()
  assert.deepEqual(fourth.ends, [])
  assert.equal(listening.listener.connectionCount, 2)
})

test('a connection that says nothing for too long is closed', async () => {
  const listening = new Listening()
  const [idle, lively] = [await listening.connect(), await listening.connect()]
  for (let passed = 0; passed < 100_000; passed += 10_000) {
    await listening.clock.advance(10_000)
    lively.put(request)
    listening.answers.pop()?.({ chunks: [request] })
  }
  assert.deepEqual(idle.ends, ['close'])
  assert.deepEqual(lively.ends, [])
})

test('closing waits for answers, but not for ever for those who do not read them', async () => {
  const listening = new Listening()
  const [reads, stuck] = [await listening.connect(), await listening.connect()]
  stuck.isRead = false
  reads.put(request)
  stuck.put(request)
  let isClosed = false
  const closed = listening.listener.close().then(() => (isClosed = true))
  for (const answer of listening.answers) answer({ chunks: [request] })
  await listening.clock.advance(1_999)
  assert.equal(reads.sent.length, 1)
  assert.deepEqual(reads.ends, ['close'])
  assert.ok(!isClosed)
  await listening.clock.advance(1)
  assert.equal(stuck.ends[0], 'abort')
  await closed
})

test('one connection too many of an address is closed, those of others are not', () => {
  const limits = new ConnectionLimits({
    connectionsMax: () => 5,
    perIpMax: () => 2,
    perIpOverrides: () =>
      new Map([
        ['10.0.0.3', 0],
        ['10.0.0.4', 3],
      ]),
    charge: () => 0,
    chargeAll: () => 0,
  })
  const outcome = (remote: string): string => {
    const admission = limits.admit(remote)
    return admission.outcome === 'refused' ? admission.why : admission.outcome
  }
  assert.equal(outcome('10.0.0.1:1'), 'taken')
  assert.equal(outcome('::ffff:10.0.0.1:2'), 'taken')
  assert.equal(outcome('10.0.0.1:3'), 'max.connections.per.ip is 2 for 10.0.0.1')
  assert.equal(outcome('10.0.0.3:1'), 'max.connections.per.ip is 0 for 10.0.0.3')
  for (let port = 1; port <= 3; port++) assert.equal(outcome(`10.0.0.4:${port}`), 'taken')
  assert.equal(outcome('10.0.0.5:1'), 'max.connections is 5')
  limits.ended('10.0.0.1:1')
  assert.equal(outcome('10.0.0.1:4'), 'taken')
  limits.ended('10.0.0.4:1')
  assert.equal(outcome('10.0.0.1:5'), 'max.connections.per.ip is 2 for 10.0.0.1')
})

test('a connection that comes too fast is closed after a while, and not read', async () => {
  const listening = new Listening()
  listening.throttleMs = 1_000
  const stream = await listening.connect()
  stream.put(request)
  await listening.clock.advance(999)
  assert.deepEqual([stream.ends, listening.answers.length], [[], 0])
  await listening.clock.advance(1)
  assert.deepEqual(stream.ends, ['close'])
  assert.equal(listening.listener.connectionCount, 0)
})

test('where all together come too fast, a connection is served later', async () => {
  const listening = new Listening()
  listening.delayMs = 1_000
  const stream = await listening.connect()
  stream.put(request)
  await listening.clock.advance(999)
  assert.deepEqual([stream.ends, listening.answers.length], [[], 0])
  await listening.clock.advance(1)
  assert.deepEqual([stream.ends, listening.answers.length], [[], 1])
})

test('of those who come too fast only some are kept, and none by a broker that stops', async () => {
  const listening = new Listening()
  listening.throttleMs = 1_000
  const streams = []
  for (let count = 0; count < 1_001; count++) streams.push(await listening.connect())
  assert.deepEqual(streams.at(-1)?.ends, ['close'])
  assert.deepEqual(streams[0]?.ends, [])
  await listening.listener.close()
  assert.deepEqual(streams[0]?.ends, ['close'])
})
