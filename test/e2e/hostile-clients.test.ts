import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { openSocket, WireClient } from './wire-client.ts'

const topic = 'neighbour'
const mebibyte = 1024 * 1024
/** Nobody may make another wait for longer than this, on a machine that does much else. */
const neighbourMsMax = 2_000

let broker: BrokerProcess
let neighbour: WireClient

before(async () => {
  broker = await BrokerProcess.start()
  neighbour = await WireClient.open(broker.bootstrap)
  assert.equal(await neighbour.createTopic(topic), ErrorCode.NONE)
})

after(async () => {
  neighbour.close()
  await broker.close()
})

/** Somebody who was connected before writes and reads as if nothing were. */
async function assertNeighbourServed(msMax = neighbourMsMax): Promise<void> {
  const begun = performance.now()
  const { errorCode, baseOffset } = await neighbour.produce(topic, ['good morning'])
  assert.equal(errorCode, ErrorCode.NONE)
  const records = await neighbour.readAll(topic)
  assert.equal(records.at(-1)?.offset, baseOffset)
  const ms = performance.now() - begun
  assert.ok(ms < msMax, `the neighbour waited for ${Math.round(ms)} ms`)
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

/** Resolves with what the broker sent until it ended the connection. */
async function answerTo(bytes: Uint8Array): Promise<Buffer> {
  const socket = await openSocket(broker.bootstrap)
  const chunks: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const timer = setTimeout(() => reject(new Error('the connection is still open')), 5_000)
  socket.on('data', (chunk) => chunks.push(chunk as Buffer))
  socket.on('error', () => undefined)
  socket.on('close', () => resolve(Buffer.concat(chunks)))
  socket.write(bytes)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function int32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, 4 * index)
  return bytes
}

/** A frame of an API and version, with correlation id 7, no client id, and `body`. */
function frame(apiKey: number, version: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(10)
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(version, 2)
  header.writeInt32BE(7, 4)
  header.writeInt16BE(-1, 8)
  return Buffer.concat([int32(header.length + body.length), header, body])
}

const garbage: Record<string, Uint8Array> = {
  'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'a frame of 2 GiB': Buffer.concat([int32(0x7fff_ffff), Buffer.alloc(100)]),
  'a frame one byte above the limit': Buffer.concat([int32(104_857_601), Buffer.alloc(100)]),
  'a frame of a negative size': Buffer.concat([int32(-1), Buffer.alloc(100)]),
  'a frame too short for a header': Buffer.concat([int32(2), Buffer.alloc(100)]),
  'an API that does not exist': frame(9_999, 0, Buffer.alloc(0)),
  'a version that does not exist': frame(3, 99, Buffer.alloc(0)),
  'a list of two billion topics': frame(3, 1, int32(0x7fff_ffff)),
  'a body that ends too early': frame(19, 4, int32(1)),
  'random bytes': Buffer.from('p9J2xQ0f6Vw1c3zB8mKd5LrT7yHn4GsA'.repeat(50), 'base64'),
}

for (const [name, bytes] of Object.entries(garbage)) {
  test(`${name} ends its own connection, and the log says whose and why`, async () => {
    const answer = await answerTo(bytes)
    assert.equal(answer.length, 0)
    await assertNeighbourServed()
    assert.match(
      broker.errors.trim().split('\n').at(-1) ?? '',
      /"remote":"127\.0\.0\.1:\d+".*closing/,
    )
  })
}

test('an ApiVersions version that does not exist is answered in version 0', async () => {
  const client = await openSocket(broker.bootstrap)
  client.write(frame(18, 99, Buffer.alloc(1))) // its header is flexible: no tagged fields
  const [answer] = (await Promise.race([
    new Promise((resolve) => client.once('data', (chunk) => resolve([chunk]))),
    sleep(5_000, []),
  ])) as Buffer[]
  assert.equal(answer?.readInt32BE(4), 7)
  assert.equal(answer?.readInt16BE(8), ErrorCode.UNSUPPORTED_VERSION)
  client.destroy()
})

