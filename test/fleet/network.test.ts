/**
 * A broker that the network cuts off: from the database, from the bucket, from both, and between
 * the two round trips of a commit. Nothing is refused or closed, packets are gone. The others take
 * over, the broker says what it misses, and is one of them again when the network is back.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../support/broker-process.ts'
import { Fleet } from '../support/fleet.ts'
import {
  FleetLoad,
  gapsText,
  type LoadOptions,
  readiness,
  recoveryMsMax,
  untilAll,
} from '../support/fleet-load.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { SilentProxy } from '../support/silent-proxy.ts'
import { WireClient } from '../e2e/wire-client.ts'

const cutMs = 15_000
/** A write to the bucket is given up after 10 s; a broker without its database says no after 2 s. */
const gapMsMax = 13_000
/** Until a put is taken for one that hangs; a lost heartbeat is noticed after two seconds. */
const toldMsMax = 8_000
/** The server lets go of the locks after a second; a commit waits for one at most, and is retried. */
const heldMsMax = 2_500

let fleet: Fleet
let toDatabase: SilentProxy
let toBucket: SilentProxy

before(async () => {
  fleet = await Fleet.start({
    brokers: 3,
    flags: ['--journal-inline-max-bytes', '0'], // standard topics shall need the bucket
    async own(at, { postgres, s3 }) {
      if (at !== victimAt) return {}
      toDatabase = await SilentProxy.start({ port: postgres.port })
      toBucket = await SilentProxy.start({ port: s3.port })
      return { catalogPort: toDatabase.port, endpoint: `http://127.0.0.1:${toBucket.port}` }
    },
  })
})
afterEach(() => {
  toDatabase.heal()
  toBucket.heal()
})
after(async () => {
  await fleet.close()
  await toDatabase.close()
  await toBucket.close()
})

const victimAt = 1
const victim = (): BrokerProcess => fleet.brokers[victimAt] as BrokerProcess
const others = (): BrokerProcess[] => fleet.brokers.filter((broker) => broker !== victim())

/** Cuts while all write and a group reads, and looks at what clients and `/readyz` tell. */
async function cutOff(
  t: TestContext,
  topic: string,
  proxies: readonly SilentProxy[],
  told: RegExp,
  options: LoadOptions = {},
): Promise<void> {
  const load = await FleetLoad.start(fleet, topic, options)
  load.watchAnew()
  for (const proxy of proxies) proxy.cut()
  const cutAtMs = performance.now()
  await untilAll(fleet, told, toldMsMax, [victim()])
  t.diagnostic(
    `says so after ${Math.round(performance.now() - cutAtMs)} ms: ${await readiness(victim())}`,
  )
  await sleep(Math.max(0, cutMs - (performance.now() - cutAtMs)))
  for (const ready of await Promise.all(others().map(readiness))) assert.match(ready, /^200 ready$/)
  await load.goesOn(recoveryMsMax)
  t.diagnostic(`while it was cut off: ${gapsText(load.gaps())}`)
  for (const proxy of proxies) proxy.heal()
  const healedMs = performance.now()
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  t.diagnostic(`ready ${Math.round(performance.now() - healedMs)} ms after the cut`)
  await load.goesOn(recoveryMsMax)
  const gaps = load.gaps()
  await load.check(t)
  // Java stays with a partition for a while; librdkafka's load writes to all of them all the time.
  const [rdkafka, java] = gaps.map(({ wholeMs, partitionMs }) => ({
    wholeMs,
    longestMs: Math.max(...partitionMs.values()),
  }))
  assert.ok((rdkafka?.longestMs ?? Infinity) < gapMsMax, 'a partition waited for too long')
  assert.ok((java?.wholeMs ?? Infinity) < gapMsMax, 'nobody took anything for too long')
}

test('a broker without its database: others take over, and it comes back by itself', (t) =>
  cutOff(t, 'no-database', [toDatabase], /^503 not ready: /))

test('a broker without its bucket says so, and its clients write elsewhere', (t) =>
  cutOff(
    t,
    'no-bucket',
    [toBucket],
    /^200 ready, degraded: the bucket takes nothing since \d+ s: /,
  ))

test('a broker without either', (t) =>
  cutOff(t, 'neither', [toDatabase, toBucket], /^503 not ready: /))

test('a broker cut off between the round trips of a commit holds nobody up for long', async (t) => {
  const topic = 'held'
  const [own, other] = await Promise.all([
    WireClient.open(victim().bootstrap),
    WireClient.open(others()[0]?.bootstrap ?? ''),
  ])
  await own.createTopic(topic)
  assert.equal((await own.produce(topic, ['first'])).errorCode, ErrorCode.NONE)
  const cut = Promise.withResolvers<void>()
  toDatabase.onCut(() => cut.resolve())
  // Locks are held by then, and the writes and COMMIT stay behind.
  toDatabase.cutsAt = (bytes) => bytes.includes('put commit_log')
  const held = own.produce(topic, ['held'])
  await cut.promise
  toDatabase.cutsAt = undefined
  const cutAtMs = performance.now()
  const isTaken = async (): Promise<boolean> =>
    (await other.produce(topic, ['other'])).errorCode === ErrorCode.NONE
  while (!(await isTaken())) await sleep(10)
  const tookMs = performance.now() - cutAtMs
  t.diagnostic(`another broker wrote to the partition after ${Math.round(tookMs)} ms`)
  assert.ok(tookMs < heldMsMax, `${Math.round(tookMs)} ms`)
  assert.equal((await held).errorCode, ErrorCode.REQUEST_TIMED_OUT)
  toDatabase.heal()
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  const values = (await other.readAll(topic)).map(({ value }) => value)
  assert.deepEqual(values, ['first', 'other'])
  own.close()
  other.close()
})
