/** A catalog that knows less than was seen is refused, and says so to whoever opens it next. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { Failure } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { openCluster } from '../catalog/cluster.ts'
import { drawNumbers } from '../catalog/counters.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { endRescue, readRescue } from '../catalog/rescue-state.ts'
import { clusterFacts, counters, partitions } from '../catalog/schema.ts'
import { createTopic } from '../catalog/topics.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { CatalogWitness } from './catalog-witness.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

async function begin() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const { leaderEpoch } = await openCluster(database, clusterId)
  const incarnation = await drawNumbers(database, 'broker.incarnation', 1)
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 1 })
  const ended: Failure[] = []
  const witness = new CatalogWitness({
    clock,
    log: silentLog,
    openDatabase: async () => ({ ...bound(database), close: async () => undefined }),
    ended: (failure) => ended.push(failure),
  })
  const logs = [{ partitionId: 0, logEnd: 0 }]
  const index = { all: () => logs }
  const accept = async (): Promise<void> => {
    try {
      await database.snapshot('accept', (tx) => witness.accept(tx))
    } finally {
      await clock.advance(10) // the word to others is on its way
    }
  }
  const watch = (): void => witness.watch({ clusterId, leaderEpoch, incarnation, index })
  return { clock, database, witness, logs, accept, watch, ended, incarnation }
}

/** The database, for who closes what he opened. */
function bound(database: ReturnType<typeof openMemoryDatabase>) {
  return {
    transaction: database.transaction.bind(database),
    snapshot: database.snapshot.bind(database),
    changes: database.changes.bind(database),
    announce: database.announce.bind(database),
    onAnnounced: database.onAnnounced.bind(database),
    databaseMs: database.databaseMs.bind(database),
  }
}

test('a catalog that knows what was seen is accepted, also when a topic is gone', async () => {
  const { database, accept, watch, logs, ended } = await begin()
  await accept()
  watch()
  await accept()
  await database.transaction('grow', async (tx) => {
    const [row] = await tx.lock(partitions, [[0]], 'exclusive')
    if (row !== undefined) await tx.put(partitions, [{ ...row, logEnd: 7 }])
  })
  logs[0] = { partitionId: 0, logEnd: 7 }
  await accept()
  await database.transaction('drop', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    await tx.delete(partitions, [[0]])
  })
  await accept()
  assert.deepEqual(ended, [])
})

test('an end that was seen and is not there any more puts the catalog into rescue', async () => {
  const { database, accept, watch, logs, ended } = await begin()
  watch()
  logs[0] = { partitionId: 0, logEnd: 7 }
  await assert.rejects(accept(), /partition 0 ends at 0, and 7 was seen/)
  assert.equal(ended.length, 1)
  assert.equal((await readRescue(database))?.reason, 'went-back')
  await assert.rejects(openCluster(database, clusterId), /karst catalog rescue/)
  await endRescue(database)
  await assert.rejects(accept(), { kind: 'fenced' }, 'this broker never goes on')
})

test('a partition, and an incarnation, that the catalog has not given', async () => {
  for (const name of ['partition.id', 'broker.incarnation']) {
    const { database, accept, watch, ended } = await begin()
    watch()
    await database.transaction('forget', async (tx) => {
      await tx.lock(partitions, [[0]], 'exclusive')
      await tx.delete(partitions, [[0]])
      await tx.lock(counters, [[name]], 'exclusive')
      await tx.put(counters, [{ name, next: 0 }])
    })
    await assert.rejects(accept(), /has not (made partition|given incarnation) 0/)
    assert.equal(ended.length, 1)
  }
})

test('a catalog that was rescued meanwhile ends the broker, and stays as it is', async () => {
  const { database, accept, watch, ended } = await begin()
  watch()
  await database.transaction('raise', async (tx) => {
    await tx.lock(clusterFacts, [['leader.epoch']], 'exclusive')
    await tx.put(clusterFacts, [{ name: 'leader.epoch', value: '1' }])
  })
  await assert.rejects(accept(), /was rescued: its leader epoch is 1/)
  assert.equal(ended.length, 1)
  assert.equal(await readRescue(database), undefined)
})

test('an incarnation that names objects already was given before', async () => {
  const { clock, database, witness, incarnation } = await begin()
  const store = new MemoryObjectStore({ clock })
  await witness.refuseReused(store, clusterId, incarnation)
  await store.put(`${clusterId}/journal-${incarnation}-1`, [Buffer.from('group')])
  await assert.rejects(witness.refuseReused(store, clusterId, incarnation), { kind: 'conflict' })
  assert.equal((await readRescue(database))?.reason, 'went-back')
})