test('a TLS handshake is refused at once', async () => {
  const at = broker.bootstrap.lastIndexOf(':')
  const socket = connectTls({ host: '127.0.0.1', port: Number(broker.bootstrap.slice(at + 1)) })
  const ended = await Promise.race([
    new Promise((resolve) => socket.once('error', resolve)),
    sleep(5_000, 'still open'),
  ])
  assert.ok(ended instanceof Error, String(ended))
  await assertNeighbourServed()
})

test('frames that break off leave nothing behind', async () => {
  const before = residentBytes()
  for (let round = 0; round < 200; round++) {
    const socket = await openSocket(broker.bootstrap)
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([int32(50 * mebibyte, 0x0000_0009, 1), Buffer.alloc(1_000)]))
    if (round % 2 === 0) socket.end()
    else socket.resetAndDestroy()
  }
  await assertNeighbourServed()
  const grown = residentBytes() - before
  assert.ok(grown < 100 * mebibyte, `${Math.round(grown / mebibyte)} MiB more`)
})

test('1,000 connections that say nothing cost little, and the neighbour nothing', async (t) => {
  const before = residentBytes()
  const idle: Socket[] = []
  for (let count = 0; count < 1_000; count++) idle.push(await openSocket(broker.bootstrap))
  await assertNeighbourServed()
  const grown = residentBytes() - before
  t.diagnostic(`${Math.round(grown / idle.length / 1024)} KiB each`)
  assert.ok(grown < 100 * mebibyte, `${Math.round(grown / mebibyte)} MiB more`)
  for (const socket of idle) socket.destroy()
})

test('many who announce much and send a byte at a time do not stop those who write', async (t) => {
  const before = residentBytes()
  const slow: Socket[] = []
  for (let count = 0; count < 20; count++) {
    const socket = await openSocket(broker.bootstrap)
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([int32(50 * mebibyte), Buffer.from([0, 0, 0, 9])]))
    slow.push(socket)
  }
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write(Buffer.from([0]))
  }, 100)
  t.after(() => clearInterval(dripping))
  await sleep(500)
  // Each round of them is promised memory, found to be slow, and cut off.
  await assertNeighbourServed(25_000)
  const grown = residentBytes() - before
  t.diagnostic(`${Math.round(grown / mebibyte)} MiB more`)
  assert.ok(grown < 300 * mebibyte, `${Math.round(grown / mebibyte)} MiB more`)
  for (const socket of slow) socket.destroy()
})

const otlp = (
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  headers: Record<string, string> = {},
) =>
  fetch(`http://${broker.addresses.otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  })

test('malformed OTLP is answered 400, with a status that says where', async () => {
  const wrongKind = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 5 }] }] }] }
  const json = await otlp(JSON.stringify(wrongKind), 'application/json')
  assert.equal(json.status, 400)
  const status = (await json.json()) as { code: number; message: string }
  assert.equal(status.code, 3)
  assert.match(status.message, /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.traceId/)

  const cutShort = await otlp('{"resourceSpans":[', 'application/json')
  assert.equal(cutShort.status, 400)
  const protobuf = await otlp(Buffer.from([0x0a, 0x7f, 1, 2]), 'application/x-protobuf')
  assert.equal(protobuf.status, 400)
  assert.equal(protobuf.headers.get('content-type'), 'application/x-protobuf')
  assert.match(Buffer.from(await protobuf.arrayBuffer()).toString('latin1'), /resource_?spans/i)
  const notGzip = await otlp('hello', 'application/json', { 'content-encoding': 'gzip' })
  assert.equal(notGzip.status, 400)
  const unknownType = await otlp('hello', 'text/plain')
  assert.equal(unknownType.status, 415)
  assert.equal((await otlp('{"resourceSpans":[]}', 'application/json')).status, 200)
  await assertNeighbourServed()
})

test('Kafka frames to the HTTP ports harm nobody', async () => {
  for (const address of [broker.addresses.http, broker.addresses.otlp]) {
    const socket = await openSocket(address)
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined).resume()
    socket.write(frame(3, 4, int32(-1)))
    assert.notEqual(await Promise.race([ended, sleep(5_000, 'still open')]), 'still open')
  }
  assert.equal((await fetch(`http://${broker.addresses.http}/readyz`)).status, 200)
  await assertNeighbourServed()
})
