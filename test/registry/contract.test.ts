/** Contracts as producers meet them: kafkajs and librdkafka (kcat), on one broker or on a fleet. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Producer } from 'kafkajs'
import { decisions, type DecisionsOptions } from '../contract/decisions.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { platformaticClient } from '../support/clients/platformatic.ts'
import { here } from '../support/karst-command.ts'
import { Program } from '../support/program.ts'
import { freshName, openTarget, type Target } from '../support/target.ts'

const timeoutMs = 60_000

let target: Target

before(async () => {
  target = await openTarget()
})
after(() => target.close())

interface Revision {
  readonly revision?: number
  readonly boundaries: Readonly<Record<string, { readonly ends: readonly number[] }>>
}

async function asked(path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://${target.registry}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })
  return response.json()
}

async function apply(options: DecisionsOptions): Promise<void> {
  const { approvedBy } = options
  const body = { text: decisions(options), files: {}, ...(approvedBy && { approvedBy }) }
  const applied = (await asked('/contracts', body)) as Revision
  assert.ok(applied.revision !== undefined, JSON.stringify(applied))
}

const good = JSON.stringify({ tool: 'refund', decision: 'approved' })
const bad = JSON.stringify({ tool: 'refund', decision: 'approve' })
const headers = { ce_tenant: 'acme' }

async function withProducer(
  idempotent: boolean,
  work: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = openKafkajs(target.bootstrap).producer({ idempotent })
  await producer.connect()
  try {
    await work(producer)
  } finally {
    await producer.disconnect()
  }
}

/** Values by partition, in order, up to the end as it is now. */
async function valuesOf(topic: string): Promise<Map<number, { offset: number; value: string }[]>> {
  const kafka = openKafkajs(target.bootstrap)
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const left = new Map(offsets.map(({ partition, high }) => [partition, Number(high)]))
  const found = new Map<number, { offset: number; value: string }[]>()
  const consumer = kafka.consumer({ groupId: freshName('readers') })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const isDone = Promise.withResolvers<undefined>()
  const look = (partition: number, next: number): void => {
    if (next >= (left.get(partition) ?? 0)) left.delete(partition)
    if (left.size === 0) isDone.resolve(undefined)
  }
  for (const partition of [...left.keys()]) look(partition, 0)
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const own = found.get(partition) ?? []
      found.set(partition, own)
      const offset = Number(message.offset)
      own.push({ offset, value: (message.value ?? Buffer.alloc(0)).toString() })
      look(partition, offset + 1)
    },
  })
  await isDone.promise
  await consumer.disconnect()
  return found
}

for (const idempotent of [false, true]) {
  test(`what breaks the contract is refused; idempotent: ${idempotent}`, async () => {
    const topic = freshName('contract')
    await apply({ id: topic, topic, partitions: 1 })
    await withProducer(idempotent, async (producer) => {
      const send = (value: string, more: object = { headers }): Promise<unknown> =>
        producer.send({ topic, messages: [{ value, ...more }] })
      await send(good)
      await assert.rejects(send(bad), /INVALID_RECORD|failed to validate|validation/i)
      await assert.rejects(send(good, {}), /INVALID_RECORD|failed to validate|validation/i)
      // A refusal took no sequence: what comes after it is the next one.
      await send(good)
    })
    const values = (await valuesOf(topic)).get(0) ?? []
    assert.deepEqual(
      values.map(({ value }) => value),
      [good, good],
    )
  })
}

test('one tenant’s bad producer is told; the other is not affected', async () => {
  const topic = freshName('contract-tenants')
  await apply({ id: topic, topic, partitions: 1 })
  const kcat = async (value: string, ...more: string[]): Promise<string> => {
    const flags = ['-b', target.bootstrap, '-t', topic, '-P', ...more]
    const program = new Program('kcat', 'kcat', flags, { timeoutMs, input: `${value}\n` })
    await program.exited
    return program.errors
  }
  const [refused, taken] = await Promise.all([
    kcat(good, '-H', 'ce_tenant=other'),
    kcat(good, '-H', 'ce_tenant=acme'),
  ])
  assert.match(refused, /Broker failed to validate record/)
  assert.doesNotMatch(taken, /failed/)
  assert.equal((await valuesOf(topic)).get(0)?.length, 1)
})

/** What `karst quarantine` prints. */
async function quarantine(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { out, err } = await here(target.bootstrap, ['quarantine', ...args, '--json'])
  assert.notEqual(out, '', err)
  return JSON.parse(out) as Readonly<Record<string, unknown>>
}

const released = { labels: ['approved', 'approve', 'denied'], approvedBy: 'ciso' }

