/** What a lost catalog knew of a group is told by the next object of its broker (C3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpooled } from '../base/hold.ts'
import { silentLog } from '../base/log.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { partitions } from '../catalog/schema.ts'
import { readTail } from '../catalog/tail.ts'
import { createTopic } from '../catalog/topics.ts'
import { markerRun } from '../catalog/manifest.ts'
import { decodeObjectHeader } from '../journal/object-header.ts'
import { ObjectJournal } from '../journal/object-journal.ts'
import { bytesOf, someCluster, someGroup } from '../journal/some-groups.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { intentOf, topicId } from '../../test/log/lane-bench.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { BrokerLog } from './broker-log.ts'
import { decisionOf } from './decision.ts'
import { LogIndex } from './log-index.ts'
import { StoredRuns } from './stored-runs.ts'

const clusterId = Buffer.from(someCluster).toString('base64url')

async function newLogs() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 1 })
  const objects = new MemoryObjectStore({ clock })
  const places = { objects, clusterId, clock, database, brokerId: 3, known: [] }
  const journal = new ObjectJournal({ ...places, writeTimeoutMs: 1_000, cacheBytes: 0 })
  const logs = new BrokerLog({
    ...{ incarnation: 7, database, journal, clock, log: silentLog },
    blockSource: new StoredRuns({ journal, objects, clusterId }),
    laneLimits: {
      ...{ groupBytesMax: 1_000, groupBatchesMax: 1, flightsMax: 4, lingerMs: 150 },
      ...{ earlyBytesMax: 0, writeDeadlineMs: 1_000, queuedBytesMax: 100_000 },
    },
    ...{ tailCacheBytes: 0, blockCacheBytes: 0, storageReadsMax: 1 },
    decided: (group) => journal.decided(group),
  })
  logs.load(await readTail(database))
  return { objects, logs, database }
}

test('the object of the next group tells the offsets of the one before', async () => {
  const { objects, logs } = await newLogs()
  const bytes = bytesOf(someGroup(1, [40]))
  const append = { ...intentOf({ byteLength: bytes.length }), partitionIndex: 0 }
  await logs.append(append, bytes, unpooled)
  await logs.append(append, bytesOf(someGroup(2, [40])), unpooled)
  const stored = await objects.list('', undefined, 10)
  const told = await Promise.all(
    stored.map(async ({ key, size }) => {
      const header = decodeObjectHeader(await objects.read(key, 0, size))
      assert.ok(typeof header === 'object')
      return header.decided
    }),
  )
  const outcomes = [{ outcome: 'appended', baseOffset: 0 }] as const
  const rest = { state: 'committed', leaderEpoch: 0, markers: [] } as const
  assert.deepEqual(told, [[], [{ id: { incarnation: 7, groupNumber: 0 }, outcomes, ...rest }]])
})

test('markers are told by topic and index; nothing is told of what changed nothing', async () => {
  const { database } = await newLogs()
  const index = new LogIndex()
  const rows = await database.snapshot('look', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  index.addPartitions(rows)
  const [row] = rows
  assert.ok(row !== undefined)
  const marker = {
    ...({ type: 'abort', producerId: 5, producerEpoch: 1, coordinatorEpoch: 0 } as const),
    ...{ timestampMs: 9, transactionVersion: 2 },
  }
  const group = { id: { incarnation: 7, groupNumber: 3 }, appends: [] }
  const nothing = { state: 'committed', outcomes: [], transactions: [], answers: [] } as const
  const runs = [markerRun(row.partitionId, 12, marker, 4), markerRun(99, 1, marker, 4)]
  assert.deepEqual(decisionOf(group, { ...nothing, runs }, index), {
    ...{ id: group.id, state: 'committed', leaderEpoch: 4, outcomes: [] },
    markers: [{ topicId, partitionIndex: 0, offset: 12, marker }],
  })
  assert.equal(decisionOf(group, { ...nothing, runs: [] }, index), undefined)
  assert.equal(decisionOf(group, { state: 'cancelled' }, index), undefined)
})
