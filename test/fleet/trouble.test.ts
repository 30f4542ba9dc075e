/**
 * What goes wrong around a fleet while clients write: a broker that stands still, a bucket that
 * takes nothing, a database that is gone or read-only. Brokers say what it is, clients lose nothing
 * and see nothing twice, and all goes on by itself when the cause is gone.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer, openRdkafkaProducer } from '../support/clients/verifiable.ts'
import type { VerifiableProducer } from '../support/clients/verifiable.ts'
import { Fleet } from '../support/fleet.ts'
import { S3Proxy } from '../support/s3-proxy.ts'
import { until } from '../support/until.ts'

const partitions = 12
const timeoutMs = 240_000
/** From the end of a trouble until everybody writes again, on a busy machine. */
const recoveryMsMax = 30_000

let fleet: Fleet
let proxy: S3Proxy | undefined

before(async () => {
  fleet = await Fleet.start({
    brokers: 3,
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

/** Somebody who writes, and what is the longest time without an acknowledgement. */
class Load {
  readonly #topic: string
  readonly #producers: readonly VerifiableProducer[]
  readonly #gapsMs: number[]
  readonly #watching: NodeJS.Timeout

  private constructor(topic: string, producers: readonly VerifiableProducer[]) {
    this.#topic = topic
    this.#producers = producers
    this.#gapsMs = producers.map(() => 0)
    const last = producers.map((each) => ({ count: each.acknowledgedCount(), atMs: 0 }))
    this.#watching = setInterval(() => {
      const nowMs = performance.now()
      for (const [at, producer] of producers.entries()) {
        const count = producer.acknowledgedCount()
        const seen = last[at] as { count: number; atMs: number }
        if (count === seen.count && seen.atMs > 0) {
          this.#gapsMs[at] = Math.max(this.#gapsMs[at] as number, nowMs - seen.atMs)
        } else last[at] = { count, atMs: nowMs }
      }
    }, 20)
  }

  static async start(topic: string): Promise<Load> {
    const topics = [topic, `${topic}-java`]
    const admin = openKafkajs(fleet.bootstrap).admin()
    await admin.createTopics({
      topics: topics.map((each) => ({ topic: each, numPartitions: partitions })),
    })
    await admin.disconnect()
    const shared = { bootstrap: fleet.bootstrap, partitions, timeoutMs }
    const producers = await Promise.all([
      openRdkafkaProducer({ ...shared, topic, perSecond: 1_000, padBytes: 200 }),
      openJavaProducer({ ...shared, topic: `${topic}-java`, perSecond: 500 }),
    ])
    const load = new Load(topic, producers)
    await load.goesOn(recoveryMsMax)
    return load
  }

  get acknowledged(): number {
    return this.#producers.reduce((sum, each) => sum + each.acknowledgedCount(), 0)
  }

  /** Resolves when every producer was acknowledged something after this call. */
  async goesOn(withinMs: number): Promise<void> {
    const counts = this.#producers.map((each) => each.acknowledgedCount())
    await until(
      () => this.#producers.every((each, at) => each.acknowledgedCount() > (counts[at] ?? 0) + 50),
      withinMs,
      () => 'a producer is not acknowledged anything any more',
    )
  }

  /** Nothing lost, given up or twice. */
  async check(t: TestContext): Promise<void> {
    clearInterval(this.#watching)
    const gaps = this.#gapsMs.map((ms) => `${Math.round(ms)} ms`).join(', ')
    for (const [at, producer] of this.#producers.entries()) {
      await producer.stop()
      assert.deepEqual(producer.failed(), [], `${producer.name} gave nothing up`)
      const stored = await readAll(fleet.bootstrap, at === 0 ? this.#topic : `${this.#topic}-java`)
      const verdict = judge(producer.acknowledged(), stored, stored)
      assert.deepEqual(faultsOf(verdict), [], `${producer.name}, ${stored.length} records`)
    }
    t.diagnostic(`${this.acknowledged} acknowledged; longest without (librdkafka, Java): ${gaps}`)
  }
}

async function readiness(broker: BrokerProcess): Promise<string> {
  const answer = await fetch(`http://${broker.addresses.http}/readyz`)
  return `${answer.status} ${(await answer.text()).trim()}`
}

async function untilAll(matches: RegExp, withinMs: number): Promise<void> {
  let told: string[] = []
  await until(
    async () => {
      told = await Promise.all(fleet.brokers.map(readiness))
      return told.every((each) => matches.test(each))
    },
    withinMs,
    () => `not ${matches}: ${told.join(' | ')}`,
  )
}

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
  const load = await Load.start('stopped')
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
  await untilAll(/^200 ready$/, recoveryMsMax)
  await sleep(3_000)
  await load.goesOn(recoveryMsMax)
  await load.check(t)
})

test('a bucket that takes nothing: writes wait, health says why, and all goes on', async (t) => {
  const load = await Load.start('bucket')
  if (proxy === undefined) throw new Error('there is a proxy')
  proxy.shares = [{ share: 1, fault: { kind: 'slow-down' } }]
  await untilAll(/^200 ready, degraded: the bucket takes nothing since \d+ s: .*slow down$/, 30_000)
  const before = load.acknowledged
  await sleep(3_000)
  assert.equal(load.acknowledged, before, 'nothing is acknowledged that is not stored')
  proxy.shares = []
  await load.goesOn(recoveryMsMax)
  await untilAll(/^200 ready$/, recoveryMsMax)
  await load.check(t)
})

test('a database that is killed and comes back', async (t) => {
  const load = await Load.start('database')
  await fleet.postgres.kill()
  await untilAll(/^503 not ready: .*ECONNREFUSED/, 20_000)
  const before = load.acknowledged
  await sleep(3_000)
  assert.equal(load.acknowledged, before, 'nothing is acknowledged that is not decided')
  await fleet.postgres.restart()
  await load.goesOn(recoveryMsMax)
  await untilAll(/^200 ready$/, recoveryMsMax)
  await load.check(t)
})

test('a database that is read-only, as after a failover to a standby', async (t) => {
  const load = await Load.start('readonly')
  await sql("ALTER SYSTEM SET default_transaction_read_only = 'on'")
  await sql('SELECT pg_reload_conf()')
  await untilAll(/^503 not ready: .*read-only/, 20_000)
  await sql("ALTER SYSTEM SET default_transaction_read_only = 'off'")
  await sql('SELECT pg_reload_conf()')
  await load.goesOn(recoveryMsMax)
  await untilAll(/^200 ready$/, recoveryMsMax)
  await load.check(t)
})

test('two processes under one name: the later one stays, the earlier one ends', async (t) => {
  const load = await Load.start('name')
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
