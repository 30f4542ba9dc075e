/**
 * A catalog as it was before the last things happened is made fit again: cut off at any of its
 * steps and run again, and over objects that are damaged or gone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogWorld, noSignal } from '../../test/log/log-world.ts'
import { Failure } from '../base/errors.ts'
import { openCluster } from '../catalog/cluster.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { extents, partitions } from '../catalog/schema.ts'
import { EmbeddedGroups } from '../doctor/group-sources.ts'
import { lookOver } from '../doctor/look.ts'
import { JournalFiles } from '../journal/journal-files.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { forEachBatch } from '../record/batch-sequence.ts'
import { recordsIn } from '../record/records.ts'
import { backUp } from './catalog-backup.ts'
import { restore } from './catalog-restore.ts'
import { groupRowOf, rescue, type RescueParts } from './rescue.ts'
import { offsetGap } from './rescue-write.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
/** What a marker of a rescue that was cut off says, once the next one packs it. */
const marker = '\0'.repeat(6)
const quiet = (): void => undefined

/** Records packed before the backup, not packed then, packed since, and not packed at the end. */
async function begin() {
  const world = new LogWorld()
  await world.start()
  const topic = await world.createTopic('t', 2)
  const write = async (...values: string[]): Promise<void> => {
    for (const value of values) {
      for (const partition of [0, 1]) await world.within(world.append(topic, partition, [value]))
    }
  }
  const pack = (): Promise<void> => world.within(world.process.packer.packWindow(noSignal))
  await write('a', 'b')
  await pack()
  await write('c')
  const backups = new MemoryObjectStore({ clock: world.clock })
  const place = { objects: backups, clusterId }
  const manifest = await backUp(world.database, place, 1_000)
  await write('d', 'e')
  await pack()
  await world.createTopic('later', 1)
  await write('f')
  const files = new JournalFiles(world.disk.mount(), '/journal')
  const groups = new EmbeddedGroups(files)
  const restored = async (): Promise<CatalogDatabase> => {
    const database = openMemoryDatabase({ clock: world.clock })
    await restore(database, place, manifest, 2_000, quiet)
    return database
  }
  const parts = (database: CatalogDatabase): RescueParts => ({
    ...{ database, objects: world.store, clusterId, place: 'memory', isFleet: false, backups },
    ...{ nowMs: 3_000, progress: quiet },
    readGroup: (objectId, position, length) => groups.read(groupRowOf(objectId), position, length),
  })
  /** What a deep look finds. */
  const findings = async (database: CatalogDatabase): Promise<string[]> => {
    const patient = { catalog: database, objects: world.store, clusterId, groups }
    const options = { isDeep: true, orphanMs: 1, signal: noSignal, progress: quiet }
    const about = { isFleet: false, place: 'memory', clock: world.clock }
    const found = await lookOver({ ...patient, ...about }, options)
    return found.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`)
  }
  /** Values by offset, as the extents name them. */
  const values = async (database: CatalogDatabase, partitionId: number) => {
    const rows = await database.snapshot('read', (tx) =>
      tx.scan(extents, { prefix: [partitionId], limit: 100 }),
    )
    const found: string[] = []
    for (const { objectId, position, length } of rows) {
      const bytes = await world.store.read(`${clusterId}/${objectId}`, position, length)
      forEachBatch(bytes, (at, batchBytes) => {
        for (const { offset, value } of recordsIn(bytes.subarray(at, at + batchBytes))) {
          const text = Buffer.from(value ?? []).toString()
          if (text !== marker) found.push(`${offset} ${text}`)
        }
      })
    }
    return found
  }
  return { world, restored, parts, findings, values }
}

const all = ['0 a', '1 b', '2 c', '3 d', '4 e']

test('what was packed since the backup is named again, and ends go on beyond', async () => {
  const { restored, parts, findings, values } = await begin()
  const database = await restored()
  const report = await rescue(parts(database))
  assert.deepEqual(
    report.partitions.map(({ topic, partition, knownEnd, recoveredEnd, holes }) => {
      return [topic, partition, knownEnd, recoveredEnd, holes]
    }),
    [
      ['t', 0, 3, 5, []],
      ['t', 1, 3, 5, []],
    ],
  )
  assert.deepEqual(await values(database, 0), all)
  assert.deepEqual(await values(database, 1), all)
  assert.deepEqual(
    (await findings(database)).filter((text) => !text.startsWith('orphan')),
    [],
  )
  const [row] = await database.snapshot('read', (tx) => tx.get(partitions, [[0]]))
  assert.equal(row?.logEnd, 5 + offsetGap)
  assert.equal(row.leaderEpoch, 1)
  assert.deepEqual(await openCluster(database, clusterId), { clusterId, leaderEpoch: 1 })
  await assert.rejects(rescue(parts(database)), { kind: 'invalid' })
})

test('cut off at any step it is run again, and nothing is lost or named twice', async () => {
  const { restored, parts, findings, values } = await begin()
  for (let step = 1; ; step++) {
    const database = await restored()
    let steps = 0
    const cut: CatalogDatabase = {
      transaction: (name, body) => {
        if (++steps === step) throw new Failure('unavailable', `cut off at step ${step}`)
        return database.transaction(name, body)
      },
      snapshot: (name, body) => database.snapshot(name, body),
      close: () => database.close(),
    }
    const isWhole = await rescue(parts(cut)).then(
      () => true,
      (error: unknown) => {
        assert.match(String(error), /cut off at step/)
        return false
      },
    )
    if (isWhole) {
      assert.ok(step > 10, 'it has steps')
      return
    }
    await assert.rejects(openCluster(database, clusterId), /karst catalog rescue/)
    await rescue(parts(database))
    for (const partition of [0, 1]) assert.deepEqual(await values(database, partition), all)
    const found = (await findings(database)).filter((text) => !text.startsWith('orphan'))
    assert.deepEqual(found, [], `cut off at step ${step}`)
  }
})

test('what is damaged or gone is a hole, and everything else is there', async () => {
  const { world, restored, parts, findings, values } = await begin()
  const packed = (await world.stored()).filter((key) => key.includes('packed-'))
  assert.equal(packed.length, 2)
  const [first = '', second = ''] = packed
  // Since the backup, by its footer; a byte of the first extent is not what it was.
  const { size } = (await world.store.stat(second)) ?? { size: 0 }
  const bytes = Buffer.from(await world.store.read(second, 0, size))
  bytes[48 + 70]! ^= 1
  await world.store.put(second, [bytes])
  await world.store.delete(first)
  const database = await restored()
  const report = await rescue(parts(database))
  const [zero, one] = report.partitions
  assert.deepEqual(zero?.holes, [{ from: 0, to: 2 }], 'a and b were in the object that is gone')
  assert.equal(zero.recoveredEnd, 3, 'c is still in the journal')
  assert.deepEqual(await values(database, 0), ['2 c'])
  assert.equal(one?.recoveredEnd, 5)
  assert.deepEqual(await values(database, 1), ['2 c', '3 d', '4 e'])
  assert.deepEqual(
    (await findings(database)).filter((text) => !text.startsWith('orphan')),
    [],
  )
})
