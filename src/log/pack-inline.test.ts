/** What is in the catalog is packed sooner than the journal, and alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpooled } from '../base/hold.ts'
import { silentLog } from '../base/log.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { inlineData, objects } from '../catalog/schema.ts'
import { groupsOfObjects, readTail } from '../catalog/tail.ts'
import { createTopic } from '../catalog/topics.ts'
import { ObjectJournal } from '../journal/object-journal.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { buildBatch } from '../record/build-batch.ts'
import { intentOf, topicId } from '../../test/log/lane-bench.ts'
import { noSignal } from '../../test/log/log-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { BrokerLog } from './broker-log.ts'
import { Collector } from './collect.ts'
import { InlineBudget } from './inline-budget.ts'
import { Packer } from './pack.ts'
import { StoredRuns } from './stored-runs.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const limits = { windowMs: 60_000, windowBytes: 1e9, objectBytes: 1e6, inlineMs: 5_000 }
const lane = {
  ...{ groupBytesMax: 1e6, groupBatchesMax: 50, flightsMax: 9, lingerMs: 50, earlyBytesMax: 0 },
  ...{ writeDeadlineMs: 10_000, queuedBytesMax: 1e9 },
}

async function begin() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const store = new MemoryObjectStore({ clock })
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 2 })
  const shared = { database, clock, log: silentLog, objects: store, clusterId }
  const caches = { writeTimeoutMs: 10_000, known: [], cacheBytes: 10_000 }
  const journal = new ObjectJournal({ ...shared, ...caches, brokerId: 1 })
  const budgetLimits = { bytesPerSecond: 1e9, totalBytesPerSecond: 1e9, unpackedBytesMax: 1e9 }
  const budget = new InlineBudget(clock, budgetLimits, () => journal.inlineBytes)
  const logs = new BrokerLog({
    ...{ incarnation: 1, database, journal, clock, log: silentLog, laneLimits: lane },
    blockSource: new StoredRuns({ journal, objects: store, clusterId }),
    inline: { budget, groupBytesMax: 1_000 },
    ...{ tailCacheBytes: 0, blockCacheBytes: 0, storageReadsMax: 4 },
  })
  logs.load(await readTail(database))
  const { index, extentIndex } = logs
  const topicOf = () => ({ name: 't', retentionMs: -1, segmentMs: 1e9 })
  const settled = (): Promise<void> => logs.settled()
  const parts = { ...shared, journal, index, extentIndex, topicOf, settled, limits }
  const packer = new Packer(parts)
  const append = async (partitionId: number, bytes: number): Promise<void> => {
    const batch = buildBatch([{ key: null, value: Buffer.alloc(bytes, 7), timestampMs: 0 }])
    const intent = { ...intentOf({ partitionId, byteLength: batch.length }), partitionIndex: 0 }
    const appending = logs.append(intent, batch, unpooled)
    await clock.advance(50)
    assert.equal((await appending).outcome, 'appended')
    journal.learn(groupsOfObjects((await readTail(database)).groups)) // as the feed does
  }
  const tails = (): string[][] =>
    [0, 1].map((id) => (index.get(id)?.tail ?? []).map(({ objectId }) => objectId))
  const rows = async (): Promise<number> =>
    (await database.snapshot('look', (tx) => tx.scan(inlineData, { prefix: [], limit: 99 }))).length
  /** Lets everybody have a turn until the work is done; no time passes. */
  const pass = async (work: Promise<void>): Promise<void> => {
    let isDone = false
    const done = work.finally(() => (isDone = true))
    for (let turn = 0; !isDone && turn < 10_000; turn++) await clock.advance(0)
    assert.ok(isDone, 'it comes to an end')
    await done
  }
  return { clock, database, shared, journal, logs, packer, append, tails, rows, pass }
}

test('groups in the catalog are packed after their time, what is behind others waits', async () => {
  const { clock, packer, append, tails, journal, pass } = await begin()
  await append(0, 100)
  await append(1, 5_000)
  await append(1, 100)
  await append(0, 200)
  assert.deepEqual(tails(), [
    ['inline-1-0', 'inline-1-3'],
    ['journal-1-1', 'inline-1-2'],
  ])
  await pass(packer.packIfDue(noSignal))
  await clock.advance(4_999)
  await pass(packer.packIfDue(noSignal))
  assert.equal(tails()[0]?.length, 2, 'not yet')
  await clock.advance(1)
  await pass(packer.packIfDue(noSignal))
  assert.deepEqual(tails(), [[], ['journal-1-1', 'inline-1-2']])
  assert.deepEqual(journal.finished(), ['journal-1-1', 'inline-1-2'])
  assert.deepEqual([packer.stats.windows, packer.stats.objects, packer.stats.retired], [0, 1, 2])
  await clock.advance(60_000)
  await pass(packer.packIfDue(noSignal))
  assert.deepEqual(tails(), [[], []])
  assert.deepEqual(journal.finished(), [])
  assert.equal(journal.inlineBytes, 0)
})

test('what was packed is read from its object, and its row goes after the grace', async () => {
  const { clock, shared, logs, packer, append, rows, database, pass } = await begin()
  await append(0, 100)
  await append(0, 300)
  const log = logs.index.get(0)
  assert.ok(log !== undefined)
  const read = async (): Promise<Buffer> => {
    const chunks: Buffer[] = []
    for (let offset = 0; offset < 2;) {
      const result = await logs.read(log, offset, 10_000)
      assert.ok(result.outcome === 'records' && result.nextOffset > offset)
      chunks.push(...result.chunks.map((chunk) => Buffer.from(chunk)))
      offset = result.nextOffset
      result.release()
    }
    return Buffer.concat(chunks)
  }
  const before = await read()
  assert.equal(before.readBigInt64BE(0), 0n)
  await pass(packer.packInline(noSignal))
  assert.deepEqual(await read(), before)
  assert.equal(await rows(), 2, 'readers that are behind have their grace')
  const graces = { graceMs: 60_000, orphanMs: 900_000, journalRowsMs: 0 }
  const collector = new Collector({ ...shared, limits: graces })
  await clock.advance(60_001)
  await pass(collector.collect(noSignal))
  assert.equal(await rows(), 0)
  assert.deepEqual(await read(), before)
  const left = await database.snapshot('look', (tx) => tx.scan(objects, { prefix: [], limit: 9 }))
  assert.deepEqual(
    left.map(({ kind }) => kind),
    ['packed'],
  )
})
