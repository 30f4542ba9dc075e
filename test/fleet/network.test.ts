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
import { SilentProxy } from '../support/silent-proxy.ts'

const cutMs = 15_000
/** What a client takes that asks a broker which cannot decide: its limits, and one try elsewhere. */
const gapMsMax = 20_000

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
  await untilAll(fleet, told, cutMs, [victim()])
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
  for (const { client, partitionMs } of gaps) {
    const longest = Math.max(...partitionMs.values())
    assert.ok(longest < gapMsMax, `${client}: a partition waited ${Math.round(longest)} ms`)
  }
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
