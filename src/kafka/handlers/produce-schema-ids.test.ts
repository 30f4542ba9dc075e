/** Produce on a topic that holds records to the schema they name: which records are told, and how. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractsAt } from '../../../test/contract/contracts-at.ts'
import {
  framedOrders,
  type FramedOrdersOptions,
  orderSchemas,
} from '../../../test/contract/framed-orders.ts'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { absentKeptMs } from '../../contract/schema-lookup.ts'
import { batchesIn } from '../../record/batch-sequence.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { type BatchRecord, recordsIn } from '../../record/records.ts'
import { Registry } from '../../registry/registry.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce } from '../../wire/messages/00-produce.ts'
import { fetch } from '../../wire/messages/01-fetch.ts'

/** The world, and the id of the schema of the topic `orders`. */
async function enforced(
  options: FramedOrdersOptions = {},
): Promise<{ readonly world: BrokerWorld; readonly id: number; readonly registry: Registry }> {
  const world = await BrokerWorld.start()
  const { clock, database } = world
  const registry = new Registry({ database, formats: schemaFormats, clock })
  const contracts = contractsAt({ database, broker: world.server.broker }, clock)
  const { revision } = await world.during(contracts.apply(framedOrders(options)))
  assert.equal(revision, 1)
  const name = { context: '.', subject: 'orders-value' }
  const { schemaId: id } = await world.during(registry.version(name, 'latest', false))
  return { world, id, registry }
}

const batch = (...values: readonly Buffer[]): Uint8Array =>
  buildBatch(values.map((value) => ({ key: null, value, timestampMs: 1.7e12 })))

const named = (id: number, payload: string): Buffer =>
  Buffer.from(`00${id.toString(16).padStart(8, '0')}${payload}`, 'hex')

const order = '066f2d310a'

test('each record that names no schema of the topic, or lies, is told; others go on', async () => {
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

test('batches are counted, and judged, alike where their schema is at hand', async () => {
  const { world, id } = await enforced({ check: 'id' })
  const { stats } = world.server.broker.contracts
  const codesOf = async (...records: readonly Uint8Array[]): Promise<unknown[]> => {
    const partitionData = records.map((each) => ({ index: 0, records: each }))
    const request = { acks: -1, timeoutMs: 30_000, topicData: [{ name: 'orders', partitionData }] }
    const { responses } = await world.ask(produce, 9, request)
    const replies = responses[0]?.partitionResponses ?? []
    return replies.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])
  }
  const good = batch(named(id, order), named(id, order))
  assert.deepEqual(await codesOf(good), [[ErrorCode.NONE, 0]])
  assert.deepEqual([stats.records, stats.violations], [2, 0])
  assert.deepEqual(await codesOf(good, good), [
    [ErrorCode.NONE, 2],
    [ErrorCode.NONE, 4],
  ])
  assert.deepEqual([stats.records, stats.violations], [6, 0])
  assert.deepEqual(await codesOf(good, batch(named(99, order))), [
    [ErrorCode.NONE, 6],
    [ErrorCode.INVALID_RECORD, -1],
  ])
  assert.deepEqual([stats.records, stats.violations], [9, 1])
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

test('a retry sets aside what was, whatever the registry says by now', async () => {
  for (const isAllTaken of [false, true]) {
    const { world, id, registry } = await enforced({ onViolation: 'quarantine' })
    const records = [named(id, order), named(id + 1, `${order}00`), named(id, order)]
    const values = isAllTaken ? records.slice(1, 2) : records
    const numbers = { producerId: 9, producerEpoch: 0, baseSequence: 0 }
    const sent = buildBatch(
      values.map((value) => ({ key: null, value, timestampMs: 1.7e12 })),
      numbers,
    )
    const send = async (): Promise<number | undefined> => {
      const partitionData = [{ index: 0, records: Uint8Array.from(sent) }]
      const topicData = [{ name: 'orders', partitionData }]
      const request = { acks: -1, timeoutMs: 30_000, transactionalId: null, topicData }
      const { responses } = await world.ask(produce, 9, request)
      return responses[0]?.partitionResponses[0]?.errorCode
    }
    let commits = 0
    world.fault = ({ transaction, at }) => {
      if (!transaction.startsWith('commit') || at !== 'begin') return undefined
      return ++commits > 1 ? { fault: 'fail' } : undefined
    }
    assert.equal(await send(), ErrorCode.REQUEST_TIMED_OUT, 'written, and not set aside')
    world.fault = undefined
    const next = JSON.parse(orderSchemas.AVRO) as { fields: object[] }
    next.fields.push({ name: 'note', type: 'string', default: '' })
    const schema = { schemaType: 'AVRO', text: JSON.stringify(next), references: [] } as const
    const name = { context: '.', subject: 'orders-value' }
    const { schemaId } = await world.during(registry.register(name, schema))
    assert.equal(schemaId, id + 1)
    await world.clock.advance(absentKeptMs)
    assert.equal(await send(), ErrorCode.NONE)
    const quarantined = await stored(world, 'orders.quarantine')
    assert.deepEqual(
      quarantined.map(({ value }) => Buffer.from(value ?? []).toString('hex')),
      [named(id + 1, `${order}00`).toString('hex')],
    )
    const kept = (await stored(world, 'orders')).map(({ offset }) => offset)
    assert.deepEqual(kept, isAllTaken ? [] : [0, 2])
  }
})

async function stored(world: BrokerWorld, topic: string): Promise<BatchRecord[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const asked = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics: [{ topic, partitions }] }
  const { responses } = await world.ask(fetch, 4, asked)
  const bytes = responses[0]?.partitions[0]?.records as unknown as Uint8Array
  return [...batchesIn(bytes)].flatMap(({ at }) => [...recordsIn(bytes, at)])
}
