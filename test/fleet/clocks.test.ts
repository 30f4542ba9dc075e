/**
 * Brokers whose wall clocks are wrong by more than any protocol bears: one ahead, one behind, one
 * right. The fleet goes by the database's clock, so that nothing is lost, ended or refused too
 * early; who is wrong says so.
 */
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { Fleet } from '../support/fleet.ts'
import { readiness } from '../support/fleet-load.ts'
import { until } from '../support/until.ts'

const minute = 60_000
/** Of b1, b2 and b3. S3 refuses signatures that are a quarter of an hour off. */
const shiftsMs = [20 * minute, -20 * minute, 0]
const partitions = 12
/** How far the estimate of the database's clock may be off on a busy machine. */
const errorMsMax = 2_000

let fleet: Fleet

before(async () => {
  const preload = pathToFileURL(path.join(import.meta.dirname, '../support/shifted-clock.ts'))
  const times = ['--log-retention-check-interval-ms', '1000', '--pack-window-ms', '1000']
  const reaper = ['--transaction-abort-timed-out-transaction-cleanup-interval-ms', '500']
  fleet = await Fleet.start({
    brokers: 3,
    flags: [...times, ...reaper, '--journal-inline-max-bytes', '0'],
    async own(at) {
      return { env: { NODE_OPTIONS: `--import=${preload.href}?ms=${shiftsMs[at]}` } }
    },
  })
})
after(() => fleet.close())

async function createTopic(topic: string, configs: Record<string, string> = {}): Promise<void> {
  const admin = openKafkajs(fleet.bootstrap).admin()
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
  await admin.disconnect()
}

/** One record for each partition, so that every broker takes some. */
async function writeEverywhere(topic: string, timestampMs?: number): Promise<void> {
  const producer = openKafkajs(fleet.bootstrap).producer()
  await producer.connect()
  const messages = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    value: `${partition}`,
    ...(timestampMs === undefined ? {} : { timestamp: String(timestampMs) }),
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

const lines = (broker: BrokerProcess, text: string): number =>
  broker.errors.split('\n').filter((line) => line.includes(text)).length

test('who is wrong says so once: seconds, direction, and what to do', async () => {
  const told = await Promise.all(fleet.brokers.map(readiness))
  const seconds = '1(?:199|200|201) s'
  const what = "the database's: set it, by NTP"
  assert.match(
    told[0] ?? '',
    new RegExp(`^200 ready, degraded: this machine's clock is ${seconds} ahead of ${what}$`),
  )
  assert.match(
    told[1] ?? '',
    new RegExp(`^200 ready, degraded: this machine's clock is ${seconds} behind ${what}$`),
  )
  assert.equal(told[2], '200 ready')
  await sleep(2_000) // some heartbeats
  const counts = fleet.brokers.map((broker) => lines(broker, "this machine's clock is"))
  assert.deepEqual(counts, [1, 1, 0])
  const shown = await Promise.all(
    fleet.brokers.map(async ({ addresses }) => {
      const text = await (await fetch(`http://${addresses.http}/metrics`)).text()
      return Number(/^karst_clock_difference_seconds (.*)$/m.exec(text)?.[1])
    }),
  )
  for (const [at, difference] of shown.entries()) {
    assert.ok(Math.abs(difference + (shiftsMs[at] ?? 0) / 1_000) < errorMsMax / 1_000, `b${at + 1}`)
  }
})

test('all are alive to one another, and the bucket takes what each signs', async () => {
  const admin = openKafkajs(fleet.bootstrap).admin()
  const { brokers } = await admin.describeCluster()
  await admin.disconnect()
  assert.equal(brokers.length, 3)
  await createTopic('signed')
  for (let turn = 0; turn < 3; turn++) await writeEverywhere('signed')
  assert.equal((await readAll(fleet.bootstrap, 'signed')).length, 3 * partitions)
  for (const broker of fleet.brokers) assert.equal(lines(broker, 'takes nothing'), 0)
})

test('LogAppendTime is of one clock, and CreateTime the client’s', async () => {
  await createTopic('stamped', { 'message.timestamp.type': 'LogAppendTime' })
  await createTopic('sent')
  const beganMs = Date.now()
  await writeEverywhere('stamped', 1_000)
  const endedMs = Date.now()
  const sentMs = beganMs - 60 * minute
  await writeEverywhere('sent', sentMs)
  for (const { partition, timestamp } of await readAll(fleet.bootstrap, 'stamped')) {
    const isNow = timestamp > beganMs - errorMsMax && timestamp < endedMs + errorMsMax
    assert.ok(isNow, `partition ${partition}: ${timestamp - beganMs} ms`)
  }
  for (const { timestamp } of await readAll(fleet.bootstrap, 'sent'))
    assert.equal(timestamp, sentMs)
})

test('retention takes what is old on the database’s clock, and nothing else', async () => {
  await createTopic('kept', { 'retention.ms': String(5 * minute) })
  await createTopic('old', { 'retention.ms': String(5 * minute) })
  await writeEverywhere('kept')
  await writeEverywhere('old', Date.now() - 10 * minute)
  // A broker whose clock is right takes the job, whoever had it before.
  await until(
    async () => (await readAll(fleet.bootstrap, 'old')).length === 0,
    30_000,
    () => 'nobody retains: old records are there',
  )
  assert.equal((await readAll(fleet.bootstrap, 'kept')).length, partitions)
})

test('a transaction lasts as long as it asked for, whoever looks at it', async () => {
  await createTopic('transactions')
  const kafka = openKafkajs(fleet.bootstrap)
  const open = async (name: string, transactionTimeout: number) => {
    const producer = kafka.producer({
      ...{ transactionalId: name, transactionTimeout },
      ...{ idempotent: true, maxInFlightRequests: 1 },
    })
    await producer.connect()
    const transaction = await producer.transaction()
    const messages = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      value: name,
    }))
    await transaction.send({ topic: 'transactions', messages })
    return { producer, transaction }
  }
  // Ids enough that every broker coordinates some.
  const long = await Promise.all(Array.from({ length: 8 }, (_, at) => open(`long-${at}`, minute)))
  const short = await open('short', 2_000)
  await until(
    () => fleet.brokers.some((broker) => lines(broker, 'transactions were aborted') > 0),
    20_000,
    () => 'a transaction of 2 s is not aborted',
  )
  await assert.rejects(short.transaction.commit())
  for (const { transaction } of long) await transaction.commit()
  for (const { producer } of [...long, short]) await producer.disconnect()
  const committed = ['isolation.level=read_committed']
  const seen = await readAll(fleet.bootstrap, 'transactions', committed)
  assert.equal(seen.length, 8 * partitions)
  assert.ok(seen.every(({ value }) => value?.startsWith('long-')))
})

