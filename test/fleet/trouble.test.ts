/**
 * What goes wrong around a fleet while clients write: a broker that stands still, a bucket that
 * takes nothing, a database that is gone or read-only. Brokers say what it is, clients lose nothing
 * and see nothing twice, and all goes on by itself when the cause is gone.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer } from '../support/clients/verifiable.ts'
import { until } from '../support/until.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { Fleet } from '../support/fleet.ts'
import { FleetLoad, readiness, recoveryMsMax, untilAll } from '../support/fleet-load.ts'
import { ShownBrokers } from '../support/shown-brokers.ts'
import { S3Proxy } from '../support/s3-proxy.ts'

let fleet: Fleet
let proxy: S3Proxy | undefined

before(async () => {
  fleet = await Fleet.start({
    brokers: 3,
    flags: ['--journal-inline-max-bytes', '0'], // standard topics shall need the bucket
    async through(target) {
      proxy = await S3Proxy.start({ target })
      return proxy.endpoint
    },
  })
})
afterEach(() => proxy?.calm())
after(async () => {
  await fleet.close()
  await proxy?.close()
})

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: fleet.catalogUrl })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

test('a broker that stands still is replaced, and harms nothing when it wakes', async (t) => {
  const load = await FleetLoad.start(fleet, 'stopped')
  const victim = fleet.brokers[1] as BrokerProcess
  process.kill(victim.pid, 'SIGSTOP')
  try {
    await sleep(3_000)
    await load.goesOn(recoveryMsMax)
    await sleep(5_000)
    await load.goesOn(recoveryMsMax)
  } finally {
    process.kill(victim.pid, 'SIGCONT')
  }
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  await sleep(3_000)
  await load.goesOn(recoveryMsMax)
  await load.check(t)
})

/**
 * First batches are on their way to it when it stops: what follows them goes to another broker and
 * must wait for them there. (It did not: Java gave up what it had for a partition, after two
 * minutes of OUT_OF_ORDER_SEQUENCE_NUMBER.)
 */
test('a broker stands still as producers begin: nothing is given up', async (t) => {
  const victim = fleet.brokers[1] as BrokerProcess
  const topics = ['begun-1', 'begun-2', 'begun-3']
  const admin = openKafkajs(fleet.bootstrap).admin()
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 48 })) })
  await admin.disconnect()
  // Some partitions are begun each second; that others lead them is heard of at once.
  const settings = { 'batch.size': '1024', 'metadata.max.age.ms': '1000' }
  const shared = { bootstrap: fleet.bootstrap, partitions: 48, perSecond: 500, settings }
  const producers = await Promise.all(
    topics.map((topic) => openJavaProducer({ ...shared, topic, timeoutMs: 200_000 })),
  )
  const begun = (): boolean => producers.every((each) => each.acknowledgedCount() > 0)
  await until(begun, recoveryMsMax, () => 'producers do not begin')
  process.kill(victim.pid, 'SIGSTOP')
  try {
    await sleep(12_000)
  } finally {
    process.kill(victim.pid, 'SIGCONT')
  }
  for (const [at, producer] of producers.entries()) {
    await producer.stop()
    const [first] = producer.failed()
    assert.equal(producer.failed().length, 0, `gave up: ${first}`)
    const stored = await readAll(fleet.bootstrap, topics[at] as string)
    assert.deepEqual(faultsOf(judge(producer.acknowledged(), stored, stored)), [])
    t.diagnostic(`${producer.acknowledgedCount()} acknowledged`)
  }
})

test('a bucket that takes nothing: writes wait, health says why, and all goes on', async (t) => {
  const load = await FleetLoad.start(fleet, 'bucket')
  if (proxy === undefined) throw new Error('there is a proxy')
  const cutMs = Date.now()
  proxy.shares = [{ share: 1, fault: { kind: 'slow-down' } }]
  await untilAll(
    fleet,
    /^200 ready, degraded: the bucket takes nothing since \d+ s: .*slow down$/,
    30_000,
  )
  const before = load.acknowledged
  await sleep(3_000)
  assert.equal(load.acknowledged, before, 'nothing is acknowledged that is not stored')
  proxy.shares = []
  await load.goesOn(recoveryMsMax)
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  await load.check(t)
  // Clients were sent to the last broker that had not noticed, then to the first that had.
  assert.deepEqual(load.placedAnew(cutMs), [])
})

test('a bucket that takes nothing: topics of the class low go on', async (t) => {
  const load = await FleetLoad.start(fleet, 'low', { latency: 'low' })
  if (proxy === undefined) throw new Error('there is a proxy')
  proxy.shares = [{ share: 1, fault: { kind: 'slow-down' } }]
  for (let turn = 0; turn < 3; turn++) {
    await sleep(3_000)
    await load.goesOn(2_000)
  }
  proxy.shares = []
  await sleep(7_000) // what was held up is packed
  await load.check(t)
})

test('a database that is killed and comes back', async (t) => {
  const load = await FleetLoad.start(fleet, 'database')
  const shown = new ShownBrokers(fleet.brokers)
  await fleet.postgres.kill()
  await untilAll(fleet, /^503 not ready: .*ECONNREFUSED/, 20_000)
  const before = load.acknowledged
  await sleep(3_000)
  assert.equal(load.acknowledged, before, 'nothing is acknowledged that is not decided')
  await fleet.postgres.restart()
  await load.goesOn(recoveryMsMax)
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  // Mostly all three all the time; one that the machine keeps from beating for two seconds is
  // rightly not shown. Without excuses (fleet/roster.ts) the first to come back was alone.
  const sets = await shown.stop()
  t.diagnostic(`shown: ${sets.join(' | ')}`)
  assert.ok(!sets.some((ids) => ids.split(',').length < 2), `nobody is alone: ${sets.join(' | ')}`)
  await load.check(t)
})

test('a database that is read-only, as after a failover to a standby', async (t) => {
  const load = await FleetLoad.start(fleet, 'readonly')
  await sql("ALTER SYSTEM SET default_transaction_read_only = 'on'")
  await sql('SELECT pg_reload_conf()')
  await untilAll(fleet, /^503 not ready: .*read-only/, 20_000)
  await sql("ALTER SYSTEM SET default_transaction_read_only = 'off'")
  await sql('SELECT pg_reload_conf()')
  await load.goesOn(recoveryMsMax)
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  await load.check(t)
})

test('two processes under one name: the later one stays, the earlier one ends', async (t) => {
  const load = await FleetLoad.start(fleet, 'name')
  const first = fleet.brokers[2] as BrokerProcess
  const ending = first.ended()
  const { storageUrl, catalogUrl, environment } = fleet
  const place = ['--storage', storageUrl, '--catalog', catalogUrl, '--name', 'b3', '--zone', 'a']
  const second = await BrokerProcess.start({ flags: place, env: environment })
  try {
    const { code } = await ending
    assert.notEqual(code, 0)
    assert.match(first.errors, /another process runs as broker b3 by now/)
    await load.goesOn(recoveryMsMax)
    assert.match(await readiness(second), /^200 ready$/)
    await load.check(t)
  } finally {
    await second.close()
  }
})
