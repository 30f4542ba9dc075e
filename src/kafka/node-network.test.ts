import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { nodeNetwork } from './node-network.ts'

test('a listener closes after its connections have come and gone', { timeout: 5_000 }, async () => {
  const ended = Promise.withResolvers<void>()
  let received = 0
  const listener = await nodeNetwork.listen('127.0.0.1', 0, (stream) => {
    stream.start({
      target: () => new Uint8Array(16),
      received: (count) => (received += count),
      closed: () => ended.resolve(),
    })
  })
  const client = connect(listener.address.port, '127.0.0.1')
  await once(client, 'connect')
  client.end('hello')
  await ended.promise
  assert.equal(received, 5)
  await listener.close()
})
