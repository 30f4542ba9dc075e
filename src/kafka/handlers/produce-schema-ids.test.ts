/** Produce on a topic that holds records to the schema they name: which records are told, and how. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractsAt } from '../../../test/contract/contracts-at.ts'
import { framedOrders } from '../../../test/contract/framed-orders.ts'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { Registry } from '../../registry/registry.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'

/** The world, and the id of the schema of the topic `orders`. */
async function enforced(): Promise<{ readonly world: BrokerWorld; readonly id: number }> {
  const world = await BrokerWorld.start()
  const { clock, database } = world
  const registry = new Registry({ database, formats: schemaFormats, clock })
  const contracts = contractsAt({ database, broker: world.server.broker }, clock)
  const { revision } = await world.during(contracts.apply(framedOrders()))
  assert.equal(revision, 1)
  const name = { context: '.', subject: 'orders-value' }
  const { schemaId: id } = await world.during(registry.version(name, 'latest', false))
  return { world, id }
}

const batch = (...values: readonly Buffer[]): Uint8Array =>
  buildBatch(values.map((value) => ({ key: null, value, timestampMs: 1.7e12 })))

const named = (id: number, payload: string): Buffer =>
  Buffer.from(`00${id.toString(16).padStart(8, '0')}${payload}`, 'hex')

const order = '066f2d310a'

test('each record that names no schema of the topic, or lies, is told; other topics go on', async () => {
  const { world, id } = await enforced()
  await world.topic('others')
  const good = batch(named(id, order))
  const bad = batch(named(id, order), named(99, order), named(id, '06'), Buffer.from('{}'))
  const request = {
    ...{ acks: -1, timeoutMs: 30_000 },
    topicData: [
      {
        name: 'orders',
        partitionData: [good, bad, good].map((records) => ({ index: 0, records })),
      },
      { name: 'others', partitionData: [{ index: 0, records: bad }] },
    ],
  } as never
  const { responses } = await world.ask(produce, 9, request)
  const [orders, others] = responses
  assert.deepEqual(
    orders?.partitionResponses.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]),
    [
      [ErrorCode.NONE, 0],
      [ErrorCode.INVALID_RECORD, -1],
      [ErrorCode.NONE, 1],
    ],
  )
  assert.equal(others?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
  const { errorMessage, recordErrors } = orders?.partitionResponses[1] ?? {}
  assert.match(
    String(errorMessage),
    /^3 of 4 records break the contract orders@1\.0\.0: record 1: /,
  )
  assert.deepEqual(
    recordErrors?.map(({ batchIndex }) => batchIndex),
    [1, 2, 3],
  )
  const messages = recordErrors?.map((each) => String(each.batchIndexErrorMessage)) ?? []
  assert.match(messages[0] ?? '', /id 99 is no version of the subject orders-value: register it/)
  assert.match(messages[1] ?? '', /^\/id: .*\(schema\)/)
  assert.match(messages[2] ?? '', /begins with byte 123.*serializer.*\(encoding\)/)
})

test('where the catalog cannot tell, the batch is refused for now, and taken later', async () => {
  const { world, id } = await enforced()
  const partitionData = [{ index: 0, records: batch(named(id, order)) }]
  const request = { acks: -1, timeoutMs: 30_000, topicData: [{ name: 'orders', partitionData }] }
  world.fault = ({ transaction }) =>
    transaction === 'look up schemas of records' ? { fault: 'fail' } : undefined
  const codeOf = async (): Promise<number | undefined> => {
    const { responses } = await world.ask(produce, 9, request)
    return responses[0]?.partitionResponses[0]?.errorCode
  }
  const refused = await codeOf()
  assert.notEqual(refused, ErrorCode.NONE)
  assert.notEqual(refused, ErrorCode.INVALID_RECORD, 'a producer would give up')
  world.fault = undefined
  assert.equal(await codeOf(), ErrorCode.NONE)
})
