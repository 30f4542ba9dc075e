import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  initProducerId,
  type InitProducerIdResponse,
} from '../../wire/messages/22-init-producer-id.ts'

const ask = (world: KafkaWorld, more: object, version = 5): Promise<InitProducerIdResponse> =>
  world.ask(initProducerId, version, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
    ...more,
  })

test('every producer gets an id of its own, in every version', async () => {
  const world = new KafkaWorld()
  const ids = new Set<number>()
  for (let version = 0; version <= 5; version++) {
    const { errorCode, producerId, producerEpoch } = await ask(world, {}, version)
    assert.deepEqual([errorCode, producerEpoch], [ErrorCode.NONE, 0])
    ids.add(producerId)
  }
  assert.equal(ids.size, 6)
})

test('without a transactional id the id that a producer had means nothing (KIP-360)', async () => {
  const world = new KafkaWorld()
  const first = await ask(world, {})
  const again = await ask(world, { producerId: first.producerId, producerEpoch: 3 })
  assert.equal(again.errorCode, ErrorCode.NONE)
  assert.notEqual(again.producerId, first.producerId)
  assert.equal(again.producerEpoch, 0)
  for (const half of [{ producerId: 5 }, { producerEpoch: 5 }]) {
    const { errorCode, producerId, producerEpoch } = await ask(world, half)
    assert.deepEqual([errorCode, producerId, producerEpoch], [ErrorCode.INVALID_REQUEST, -1, -1])
  }
})

test('an empty transactional id is none', async () => {
  const world = new KafkaWorld()
  const { errorCode } = await ask(world, { transactionalId: '' })
  assert.equal(errorCode, ErrorCode.INVALID_REQUEST)
  const named = await ask(world, { transactionalId: 'tx' })
  assert.deepEqual([named.errorCode, named.producerEpoch], [ErrorCode.NONE, 0])
})

test('without a catalog the client is told to come again', async () => {
  const world = new KafkaWorld()
  world.cutCatalog()
  const { errorCode } = await ask(world, {})
  assert.equal(errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  world.healCatalog()
  assert.equal((await ask(world, {})).errorCode, ErrorCode.NONE)
})
