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
  await endJournalObjects(database, { finished, packedGroups: new Map() }, 7)
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
  const named = {
    topicId,
    name: 't',
    partitionIds: '[1,2]',
    configs: '{}',
    contract: null,
    configVersion: 0,
  }
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
  assert.deepEqual(before.packedGroups, new Map([[1, 1]]))
  const { groups } = await readTail(database)
  assert.ok(groups.some(({ objectId }) => objectId === ''))
  await database.transaction('pack', (tx) => tx.put(partitions, [{ ...other, packedEnd: 1 }]))
  const after = await findFinished(database, ['journal-1'])
  assert.deepEqual(after.packedGroups, new Map([[1, 3]]))
})

test('groups of brokers that commit side by side are packed each in its own order', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const { topicId } = partitionRow(1)
  const named = {
    topicId,
    name: 't',
    partitionIds: '[1]',
    configs: '{}',
    contract: null,
    configVersion: 0,
  }
  const run = (objectId: string, baseOffset: number): Uint8Array => {
    const offsets = { baseOffset, nextOffset: baseOffset + 1, maxTimestampMs: 1, leaderEpoch: 0 }
    return encodeManifest([{ partitionId: 1, objectId, position: 0, length: 9, ...offsets }], 0)
  }
  await database.transaction('fill', async (tx) => {
    // The second broker's first group came before the first broker's second one.
    const groups = [
      commitRow(1, 1, { objectId: 'journal-1', manifest: run('journal-1', 0) }),
      commitRow(1, 2, { objectId: 'journal-3', manifest: run('journal-3', 2) }),
      commitRow(2, 1, { objectId: 'journal-2', manifest: run('journal-2', 1) }),
    ]
    await tx.put(commitLog, groups)
    await tx.put(topics, [{ ...named, replicationFactor: 1, createdMs: 1, deletedMs: null }])
    await tx.put(partitions, [partitionRow(1, { logEnd: 3, packedEnd: 2 })])
    await tx.put(objects, [row('journal-1'), row('journal-2'), row('journal-3')])
  })
  const found = await findFinished(database, ['journal-1', 'journal-2', 'journal-3'])
  assert.deepEqual(found.finished, ['journal-1', 'journal-2'])
  assert.deepEqual(
    found.packedGroups,
    new Map([
      [1, 1],
      [2, 1],
    ]),
  )
  await endJournalObjects(database, found, 7)
  const { groups } = await readTail(database)
  assert.deepEqual(
    groups.map(({ incarnation, groupNumber }) => [incarnation, groupNumber]),
    [[1, 2]],
  )
})
