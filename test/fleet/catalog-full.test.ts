/**
 * The disk of the database is full: it reads, and writes nothing that needs a page more. Brokers
 * say so, refuse writes as retriable, go on answering reads, and write again once there is space.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readAll } from '../support/clients/kcat.ts'
import { Fleet } from '../support/fleet.ts'
import { FleetLoad, recoveryMsMax, untilAll } from '../support/fleet-load.ts'
import { SmallDisk } from '../support/small-disk.ts'

/** A fresh cluster takes 40 MB, and as much for its log; the rest is soon taken. */
const diskBytes = 256 * 1024 * 1024
/** Of some 7,500 that the load would write in five seconds. */
const trickleMax = 750

let disk: SmallDisk
let fleet: Fleet

before(async () => {
  disk = await SmallDisk.mount(diskBytes)
  const settings = { max_wal_size: '64MB', min_wal_size: '64MB' }
  fleet = await Fleet.start({ brokers: 3, postgres: { disk, settings } })
})
after(async () => {
  await fleet?.close()
  await disk.close()
})

test('a database whose disk is full: writes wait, reads go on, space heals', async (t) => {
  const load = await FleetLoad.start(fleet, 'full')
  await disk.fill()
  const full =
    /^200 ready, degraded: the catalog takes nothing since \d+ s: .*No space left on device.*53100/
  await untilAll(fleet, full, 40_000)
  const told = fleet.brokers.map(({ errors }) => errors)
  for (const [at, text] of told.entries()) assert.match(text, /commit failed/, `b${at + 1}`)
  await sleep(2_000)
  const before = load.acknowledged
  await sleep(5_000)
  // A commit that finds room in the pages that are there may still succeed.
  assert.ok(load.acknowledged - before < trickleMax, 'writes are refused')
  assert.ok((await readAll(fleet.bootstrap, 'full')).length > 0, 'what is there is read')
  await disk.clear()
  await load.goesOn(recoveryMsMax)
  await untilAll(fleet, /^200 ready$/, recoveryMsMax)
  await load.check(t)
})
