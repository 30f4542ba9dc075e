/**
 * A request that its client has given up, and that is done after all when the client is further:
 * for old clients, whose epoch stays, an EndTxn of one transaction would end the next.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerWorld } from '../../test/kafka/broker-world.ts'
import { TxnClient } from '../../test/kafka/txn-client.ts'
import { silentLog } from '../base/log.ts'
import type { CoordinatorTerm } from '../catalog/coordinator-term.ts'
import type { EndIntent, MarkIntent } from '../catalog/end-transaction.ts'
import { type Answer, TransactionCoordinator } from './coordinator.ts'
import { CoordinatorTurns } from './coordinator-turns.ts'
import { ProducerIds } from './producer-ids.ts'

type End = (intent: EndIntent | MarkIntent) => Promise<unknown>

/** A broker that has the same catalog, and its own way to the commits. */
function coordinator(
  { database, clock, server }: BrokerWorld,
  term: CoordinatorTerm,
  way: (end: () => Promise<unknown>) => Promise<unknown> = (end) => end(),
): TransactionCoordinator {
  const end: End = (intent) => way(() => server.broker.logs.end(intent))
  return new TransactionCoordinator({
    ...{ database, clock, log: silentLog, producerIds: new ProducerIds(database), end },
    ...{ timeoutMsMax: 900_000, expirationMs: 604_800_000 },
    ...{ abortIntervalMs: 10_000, forgetIntervalMs: 3_600_000 },
    termOf: () => term,
  })
}

const told = (answer: Answer): string => (answer.outcome === 'granted' ? 'granted' : answer.reason)

const terms: readonly (readonly [string, CoordinatorTerm, CoordinatorTerm])[] = [
  ['another broker', { version: 4, incarnation: 9 }, { version: 5, incarnation: 2 }],
  [
    'the next process of the same broker',
    { version: 4, incarnation: 9 },
    { version: 4, incarnation: 11 },
  ],
]

for (const [who, before, after] of terms) {
  test(`an EndTxn that is late does not end the transaction that ${who} has begun`, async () => {
    const world = await BrokerWorld.start()
    await world.topic('t')
    const producer = await new TxnClient(world).init()
    const [partitionId = -1] = world.server.broker.topics.byName('t')?.partitionIds ?? []
    const stuck = Promise.withResolvers<void>()
    const old = coordinator(world, before, async (end) => {
      await stuck.promise
      return end()
    })
    const other = coordinator(world, after)
    const joining = { transactionalId: 'tx', ...producer }
    const commit = { ...producer, type: 'commit', clientVersion: 0 } as const
    const join = (at: TransactionCoordinator): Promise<Answer> =>
      world.during(at.join(joining, 0, { partitionIds: [partitionId] }))
    assert.equal(told(await join(old)), 'granted')

    const late = old.endTransaction('tx', commit)
    assert.equal(told(await world.during(other.endTransaction('tx', commit))), 'granted')
    assert.equal(told(await join(other)), 'granted', 'the next transaction')
    stuck.resolve()
    assert.equal(told(await world.during(late)), 'not-coordinator')
    assert.equal(told(await join(old)), 'not-coordinator')

    const open = await other.list(({ state }) => state === 'Ongoing')
    assert.equal((open as readonly unknown[]).length, 1)
    assert.equal(told(await world.during(other.endTransaction('tx', commit))), 'granted')
  })
}

test('requests for one id are done as they came, those of others at once', async () => {
  const turns = new CoordinatorTurns(() => ({ version: 1, incarnation: 1 }))
  const done: string[] = []
  const first = Promise.withResolvers<void>()
  const run = (id: string, name: string, until = Promise.resolve()): Promise<unknown> =>
    turns.run(id, async () => {
      await until
      done.push(name)
    })
  const all = [run('a', 'a1', first.promise), run('a', 'a2'), run('b', 'b1')]
  await all[2]
  assert.deepEqual(done, ['b1'])
  first.resolve()
  await Promise.all(all)
  assert.deepEqual(done, ['b1', 'a1', 'a2'])
})

test('who is not the coordinator says so, and a line has an end', async () => {
  const foreign = new CoordinatorTurns(() => undefined)
  const never = (): Promise<never> => new Promise(() => undefined)
  assert.deepEqual(await foreign.run('a', never), { outcome: 'refused', reason: 'not-coordinator' })
  const turns = new CoordinatorTurns(() => ({ version: 1, incarnation: 1 }))
  for (let at = 0; at < 100; at++) void turns.run('a', never)
  assert.deepEqual(await turns.run('a', never), { outcome: 'refused', reason: 'unavailable' })
})
