import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import type { ByteStream, Listener } from './byte-stream.ts'
import { nodeNetwork } from './node-network.ts'

const host = '127.0.0.1'

interface Pair {
  readonly client: Socket
  readonly server: ByteStream
  readonly listener: Listener
  readonly received: number[]
  readonly closed: Promise<void>
}

async function pair(): Promise<Pair> {
  const accepted = Promise.withResolvers<ByteStream>()
  const closed = Promise.withResolvers<void>()
  const listener = await nodeNetwork.listen(host, 0, accepted.resolve)
  const client = connect(listener.address.port, host)
  client.on('error', () => undefined)
  const server = await accepted.promise
  const received: number[] = []
  let target = Buffer.alloc(0)
  server.start({
    target: () => (target = Buffer.alloc(16)),
    received: (count) => received.push(...target.subarray(0, count)),
    closed: () => closed.resolve(),
  })
  return { client, server, listener, received, closed: closed.promise }
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('bytes come into the memory that is given, and chunks go out in order', async () => {
  const { client, server, listener, received, closed } = await pair()
  client.write(Buffer.from(Array.from({ length: 100 }, (_, index) => index)))
  await until(() => received.length === 100)
  assert.deepEqual(
    received,
    Array.from({ length: 100 }, (_, index) => index),
  )
  const heard: string[] = []
  client.on('data', (bytes) => heard.push(String(bytes)))
  await new Promise<void>((sent) => server.write([Buffer.from('ab'), Buffer.from('cd')], sent))
  await until(() => heard.join('') === 'abcd')
  client.end()
  await closed
  await listener.close()
})

test('a paused connection is not read, and loses nothing', async () => {
  const { client, server, listener, received, closed } = await pair()
  client.write(Buffer.from([1]))
  await until(() => received.length === 1)
  server.pause()
  client.write(Buffer.from([2, 3]))
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.deepEqual(received, [1])
  server.resume()
  await until(() => received.length === 3)
  server.close()
  await closed
  await listener.close()
})

test('the listener closes after its connections have come and gone', async () => {
  const { client, listener, closed } = await pair()
  client.end()
  await closed
  await listener.close()
})

test('the listener closes although connections are open or were', { timeout: 5_000 }, async () => {
  const { client, listener, closed } = await pair()
  await listener.close()
  client.destroy()
  await closed
})

test('an aborted connection ends although its client reads nothing', async () => {
  const { client, server, listener, closed } = await pair()
  client.pause()
  let isSent = false
  server.write([Buffer.alloc(64 * 1024 * 1024)], () => (isSent = true))
  server.close()
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.ok(!isSent)
  server.abort()
  await closed
  assert.ok(isSent, 'what will never be sent is given back')
  server.write([Buffer.alloc(1)], () => undefined)
  client.destroy()
  await listener.close()
})

test('an address in use is a conflict, one that is not ours is invalid', async () => {
  const listener = await nodeNetwork.listen(host, 0, () => undefined)
  await assert.rejects(
    nodeNetwork.listen(host, listener.address.port, () => undefined),
    (error) => isFailure(error, 'conflict'),
  )
  await assert.rejects(
    nodeNetwork.listen('203.0.113.1', 0, () => undefined),
    (error) => isFailure(error, 'invalid'),
  )
  await listener.close()
})