for (const idempotent of [false, true]) {
  test(`quarantine: batches lose records, readers go on; idempotent: ${idempotent}`, async () => {
    const topic = freshName('contract-aside')
    const contract = { id: topic, topic, partitions: 1, onViolation: 'quarantine' }
    await apply(contract)
    const read = async (...settings: string[]): Promise<number[]> =>
      (await readAll(target.bootstrap, topic, settings)).map(({ offset }) => offset)
    await withProducer(idempotent, async (producer) => {
      const send = (...values: string[]): Promise<unknown> => {
        const messages = values.map((value) => ({ value, headers }))
        return producer.send({ topic, messages })
      }
      await send(good, bad, good)
      await send(bad, bad)
      assert.deepEqual(await read(), [0, 2], 'the end is behind a batch that is empty')
      await send(bad, good)
      await send(bad)
      await send(good)
    })
    const offsets = [0, 2, 6, 8]
    assert.deepEqual(await read(), offsets)
    const ofKafkajs = (await valuesOf(topic)).get(0) ?? []
    assert.deepEqual(
      ofKafkajs.map(({ offset }) => offset),
      offsets,
    )
    const ofPlatformatic = await platformaticClient.consume(target.bootstrap, topic, 4)
    assert.deepEqual(
      ofPlatformatic.map(({ offset }) => offset),
      offsets,
    )
    assert.equal((await quarantine('list', topic))['count'], 5)
    await apply({ ...contract, version: '1.1.0', ...released })
    const places = ['0:1', '0:3', '0:4', '0:5', '0:7']
    assert.deepEqual((await quarantine('release', topic, '--all'))['released'], places)
    const committed = ['isolation.level=read_committed']
    assert.equal((await read(...committed)).length, 9)
    assert.equal((await quarantine('list', topic))['count'], 0)
  })
}

for (const idempotent of [false, true]) {
  test(`quarantine: good and bad of librdkafka; idempotent: ${idempotent}`, async () => {
    const topic = freshName('contract-aside-kcat')
    await apply({ id: topic, topic, partitions: 1, onViolation: 'quarantine' })
    const settings = ['-X', 'linger.ms=200', '-X', `enable.idempotence=${idempotent}`]
    const flags = ['-b', target.bootstrap, '-t', topic, '-P', '-H', 'ce_tenant=acme', ...settings]
    const lines = Array.from({ length: 60 }, (_, at) => (at % 3 === 1 ? bad : good))
    const options = { timeoutMs, input: `${lines.join('\n')}\n` }
    const program = new Program('kcat', 'kcat', flags, options)
    await program.succeeded()
    assert.doesNotMatch(program.errors, /fail|error/i)
    const read = await readAll(target.bootstrap, topic)
    assert.deepEqual(
      read.map(({ value }) => value),
      lines.filter((line) => line === good),
    )
    assert.equal((await quarantine('list', topic, '--limit', '1'))['count'], 20)
  })
}

test('warn: everything is written, and the contract is still known', async () => {
  const topic = freshName('contract-warn')
  await apply({ id: topic, topic, partitions: 1, onViolation: 'warn' })
  await withProducer(false, async (producer) => {
    await producer.send({ topic, messages: [{ value: bad }, { value: good, headers }] })
  })
  assert.equal((await valuesOf(topic)).get(0)?.length, 2)
})

test('a contract begins to count at one offset of each partition, under load', async () => {
  const topic = freshName('contract-boundary')
  const admin = openKafkajs(target.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
  await admin.disconnect()
  let isOver = false
  let [taken, refused] = [0, 0]
  await withProducer(false, async (producer) => {
    const write = async (partition: number): Promise<void> => {
      for (let at = 0; !isOver; at++) {
        const messages = [{ value: at % 2 === 0 ? good : bad, partition, headers }]
        await producer.send({ topic, messages }).then(
          () => taken++,
          () => refused++,
        )
      }
    }
    const writing = [write(0), write(1), write(0), write(1)]
    while (taken < 40) await new Promise((resolve) => setTimeout(resolve, 10))
    await apply({ id: topic, topic })
    const before = refused
    while (refused < before + 10) await new Promise((resolve) => setTimeout(resolve, 10))
    isOver = true
    await Promise.all(writing)
  })
  const { boundaries } = (await asked(`/contracts/${topic}`)) as Revision
  const { ends } = boundaries[topic] ?? { ends: [] }
  const values = await valuesOf(topic)
  let [badBefore, goodBehind] = [0, 0]
  for (const [partition, records] of values) {
    for (const { offset, value } of records) {
      const isBehind = offset >= (ends[partition] ?? 0)
      if (isBehind) assert.equal(value, good, `partition ${partition}, offset ${offset}`)
      if (isBehind) goodBehind++
      else if (value === bad) badBefore++
    }
  }
  assert.ok(badBefore > 0 && goodBehind > 0, `${badBefore} before, ${goodBehind} behind`)
})
