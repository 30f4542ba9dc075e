/** `karst txn`, as a person types it, on transactions that kafkajs holds open. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Producer } from 'kafkajs'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { here, typed, type Typed } from '../support/karst-command.ts'
import { openTarget, type Target } from '../support/target.ts'

let broker: Target
before(async () => {
  broker = await openTarget()
})
after(() => broker.close())
const quick = (...args: string[]): Promise<Typed> => here(broker.bootstrap, args)
const karst = (...args: string[]): Promise<Typed> => typed(broker.bootstrap, args)
const json = <Value>({ out, err }: Typed): Value => {
  assert.notEqual(out, '', err)
  return JSON.parse(out) as Value
}

/** A transaction that is open, with one record in partition 1. */
async function begin(
  transactionalId: string,
  topic: string,
): Promise<{ producer: Producer; commit: () => Promise<void> }> {
  await quick('topic', 'create', topic, '-p', '2', '--if-not-exists')
  const kafka = openKafkajs(broker.bootstrap, { retry: { retries: 2 } })
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'open', partition: 1 }] })
  return { producer, commit: () => transaction.commit() }
}

interface Listed {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: string
}

test('an open transaction is listed, described, aborted, and its producer shut out', async () => {
  const { producer, commit } = await begin('orders-1', 'orders')
  const listed = json<Listed[]>(await quick('txn', 'list', '--state', 'Ongoing', '--json'))
  const [own] = listed.filter(({ transactionalId }) => transactionalId === 'orders-1')
  assert.ok(own !== undefined && own.producerId >= 0)
  const row = `orders-1\t${own.producerId}\tOngoing\n`
  const table = await karst('txn', 'list', '--producer-id', String(own.producerId))
  assert.deepEqual(table, { code: 0, out: `TRANSACTIONAL-ID\tPRODUCER\tSTATE\n${row}`, err: '' })
  assert.deepEqual(json(await quick('txn', 'list', '--older-than-ms', '3600000', '--json')), [])

  const [described] = json<object[]>(await quick('txn', 'describe', 'orders-1', '--json'))
  const partitions = [{ topic: 'orders', partition: 1 }]
  assert.partialDeepStrictEqual(described, { ...own, timeoutMs: 60_000, partitions })
  assert.match(
    (await quick('txn', 'describe', 'orders-1')).out,
    /\tOngoing\t60000\t2.*Z\torders:1\n/,
  )

  const aborted = await quick('txn', 'abort', 'orders-1')
  const text = `aborted the transaction of orders-1; producer ${own.producerId} is shut out\n`
  assert.deepEqual(aborted, { code: 0, out: text, err: '' })
  await assert.rejects(commit())
  await producer.disconnect()
  const again = await quick('txn', 'abort', 'orders-1')
  assert.equal(again.code, 1)
  assert.match(again.err, /no open transaction: its state is/)
})

test('a transaction can be ended in one partition, by its place', async () => {
  const { producer } = await begin('hangs-1', 'hangs')
  const place = ['--topic', 'hangs', '-p', '1', '--start-offset']
  const wrong = await quick('txn', 'abort', ...place, '7')
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /no transaction of hangs:1 is open from offset 7 on/)
  const ended = json<object>(await quick('txn', 'abort', ...place, '0', '--json'))
  assert.partialDeepStrictEqual(ended, { topic: 'hangs', partition: 1, startOffset: 0 })
  assert.equal((await quick('txn', 'abort', ...place, '0')).code, 1, 'nothing is open there')
  await producer.disconnect()
})

test('an id and a state that are not there', async () => {
  const none = await quick('txn', 'describe', 'no-such-id')
  assert.equal(none.code, 1)
  assert.match(none.err, /there is no transactional id no-such-id/)
  assert.match((await quick('txn', 'list', '--state', 'Lost')).err, /there is no state Lost/)
})
