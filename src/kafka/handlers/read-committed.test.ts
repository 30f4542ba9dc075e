/** What transactions change for fetches, offsets, deletions and descriptions, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../../test/kafka/broker-world.ts'
import { type Producer, TxnClient } from '../../../test/kafka/txn-client.ts'
import { batchesIn } from '../../record/batch-sequence.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { fetch, type FetchResponse } from '../../wire/messages/01-fetch.ts'
import { listOffsets } from '../../wire/messages/02-list-offsets.ts'
import { deleteRecords } from '../../wire/messages/21-delete-records.ts'
import { describeProducers } from '../../wire/messages/61-describe-producers.ts'

const asked = (fetchOffset: number, isolationLevel: number, more: object = {}): never => {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1e6 }]
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1e7, isolationLevel }
  return { ...limits, topics: [{ topic: 't', partitions }], ...more } as never
}

interface Told {
  readonly code: number
  readonly batches: number
  readonly stable: number
  readonly end: number
  readonly aborted: [number, number][] | null
}

function told({ responses }: FetchResponse): Told {
  const [reply] = responses[0]?.partitions ?? []
  assert.ok(reply !== undefined)
  const { errorCode: code, highWatermark: end, lastStableOffset: stable } = reply
  const batches = [...batchesIn(Buffer.from(reply.records ?? []))].length
  const aborted =
    reply.abortedTransactions?.map(({ producerId, firstOffset }): [number, number] => [
      producerId,
      firstOffset,
    ]) ?? null
  return { code, batches, stable, end, aborted }
}

const fetched = async (world: BrokerWorld, offset: number, isolation: number): Promise<Told> =>
  told(await world.ask(fetch, 12, asked(offset, isolation)))

async function latest(world: BrokerWorld, isolationLevel: number): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, timestamp: -1 }]
  const request = { replicaId: -1, isolationLevel, topics: [{ name: 't', partitions }] } as never
  return (await world.ask(listOffsets, 9, request)).topics[0]?.partitions[0]?.offset
}

interface Opened {
  readonly world: BrokerWorld
  readonly first: { readonly client: TxnClient; readonly producer: Producer }
  readonly second: { readonly client: TxnClient; readonly producer: Producer }
}

/** Offsets 0-1 and 3 of one open transaction, 2 of another. */
async function opened(): Promise<Opened> {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const [one, two] = [new TxnClient(world, 'one'), new TxnClient(world, 'two')]
  const [first, second] = [await one.init(), await two.init()]
  await one.send(first, 't', 0, 0, ['a', 'b'])
  await two.send(second, 't', 0, 0, ['c'])
  await one.send(first, 't', 0, 2, ['d'])
  return {
    world,
    first: { client: one, producer: first },
    second: { client: two, producer: second },
  }
}

test('read_committed ends at the last stable offset, and is told what was aborted', async () => {
  const { world, first, second } = await opened()
  const [a, b] = [first.producer.producerId, second.producer.producerId]
  const open = { code: 0, stable: 0, end: 4 }
  assert.deepEqual(await fetched(world, 0, 1), { ...open, batches: 0, aborted: [] })
  assert.deepEqual(await fetched(world, 2, 1), { ...open, batches: 0, aborted: [] }, 'beyond it')
  assert.deepEqual(await fetched(world, 0, 0), { ...open, batches: 3, aborted: null })
  assert.deepEqual([await latest(world, 1), await latest(world, 0)], [0, 4])
  await second.client.end(second.producer, false)
  assert.deepEqual(await fetched(world, 0, 1), { ...open, end: 5, batches: 0, aborted: [] })
  await first.client.end(first.producer, false)
  const done = { code: 0, stable: 6, end: 6 }
  const both: [number, number][] = [
    [a, 0],
    [b, 2],
  ]
  assert.deepEqual(await fetched(world, 0, 1), { ...done, batches: 5, aborted: both })
  assert.deepEqual(await fetched(world, 3, 1), { ...done, batches: 3, aborted: both })
  assert.deepEqual(await fetched(world, 5, 1), { ...done, batches: 1, aborted: [[a, 0]] })
  const small = asked(0, 1, { maxBytes: 1 })
  const oneBatch = told(await world.ask(fetch, 12, small))
  assert.deepEqual(oneBatch, { ...done, batches: 1, aborted: [[a, 0]] }, 'none beyond the range')
  assert.deepEqual(await fetched(world, 0, 0), { ...done, batches: 5, aborted: null })
  assert.deepEqual([await latest(world, 1), await latest(world, 0)], [6, 6])
})

test('who waits for committed records is woken by the end, not by more of it', async () => {
  const { world, first, second } = await opened()
  await second.client.end(second.producer, true)
  const { logs, topics } = world.server.broker
  const log = logs.index.get(topics.byName('t')?.partitionIds[0] ?? -1)
  assert.ok(log !== undefined)
  const waiting = world.send(fetch, 12, asked(0, 1, { maxWaitMs: 5_000 }), 'reader')
  await world.clock.advance(100)
  let looks = 0
  const read = logs.read.bind(logs)
  logs.read = (...args) => {
    looks++
    return read(...args)
  }
  const beginMs = world.clock.monotonicMs()
  await first.client.send(first.producer, 't', 0, 3, ['e'])
  await world.clock.advance(100)
  assert.equal(looks, 0)
  await first.client.end(first.producer, true)
  const answer = told(await world.during(waiting.answer))
  assert.deepEqual(answer, { code: 0, batches: 6, stable: 7, end: 7, aborted: [] })
  assert.ok(world.clock.monotonicMs() - beginMs < 1_000)
})

test('records of open transactions may be deleted: the last stable offset follows', async () => {
  const { world, first } = await opened()
  const partitions = [{ partitionIndex: 0, offset: 3 }]
  const request = { topics: [{ name: 't', partitions }], timeoutMs: 1_000 }
  const { topics } = await world.ask(deleteRecords, 2, request)
  assert.deepEqual(topics[0]?.partitions, [{ partitionIndex: 0, lowWatermark: 3, errorCode: 0 }])
  const told3 = { code: 0, batches: 0, stable: 3, end: 4, aborted: [] }
  assert.deepEqual(await fetched(world, 3, 1), told3)
  assert.deepEqual([await latest(world, 1), await latest(world, 0)], [3, 4])
  assert.equal((await fetched(world, 2, 1)).code, ErrorCode.OFFSET_OUT_OF_RANGE)
  await first.client.end(first.producer, false)
  const { producerId } = first.producer
  const rest = await fetched(world, 3, 1)
  assert.deepEqual(rest.aborted, [], 'the other one is open still')
  assert.deepEqual([rest.stable, rest.end], [3, 5])
  const raw = await fetched(world, 3, 0)
  assert.deepEqual([raw.batches, raw.aborted], [2, null])
  assert.ok(producerId >= 0)
})

test('producers are told with the transactions that they have open', async () => {
  const { world, first, second } = await opened()
  const next = await second.client.end(second.producer, true)
  const request = { topics: [{ name: 't', partitionIndexes: [0] }] }
  const { topics } = await world.ask(describeProducers, 0, request)
  const producers = topics[0]?.partitions[0]?.activeProducers.map((each) => [
    each.producerId,
    each.producerEpoch,
    each.lastSequence,
    each.currentTxnStartOffset,
  ])
  assert.deepEqual(producers, [
    [first.producer.producerId, 0, 2, 0],
    [next.producerId, 1, -1, -1],
  ])
})
