/** Every change that others have in memory is noted by the transaction that makes it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Change, changeOf, expireChanges, nextChangeId, noteChange } from './change-log.ts'
import { changeClientQuotas } from './client-quotas.ts'
import type { CatalogDatabase } from './database.ts'
import { deleteRecordsBefore } from './delete-records.ts'
import { LiveConfigs } from './live-configs.ts'
import { openMemoryDatabase } from './memory-database.ts'
import { claimPackedObject, swapPacked } from './pack-swap.ts'
import { raiseLogStart } from './retain-extents.ts'
import { partitions } from './schema.ts'
import { changeLog } from './schema-changes.ts'
import { configureTopic, createTopic, deleteTopic, growTopic } from './topics.ts'

async function noted(database: CatalogDatabase): Promise<Change[]> {
  const rows = await database.snapshot('look', (tx) =>
    tx.scan(changeLog, { prefix: [], limit: 1000 }),
  )
  return rows.map(changeOf)
}

const open = (): CatalogDatabase => openMemoryDatabase({ clock: new VirtualClock() })

const wanted = { topicId: 'A', name: 'a', partitionCount: 2, replicationFactor: 1, configs: {} }

test('topics, log starts, packing, configs and quotas', async () => {
  const database = open()
  const expected: Change[] = []
  const notes = async (change: Change): Promise<void> => {
    expected.push(change)
    assert.deepEqual(await noted(database), expected)
  }
  const topic: Change = { kind: 'topic', names: ['A'] }
  await createTopic(database, { ...wanted, nowMs: 1, leaderEpoch: 0 })
  await notes(topic)
  await growTopic(database, 'A', 3, 0)
  await notes(topic)
  await configureTopic(database, 'A', () => ({ 'retention.ms': '1' }))
  await notes(topic)
  const [row] = await database.snapshot('look', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 1 }),
  )
  assert.ok(row !== undefined)
  const { partitionId } = row
  const partition: Change = { kind: 'partition', names: [partitionId] }
  await database.transaction('fill', (tx) => tx.put(partitions, [{ ...row, logEnd: 9 }]))
  const { objectId } = await claimPackedObject(database, 1)
  const place = { position: 0, length: 1, maxTimestampMs: 0, leaderEpoch: 0 }
  const extents = [{ baseOffset: 0, nextOffset: 5, ...place }]
  const part = { partitionId, fromOffset: 0, toOffset: 5, extents }
  await swapPacked(database, { objectId, size: 1 }, [part], 1)
  await notes(partition)
  await swapPacked(database, { objectId, size: 1 }, [part], 1)
  assert.deepEqual(await noted(database), expected, 'a void swap is no news')
  await raiseLogStart(database, partitionId, 3, 1)
  await notes(partition)
  await raiseLogStart(database, partitionId, 3, 1)
  assert.deepEqual(await noted(database), expected, 'nor is a start that stays')
  await deleteRecordsBefore(database, partitionId, 4, 1)
  await notes(partition)
  const startedWith = { source: 'static', values: {} } as const
  const configs = new LiveConfigs({ database, nodeId: 1, startedWith })
  await configs.change({ kind: 'broker', name: '' }, () => ({ 'log.retention.ms': '5' }))
  await notes({ kind: 'config', names: [['broker', '']] })
  await changeClientQuotas(database, new Map([['[]', { producer_byte_rate: 1 }]]))
  await notes({ kind: 'quota', names: ['[]'] })
  await deleteTopic(database, 'A', 1)
  await notes(topic)
})

test('what is old is deleted, and numbers go on', async () => {
  const database = open()
  const note = (name: string): Promise<void> =>
    database.transaction('note', (tx) => noteChange(tx, { kind: 'topic', names: [name] }))
  await note('a')
  await note('b')
  assert.equal(await nextChangeId(database), 3)
  assert.equal(await expireChanges(database, 2), true)
  assert.deepEqual(await noted(database), [{ kind: 'topic', names: ['b'] }])
  await note('c')
  assert.equal(await nextChangeId(database), 4)
})

test('nothing is noted where nothing changed, and an unknown kind is corrupt', async () => {
  const database = open()
  await database.transaction('note', (tx) => noteChange(tx, { kind: 'topic', names: [] }))
  assert.deepEqual(await noted(database), [])
  assert.throws(() => changeOf({ changeId: 1, kind: 'x', names: '[]' }), { kind: 'corrupt' })
})
