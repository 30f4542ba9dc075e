/** Topics in the catalog, numbers that are given once, and the facts of the cluster. */
import assert from 'node:assert/strict'
import { nobodyYet } from './recent-producers.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import { openCluster } from './cluster.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase } from './database.ts'
import { partitions, topics } from './schema.ts'
import {
  configureTopic,
  createTopic,
  deleteTopic,
  growTopic,
  listTopics,
  readTopic,
  settleTopic,
  type Topic,
} from './topics.ts'

const idOf = (name: string): string => Buffer.from(name.padEnd(16)).toString('base64url')

async function create(
  database: CatalogDatabase,
  name: string,
  options: { id?: string; partitionCount?: number } = {},
): Promise<Topic | undefined> {
  const { id = idOf(name), partitionCount = 2 } = options
  const shape = { name, topicId: id, partitionCount, replicationFactor: 1, nowMs: 3 }
  const result = await createTopic(database, { ...shape, configs: { a: 'b' }, leaderEpoch: 1 })
  return result.outcome === 'created' ? result.topic : undefined
}

catalogTest('a topic is created once, with partitions of its own', async (database) => {
  const first = await create(database, 'a')
  const second = await create(database, 'b', { partitionCount: 3 })
  assert.deepEqual(first?.partitionIds, [0, 1])
  assert.deepEqual(second?.partitionIds, [2, 3, 4])
  assert.equal(await create(database, 'a', { id: idOf('again') }), undefined)
  assert.deepEqual(await readTopic(database, 'a'), first)
  assert.equal(await readTopic(database, 'c'), undefined)
  assert.deepEqual(await listTopics(database), [first, second])
  await database.snapshot('look', async (tx) => {
    const ofNobody = await tx.get(topics, [[idOf('again')]])
    assert.deepEqual(ofNobody, [undefined], 'what lost the race for the name leaves nothing')
    const [row] = await tx.get(partitions, [[3]])
    const ends = {
      logStart: 0,
      logEnd: 0,
      packedEnd: 0,
      producersKnownFrom: 0,
      recentProducers: nobodyYet,
    }
    const place = { topicId: idOf('b'), partitionIndex: 1, leaderEpoch: 1 }
    assert.deepEqual({ ...row }, { partitionId: 3, ...place, ...ends })
  })
})

catalogTest('a deleted name is free at once, for another topic', async (database) => {
  const first = await create(database, 'a')
  assert.deepEqual(await deleteTopic(database, idOf('a'), 9), first)
  assert.equal(await deleteTopic(database, idOf('a'), 9), undefined)
  assert.equal(await readTopic(database, 'a'), undefined)
  const second = await create(database, 'a', { id: idOf('a2') })
  assert.deepEqual(second?.partitionIds.length, 2)
  assert.notDeepEqual(second?.partitionIds, first?.partitionIds)
  assert.deepEqual(await listTopics(database), [second])
  assert.equal(await settleTopic(database, idOf('a')), undefined)
  assert.deepEqual(await settleTopic(database, idOf('a2')), second)
})

catalogTest('partitions are added, never taken away', async (database) => {
  const before = await create(database, 'a')
  const grown = await growTopic(database, idOf('a'), 5, 2)
  assert.equal(grown.outcome, 'changed')
  const { topic } = grown as { topic: Topic }
  assert.deepEqual(topic.partitionIds.slice(0, 2), before?.partitionIds)
  assert.equal(new Set(topic.partitionIds).size, 5)
  for (const count of [5, 1]) {
    const refused = await growTopic(database, idOf('a'), count, 2)
    assert.deepEqual(refused, { outcome: 'not-more-partitions', partitionCount: 5 })
  }
  assert.deepEqual(await growTopic(database, idOf('x'), 9, 2), { outcome: 'unknown-topic' })
  const rows = await database.snapshot('look', (tx) =>
    tx.get(
      partitions,
      topic.partitionIds.map((id) => [id]),
    ),
  )
  assert.deepEqual(
    rows.map((row) => [row?.partitionIndex, row?.leaderEpoch]),
    [
      [0, 1],
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 2],
    ],
  )
})

catalogTest('each change of configs raises the version', async (database) => {
  await create(database, 'a')
  const seen: unknown[] = []
  for (let round = 1; round <= 2; round++) {
    const result = await configureTopic(database, idOf('a'), (configs) => {
      seen.push(configs)
      return { ...configs, [`c${round}`]: 'x' }
    })
    assert.equal((result as { topic: Topic }).topic.configVersion, round)
  }
  assert.deepEqual(seen, [{ a: 'b' }, { a: 'b', c1: 'x' }])
  const unknown = await configureTopic(database, idOf('x'), () => ({}))
  assert.deepEqual(unknown, { outcome: 'unknown-topic' })
})

catalogTest('numbers are drawn once', async (database) => {
  const draws = await Promise.all([1, 5, 1, 3].map((n) => drawNumbers(database, 'object.id', n)))
  const drawn = draws.flatMap((first, index) =>
    Array.from({ length: [1, 5, 1, 3][index] ?? 0 }, (_, at) => first + at),
  )
  assert.equal(new Set(drawn).size, 10)
  assert.equal(await drawNumbers(database, 'object.id', 1), 10)
  assert.equal(await drawNumbers(database, 'producer.id', 1), 0, 'each counter by itself')
})

catalogTest('a cluster is founded once', async (database) => {
  assert.deepEqual(await openCluster(database, 'first'), { clusterId: 'first', leaderEpoch: 0 })
  assert.deepEqual(await openCluster(database, 'second'), { clusterId: 'first', leaderEpoch: 0 })
})