test('members of groups keep their sessions, and offsets stay', async () => {
  await createTopic('grouped')
  const groups = ['g0', 'g1', 'g2', 'g3', 'g4', 'g5']
  let joins = 0
  const read = new Map<string, number>()
  const consumers = groups.map((groupId) => {
    const settings = { groupId, sessionTimeout: 6_000, heartbeatInterval: 500 }
    const consumer = openKafkajs(fleet.bootstrap).consumer(settings)
    consumer.on('consumer.group_join', () => void joins++)
    return { groupId, consumer }
  })
  await writeEverywhere('grouped')
  for (const { groupId, consumer } of consumers) {
    await consumer.connect()
    await consumer.subscribe({ topic: 'grouped', fromBeginning: true })
    await consumer.run({
      eachMessage: async () => void read.set(groupId, (read.get(groupId) ?? 0) + 1),
    })
  }
  const haveRead = (count: number): Promise<void> =>
    until(
      () => groups.every((groupId) => read.get(groupId) === count),
      30_000,
      () => `of ${count} were read: ${JSON.stringify([...read])}`,
    )
  await haveRead(partitions)
  await sleep(8_000) // more than a session
  await writeEverywhere('grouped')
  await haveRead(2 * partitions)
  for (const { consumer } of consumers) await consumer.disconnect()
  assert.equal(joins, groups.length, 'nobody had to join again')
  const admin = openKafkajs(fleet.bootstrap).admin()
  for (const groupId of groups) {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: ['grouped'] })
    assert.ok(
      offsets?.partitions.every(({ offset }) => offset === '2'),
      groupId,
    )
  }
  await admin.disconnect()
})
