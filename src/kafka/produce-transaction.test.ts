/** What a broker remembers of transactions, and what another one has done meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../test/kafka/broker-world.ts'
import { type Producer, TxnClient } from '../../test/kafka/txn-client.ts'
import { silentLog } from '../base/log.ts'
import { type CoordinatorTerm, soleTerm } from '../catalog/coordinator-term.ts'
import { ProducerIds } from '../txn/producer-ids.ts'
import { TransactionCoordinator } from '../txn/coordinator.ts'
import { ErrorCode } from '../wire/error-codes.ts'

/** Of a broker that has the same catalog. */
function elsewhere(
  { database, clock, server }: BrokerWorld,
  termOf: () => CoordinatorTerm | undefined = () => soleTerm,
): TransactionCoordinator {
  return new TransactionCoordinator({
    ...{ database, clock, log: silentLog, producerIds: new ProducerIds(database) },
    ...{ timeoutMsMax: 900_000, expirationMs: 604_800_000 },
    ...{ abortIntervalMs: 10_000, forgetIntervalMs: 3_600_000 },
    end: (intent) => server.broker.logs.end(intent),
    termOf,
  })
}

/** A transaction of an older client, with the topic's first partition in it. */
async function begun(world: BrokerWorld): Promise<Producer> {
  const client = new TxnClient(world)
  const producer = await client.init()
  assert.deepEqual(await client.add(producer, 't', [0]), [ErrorCode.NONE])
  return producer
}

/** Ends the transaction under its epoch, and begins the next one. */
async function begunElsewhere(world: BrokerWorld, producer: Producer): Promise<void> {
  const other = elsewhere(world)
  const [partitionId = -1] = world.server.broker.topics.byName('t')?.partitionIds ?? []
  const end = { ...producer, type: 'commit', clientVersion: 0 } as const
  assert.equal((await world.during(other.endTransaction('tx', end))).outcome, 'granted')
  const joining = other.join({ transactionalId: 'tx', ...producer }, 0, {
    partitionIds: [partitionId],
  })
  assert.equal((await world.during(joining)).outcome, 'granted')
}

test('the catalog is asked once for a transaction, not for every batch of it', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const asked: string[] = []
  world.fault = ({ at, transaction }) => {
    if (at === 'begin' && transaction.endsWith(' transaction')) asked.push(transaction)
    return undefined
  }
  const old = await begun(world)
  const client = new TxnClient(world)
  asked.length = 0
  for (let at = 0; at < 3; at++) {
    assert.equal((await client.send(old, 't', 0, at, ['a'], { version: 11 })).errorCode, 0)
  }
  assert.deepEqual(asked, [])
  const fresh = await client.end(old, true)
  asked.length = 0
  for (let at = 0; at < 3; at++) {
    assert.equal((await client.send(fresh, 't', 0, at, ['b'])).errorCode, 0)
  }
  assert.deepEqual(asked, ['change transaction'])
})

test('what another broker ended is refused by the commit, and comes again', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const producer = await begun(world)
  const client = new TxnClient(world)
  const send = async (sequence: number, version = 11): Promise<number> =>
    (await client.send(producer, 't', 0, sequence, ['a'], { version })).errorCode
  assert.equal(await send(0), ErrorCode.NONE)
  await begunElsewhere(world, producer)
  assert.equal(await send(1), ErrorCode.NOT_ENOUGH_REPLICAS, 'so that the client tries again')
  assert.equal(await send(2), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'not before the first')
  assert.equal(await send(1), ErrorCode.NONE)
  assert.equal(await send(2), ErrorCode.NONE)
  await elsewhere(world).endTransaction('tx', { ...producer, type: 'abort', clientVersion: 2 })
  assert.equal(await send(3), ErrorCode.INVALID_PRODUCER_EPOCH, 'a higher epoch is in use')
})

// librdkafka's 0103 met it on a fleet: its partition's broker remembered the transaction before,
// and asked it to try again; aborting, it does not, and waited for 30 s until its call failed.
test("a broker that does not coordinate knows an older client's next transaction", async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const [partitionId = -1] = world.server.broker.topics.byName('t')?.partitionIds ?? []
  const producer = await begun(world)
  const other = elsewhere(world, () => undefined)
  const serialAt = async (at: TransactionCoordinator): Promise<number> => {
    const asking = at.appending({ transactionalId: 'tx', ...producer }, [partitionId], false)
    const answer = await world.during(asking)
    assert.ok(answer.outcome === 'granted')
    return answer.serial
  }
  const first = await serialAt(other)
  await begunElsewhere(world, producer)
  const second = await serialAt(elsewhere(world))
  assert.notEqual(second, first)
  assert.equal(await serialAt(other), second)
})

test('the first batch of a producer, refused, is not overtaken by its second', async () => {
  const world = await BrokerWorld.start()
  await world.topic('t')
  const producer = await begun(world)
  const client = new TxnClient(world)
  const send = async (sequence: number): Promise<number> =>
    (await client.send(producer, 't', 0, sequence, ['a'], { version: 11 })).errorCode
  await begunElsewhere(world, producer)
  assert.equal(await send(0), ErrorCode.NOT_ENOUGH_REPLICAS)
  assert.equal(await send(1), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(await send(0), ErrorCode.NONE)
  assert.equal(await send(1), ErrorCode.NONE)
})
