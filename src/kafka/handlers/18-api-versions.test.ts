import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { unpooled } from '../../base/hold.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { encodeRequest } from '../../wire/frame.ts'
import { apiVersions } from '../../wire/messages/18-api-versions.ts'
import type { Reply } from '../request.ts'

const peer = { remote: 'a:1', software: undefined as { name: string; version: string } | undefined }

function serve(world: KafkaWorld, frame: Uint8Array): Promise<Reply> {
  const { signal } = new AbortController()
  return world.router.serve(frame, peer, unpooled, signal, () => undefined)
}

test('an unknown version is answered in version 0 with those there are (KIP-511)', async () => {
  const world = new KafkaWorld()
  const header = { apiVersion: 4, correlationId: 9, clientId: 'c' }
  const body = { clientSoftwareName: 'new', clientSoftwareVersion: '9' }
  const frame = Buffer.concat(encodeRequest(apiVersions, header, body)).subarray(4)
  for (const version of [5, 6, 0x7fff, -1, -0x8000]) {
    frame.writeInt16BE(version, 2)
    const reply = await serve(world, frame)
    assert.ok(typeof reply === 'object', `version ${version} is answered`)
    const answer = Buffer.concat(reply.chunks)
    assert.equal(answer.readInt32BE(4), 9)
    // Neither header nor body is flexible: the code follows the correlation id at once.
    assert.equal(answer.readInt16BE(8), ErrorCode.UNSUPPORTED_VERSION)
    const { apiKeys } = apiVersions.response.decode(0, answer, 8)
    assert.deepEqual(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]),
      [[18, 0, 4]],
    )
  }
})

test('the header of an answer is never flexible', async () => {
  const world = new KafkaWorld()
  const header = { apiVersion: 3, correlationId: 9, clientId: null }
  const body = { clientSoftwareName: 'a', clientSoftwareVersion: '1' }
  const reply = await serve(
    world,
    Buffer.concat(encodeRequest(apiVersions, header, body)).subarray(4),
  )
  assert.ok(typeof reply === 'object')
  assert.equal(Buffer.concat(reply.chunks).readInt16BE(8), ErrorCode.NONE)
})

test('clients name themselves in letters, digits, dots and dashes', async () => {
  const world = new KafkaWorld()
  const told = async (name: string, version: string): Promise<number> => {
    const body = { clientSoftwareName: name, clientSoftwareVersion: version }
    return (await world.ask(apiVersions, 3, body)).errorCode
  }
  for (const name of ['a', 'apache-kafka-java', 'librdkafka', 'a.b-c', '0']) {
    assert.equal(await told(name, '1.2.3'), ErrorCode.NONE, name)
  }
  for (const name of ['', '-a', 'a-', '.', 'a b', 'ä', 'a\n', 'a_b']) {
    assert.equal(await told(name, '1'), ErrorCode.INVALID_REQUEST, name)
    assert.equal(await told('a', name), ErrorCode.INVALID_REQUEST, name)
  }
})

test('what a client calls itself is kept, but not as much as it likes', async () => {
  const world = new KafkaWorld()
  const header = { apiVersion: 3, correlationId: 9, clientId: null }
  const body = { clientSoftwareName: 'n'.repeat(30_000), clientSoftwareVersion: '1' }
  await serve(world, Buffer.concat(encodeRequest(apiVersions, header, body)).subarray(4))
  assert.equal(peer.software?.name.length, 100)
})
