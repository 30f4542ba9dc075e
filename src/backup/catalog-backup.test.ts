/** What is backed up comes back to the last byte, and what is damaged does not come back at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogWorld, noSignal } from '../../test/log/log-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { openCluster } from '../catalog/cluster.ts'
import type { CatalogReader } from '../catalog/database.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { catalogTables, leases } from '../catalog/schema.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { backUp, dropOldBackups, listBackups, readManifest } from './catalog-backup.ts'
import { restore } from './catalog-restore.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const quiet = (): void => undefined

/** A catalog in which things have happened, and a place for its backups. */
async function begin() {
  const world = new LogWorld()
  await world.start()
  const topic = await world.createTopic('rescue', 3)
  for (let at = 0; at < 40; at++) {
    await world.within(world.append(topic, at % 3, [`value ${at}`, 'another']))
  }
  await world.within(world.process.packer.packWindow(noSignal))
  await world.within(world.append(topic, 0, ['not packed']))
  const objects = new MemoryObjectStore({ clock: new VirtualClock() })
  return { catalog: world.database, objects, place: { objects, clusterId } }
}

async function rowsOf(catalog: CatalogReader): Promise<Record<string, object[]>> {
  const found: Record<string, object[]> = {}
  for (const table of catalogTables) {
    if (table.name === leases.name) continue
    found[table.name] = await catalog.snapshot('all', (tx) =>
      tx.scan(table, { prefix: [], limit: 10_000 }),
    )
  }
  return found
}

const empty = () => openMemoryDatabase({ clock: new VirtualClock() })

test('every row comes back, and the catalog is in rescue until somebody ends that', async () => {
  const { catalog, place } = await begin()
  const manifest = await backUp(catalog, place, 1_796_000_000_123)
  assert.equal(manifest.backupId, '20261130-005320-123')
  assert.deepEqual(await readManifest(place, manifest.backupId), manifest)
  const restored = empty()
  const { rows, dropped } = await restore(restored, place, manifest, 5, quiet)
  assert.equal(dropped, 0)
  assert.ok(rows > 40)
  const [before, after] = [await rowsOf(catalog), await rowsOf(restored)]
  const facts = after['cluster_fact']?.filter((row) => (row as { name: string }).name !== 'rescue')
  assert.deepEqual({ ...after, cluster_fact: facts }, before)
  await assert.rejects(openCluster(restored, clusterId), /no broker may work with it yet/)
})

test('a restore that was cut off is repeated, and another one is refused', async () => {
  const { catalog, objects, place } = await begin()
  const manifest = await backUp(catalog, place, 1_000)
  const other = await backUp(catalog, place, 2_000)
  const restored = empty()
  let reads = 0
  const failing = new Proxy(objects, {
    get: (store, name: keyof MemoryObjectStore) => {
      if (name === 'read' && reads++ > 4) throw new Error('cut off')
      const value = store[name] as unknown
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
  const cut = restore(restored, { objects: failing, clusterId }, manifest, 5, quiet)
  await assert.rejects(cut, /cut off/)
  await assert.rejects(restore(restored, place, other, 6, quiet), { kind: 'conflict' })
  await assert.rejects(openCluster(restored, clusterId), /karst catalog restore again/)
  await restore(restored, place, manifest, 7, quiet)
  await assert.rejects(restore(restored, place, manifest, 8, quiet), { kind: 'conflict' })
  await assert.rejects(restore(catalog, place, manifest, 9, quiet), { kind: 'conflict' })
})

test('a damaged part or manifest is named', async () => {
  const { catalog, objects, place } = await begin()
  const manifest = await backUp(catalog, place, 1_000)
  const [part] = await objects.list(`${clusterId}/catalog-backup/parts/`, undefined, 1)
  assert.ok(part !== undefined)
  const bytes = Buffer.from(await objects.read(part.key, 0, part.size))
  bytes[bytes.length - 1]! ^= 1
  await objects.put(part.key, [bytes])
  const damaged = restore(empty(), place, manifest, 5, quiet)
  await assert.rejects(damaged, { kind: 'corrupt', message: /parts\/.*000000.zst is damaged/ })
  await objects.put(`${clusterId}/catalog-backup/manifests/x.json`, [Buffer.from('{"body":1}')])
  await assert.rejects(readManifest(place, 'x'), { kind: 'corrupt' })
  await assert.rejects(readManifest(place, 'y'), { kind: 'not-found' })
  const { whole, unreadable } = await listBackups(place)
  assert.deepEqual(whole, [manifest], 'the others are listed')
  assert.match(unreadable[0]?.message ?? '', /manifests\/x.json is damaged/)
})

// `karst catalog backups` failed now and then beside a broker that kept its number.
test('a backup that is dropped between the list and its reading is not listed', async () => {
  for (const step of ['stat', 'read']) {
    const { catalog, objects, place } = await begin()
    for (const nowMs of [1_000, 2_000]) await backUp(catalog, place, nowMs)
    let isDropped = false
    const dropping = new Proxy(objects, {
      get: (store, name: keyof MemoryObjectStore) => {
        const value = store[name] as unknown
        if (typeof value !== 'function') return value
        if (name !== step) return value.bind(store)
        return async (...args: unknown[]): Promise<unknown> => {
          if (!isDropped) await dropOldBackups(place, 1)
          isDropped = true
          return value.apply(store, args)
        }
      },
    })
    const { whole, unreadable } = await listBackups({ objects: dropping, clusterId })
    assert.deepEqual([whole.length, unreadable.length], [1, 0])
  }
})

test('the newest are kept, and parts of those that never became whole go', async () => {
  const { catalog, objects, place } = await begin()
  for (const nowMs of [1_000, 2_000, 3_000, 4_000]) await backUp(catalog, place, nowMs)
  const ids = (await listBackups(place)).whole.map(({ backupId }) => backupId)
  assert.deepEqual(ids, ids.toSorted().toReversed())
  const unfinished = `${clusterId}/catalog-backup/parts/19700101-000001-500/000000.zst`
  await objects.put(unfinished, [Buffer.from('half')])
  assert.equal(await dropOldBackups(place, 2), 2)
  assert.deepEqual(
    (await listBackups(place)).whole.map(({ createdMs }) => createdMs),
    [4_000, 3_000],
  )
  assert.equal(await objects.stat(unfinished), undefined)
  const [kept] = (await listBackups(place)).whole
  assert.ok(kept !== undefined)
  assert.ok((await restore(empty(), place, kept, 5, quiet)).rows > 0, 'its parts are there')
})
