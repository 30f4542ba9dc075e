import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { openMemoryDatabase } from './memory-database.ts'
import { commitRow, partitionRow } from './contract-subject.ts'
import { encodeManifest, markerRun } from './manifest.ts'
import { endJournalObjects, findFinished } from './pack-finish.ts'
import { commitLog, objects, type ObjectRow, partitions, topics } from './schema.ts'
import { readTail } from './tail.ts'

const row = (objectId: string, changes: Partial<ObjectRow> = {}): ObjectRow => {
  const kind = 'journal'
  return { objectId, kind, state: 'live', size: 4096, createdMs: 1, unnamedMs: 0, ...changes }
}

// The third is missing, and stands before a row that is there: claims must not come behind it.
test('journal objects end together, those that no commit ever named among them', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const named = [row('journal-2'), row('journal-31')]
  await database.transaction('fill', (tx) => tx.put(objects, named))
  const finished = ['journal-31', 'journal-2', 'journal-29', 'journal-100']
  await endJournalObjects(database, { finished, packedGroups: undefined }, 7)
  const ended = await database.snapshot('read', (tx) => tx.scan(objects, { prefix: [], limit: 10 }))
  const garbage = { state: 'garbage', unnamedMs: 7 } as const
  assert.deepEqual(ended, [
    row('journal-100', { ...garbage, size: 0, createdMs: 7 }),
    row('journal-2', garbage),
    row('journal-29', { ...garbage, size: 0, createdMs: 7 }),
    row('journal-31', garbage),
  ])
})

test('groups are packed as far as their markers are, too', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const said = { producerId: 3, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1 }
  const marker = markerRun(2, 0, { type: 'commit', ...said, transactionVersion: 2 }, 0)
  const manifest = encodeManifest([marker], 0)
  const { topicId } = partitionRow(1)
  const named = { topicId, name: 't', partitionIds: '[1,2]', configs: '{}', configVersion: 0 }
  const other = partitionRow(2, { logEnd: 1 })
  await database.transaction('fill', async (tx) => {
    const bare = commitRow(1, 2, { objectId: '', length: 0, manifest })
    const others = [1, 3].map((number) => commitRow(1, number, { objectId: 'journal-1' }))
    await tx.put(commitLog, [...others, bare])
    await tx.put(topics, [{ ...named, replicationFactor: 1, createdMs: 1, deletedMs: null }])
    await tx.put(partitions, [other])
    await tx.put(objects, [row('journal-1')])
  })
  const before = await findFinished(database, ['journal-1'])
  assert.deepEqual(before.finished, ['journal-1'])
  assert.deepEqual(before.packedGroups, { incarnation: 1, groupNumber: 1 })
  const { groups } = await readTail(database)
  assert.ok(groups.some(({ objectId }) => objectId === ''))
  await database.transaction('pack', (tx) => tx.put(partitions, [{ ...other, packedEnd: 1 }]))
  const after = await findFinished(database, ['journal-1'])
  assert.deepEqual(after.packedGroups, { incarnation: 1, groupNumber: 3 })
})
