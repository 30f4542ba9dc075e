import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import { openCluster } from '../catalog/cluster.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { backupJob } from './backup-job.ts'
import { listBackups } from './catalog-backup.ts'

test('a backup is made when the newest is old, by whichever broker looks', async () => {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
  await openCluster(database, clusterId)
  const objects = new MemoryObjectStore({ clock })
  const deps = { database, objects, clusterId, log: silentLog, kept: 2, intervalMs: 60_000 }
  const databaseMs = async (): Promise<number> => clock.nowMs()
  const [one, other] = [backupJob({ ...deps, databaseMs }), backupJob({ ...deps, databaseMs })]
  assert.equal(one.intervalMs, 5_000)
  const made = async (): Promise<number> => (await listBackups({ objects, clusterId })).whole.length
  const { signal } = new AbortController()
  await one.run(signal)
  await other.run(signal)
  assert.equal(await made(), 1)
  await clock.advance(59_000)
  await other.run(signal)
  assert.equal(await made(), 1)
  await clock.advance(1_001)
  await other.run(signal)
  await one.run(signal)
  assert.equal(await made(), 2)
  await clock.advance(60_001)
  await one.run(signal)
  assert.equal(await made(), 2, 'the oldest is gone')
})
