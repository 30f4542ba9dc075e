/** The commit: offsets, sequences, refusals, and what becomes of a group whose answer was lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import {
  type AppendIntent,
  cancelGroups,
  commitGroups,
  type GroupIntent,
  type GroupResult,
} from './commit-groups.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase } from './database.ts'
import { openMemoryDatabase } from './memory-database.ts'
import type { MemoryFault } from './memory-faults.ts'
import { decodeManifest } from './manifest.ts'
import { type AppendOutcome, decodeOutcomes } from './outcomes.ts'
import { endJournalObjects } from './pack-finish.ts'
import { expireAll } from '../../test/log/expire-all.ts'
import { producerStateOf } from './producer-states.ts'
import { commitLog, objects, partitions } from './schema.ts'
import { configureTopic, createTopic, deleteTopic, type Topic } from './topics.ts'

const topicId = 'dG9waWMtb2YtY29tbWl0cw'
const olderProducers = 1_000

/** Producers with an id below `olderProducers` may have written to an earlier topic of the name. */
async function newTopic(database: CatalogDatabase, partitionCount = 3): Promise<Topic> {
  await drawNumbers(database, 'producer.id', olderProducers)
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 4 }
  const result = await createTopic(database, { ...shape, topicId, partitionCount })
  assert.equal(result.outcome, 'created')
  return (result as { topic: Topic }).topic
}

let groupNumber = 0

function group(appends: readonly AppendIntent[], changes: Partial<GroupIntent> = {}): GroupIntent {
  const place = { objectId: 'journal-1', position: 4_096, length: 10_000, bytesPosition: 4_200 }
  return { incarnation: 1, groupNumber: groupNumber++, ...place, createdMs: 7, appends, ...changes }
}

function append(partitionId: number, changes: Partial<AppendIntent> = {}): AppendIntent {
  return {
    topicId,
    partitionId,
    configVersion: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    offsetCount: 10,
    maxTimestampMs: 5,
    byteLength: 100,
    ...changes,
  }
}

const idempotent = (
  partitionId: number,
  baseSequence: number,
  changes: Partial<AppendIntent> = {},
): AppendIntent =>
  append(partitionId, { producerId: 9, producerEpoch: 0, baseSequence, ...changes })

async function outcomesOf(
  database: CatalogDatabase,
  appends: readonly AppendIntent[],
): Promise<readonly AppendOutcome[]> {
  const { groups } = await commitGroups(database, [group(appends)])
  return committed(groups[0]).outcomes
}

function committed(result: GroupResult | undefined): Extract<GroupResult, { state: 'committed' }> {
  assert.ok(result?.state === 'committed')
  return result
}

const appended = (baseOffset: number): AppendOutcome => ({ outcome: 'appended', baseOffset })
const refused = (reason: string): unknown => ({ outcome: 'refused', reason })

catalogTest('W2: offsets follow the order of commits, batch by batch', async (database) => {
  const { partitionIds } = await newTopic(database)
  const [a = 0, b = 0] = partitionIds
  const first = await commitGroups(database, [
    group([append(a), append(a, { offsetCount: 1 }), append(b)]),
    group([append(a, { offsetCount: 5 })]),
  ])
  assert.deepEqual(committed(first.groups[0]).outcomes, [appended(0), appended(10), appended(0)])
  assert.deepEqual(committed(first.groups[1]).outcomes, [appended(11)])
  assert.deepEqual(first.ends, [
    { partitionId: a, previousEnd: 0, logEnd: 16 },
    { partitionId: b, previousEnd: 0, logEnd: 10 },
  ])
  assert.deepEqual(await outcomesOf(database, [append(a)]), [appended(16)])
})

catalogTest('what touches in bytes and offsets is one run, and is stored', async (database) => {
  const { partitionIds } = await newTopic(database)
  const [a = 0, b = 0] = partitionIds
  const intent = group([
    append(a, { maxTimestampMs: 8 }),
    append(a, { maxTimestampMs: 6 }),
    idempotent(a, 1_000_000),
    idempotent(a, 7),
    append(a),
    append(b),
  ])
  const { runs } = committed((await commitGroups(database, [intent])).groups[0])
  const place = { objectId: 'journal-1', leaderEpoch: 4 }
  const expected = [
    { partitionId: a, baseOffset: 0, nextOffset: 30, position: 4_200, length: 300, ms: 8 },
    { partitionId: a, baseOffset: 30, nextOffset: 40, position: 4_600, length: 100, ms: 5 },
    { partitionId: b, baseOffset: 0, nextOffset: 10, position: 4_700, length: 100, ms: 5 },
  ].map(({ ms, ...run }) => ({ ...run, ...place, maxTimestampMs: ms }))
  assert.deepEqual(runs, expected)
  await database.snapshot('look', async (tx) => {
    const [row] = await tx.get(commitLog, [[1, intent.groupNumber]])
    assert.ok(row !== undefined)
    assert.deepEqual(decodeManifest(row.manifest, row.objectId, row.position), expected)
    assert.equal(decodeOutcomes(row.outcomes).length, 6)
    assert.deepEqual((await tx.get(objects, [['journal-1']]))[0]?.state, 'live')
  })
})

catalogTest('W5: a retry of a committed batch gets the first answer', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  assert.deepEqual(await outcomesOf(database, [idempotent(a, 0), idempotent(a, 10)]), [
    appended(0),
    appended(10),
  ])
  assert.deepEqual(await outcomesOf(database, [idempotent(a, 10), idempotent(a, 20)]), [
    { outcome: 'duplicate', baseOffset: 10, timestampMs: 5 },
    appended(20),
  ])
})

catalogTest('batches of one group are judged by what the earlier ones left', async (database) => {
  const [a = 0, b = 0] = (await newTopic(database)).partitionIds
  assert.deepEqual(
    await outcomesOf(database, [
      idempotent(a, 0),
      idempotent(a, 0),
      idempotent(a, 30),
      idempotent(a, 10),
      idempotent(b, 5),
      idempotent(a, 0, { producerEpoch: 1 }),
      idempotent(a, 20),
    ]),
    [
      appended(0),
      { outcome: 'duplicate', baseOffset: 0, timestampMs: 5 },
      refused('out-of-order-sequence'),
      appended(10),
      appended(0),
      appended(20),
      refused('stale-producer-epoch'),
    ],
  )
})

catalogTest('sequences wrap behind 2^31 - 1', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const last = 2 ** 31 - 1
  const wraps = idempotent(a, last - 4)
  assert.deepEqual(await outcomesOf(database, [wraps, idempotent(a, 5)]), [
    appended(0),
    appended(10),
  ])
  assert.equal((await outcomesOf(database, [wraps]))[0]?.outcome, 'duplicate')
})

catalogTest('five batches are remembered', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  for (let sequence = 0; sequence < 60; sequence += 10) {
    await outcomesOf(database, [idempotent(a, sequence)])
  }
  assert.equal((await outcomesOf(database, [idempotent(a, 10)]))[0]?.outcome, 'duplicate')
  assert.deepEqual(await outcomesOf(database, [idempotent(a, 0)]), [
    refused('out-of-order-sequence'),
  ])
})

catalogTest(
  'of an unknown producer, what waits for a batch before it is refused',
  async (database) => {
    const [a = 0] = (await newTopic(database)).partitionIds
    const ahead = { ...idempotent(a, 10), isAhead: true }
    assert.deepEqual(await outcomesOf(database, [ahead]), [refused('out-of-order-sequence')])
    await database.snapshot('look', async (tx) => {
      assert.equal(await producerStateOf(tx, a, 9), undefined, 'nothing is remembered')
    })
  },
)

/**
 * Found in a fleet, one of whose brokers hung: a new producer's first batch was there when its
 * partition moved. The second, sent to the other broker, was taken for its first; the first one was
 * refused for two minutes, and given up.
 */
catalogTest('who is younger than the topic begins at sequence 0', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const young = (sequence: number): AppendIntent =>
    idempotent(a, sequence, { producerId: olderProducers })
  assert.deepEqual(await outcomesOf(database, [young(10)]), [refused('out-of-order-sequence')])
  assert.deepEqual(await outcomesOf(database, [young(0), young(10)]), [appended(0), appended(10)])
  const old = idempotent(a, 10, { producerId: olderProducers - 1 })
  assert.deepEqual(await outcomesOf(database, [old]), [appended(20)])
})

catalogTest('of who may have been forgotten any sequence is taken', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const young = (producerId: number, sequence: number): AppendIntent =>
    idempotent(a, sequence, { producerId })
  await outcomesOf(database, [young(2_000, 0)])
  assert.equal(await expireAll(database, Number.MAX_SAFE_INTEGER), 1)
  assert.deepEqual(await outcomesOf(database, [young(2_001, 10)]), [
    refused('out-of-order-sequence'),
  ])
  assert.deepEqual(await outcomesOf(database, [young(2_000, 10)]), [appended(10)])
})

catalogTest('topics that are gone or changed refuse', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const other = append(a, { topicId: 'b3RoZXItdG9waWMtb2YgaXQ' })
  assert.deepEqual(await outcomesOf(database, [append(99_999), other]), [
    refused('unknown-partition'),
    refused('unknown-partition'),
  ])
  await configureTopic(database, topicId, () => ({ 'retention.ms': '1' }))
  assert.deepEqual(await outcomesOf(database, [append(a), append(a, { configVersion: 1 })]), [
    refused('config-changed'),
    appended(0),
  ])
  await deleteTopic(database, topicId, 1)
  assert.deepEqual(await outcomesOf(database, [append(a, { configVersion: 1 })]), [
    refused('unknown-partition'),
  ])
})

catalogTest('a group that is committed again keeps its outcomes', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const intent = group([append(a), idempotent(a, 0)])
  const first = await commitGroups(database, [intent])
  const fresh = group([append(a)])
  const again = await commitGroups(database, [intent, fresh])
  assert.deepEqual(again.groups[0], first.groups[0])
  assert.deepEqual(committed(again.groups[1]).outcomes, [appended(20)])
  assert.deepEqual((await cancelGroups(database, [intent]))[0], first.groups[0])
})

catalogTest('W4: a cancelled group can never be committed', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  const intent = group([append(a)])
  assert.deepEqual(await cancelGroups(database, [intent]), [{ state: 'cancelled' }])
  assert.deepEqual((await commitGroups(database, [intent])).groups, [{ state: 'cancelled' }])
  assert.deepEqual(await outcomesOf(database, [append(a)]), [appended(0)])
})

catalogTest('an object that was ended is named by no commit any more', async (database) => {
  const [a = 0] = (await newTopic(database)).partitionIds
  await outcomesOf(database, [append(a)])
  await endJournalObjects(
    database,
    { finished: ['journal-1', 'journal-2'], packedGroups: new Map() },
    5,
  )
  for (const objectId of ['journal-1', 'journal-2']) {
    const late = commitGroups(database, [group([append(a)], { objectId })])
    await assert.rejects(late, (error) => isFailure(error, 'conflict'))
  }
  const other = [
    group([append(a)], { objectId: 'journal-10' }),
    group([append(a)], { objectId: 'journal-9' }),
  ]
  const { groups } = await commitGroups(database, other)
  assert.deepEqual(committed(groups[1]).outcomes, [appended(20)], 'nothing of the late ones stayed')
  assert.equal(committed((await commitGroups(database, [...other])).groups[0]).runs.length, 1)
})

for (const fault of ['lose-answer', 'lose-request', 'zombie-commits', 'zombie-dies'] as const) {
  test(`an unknown outcome is settled: ${fault}`, async () => {
    let due: MemoryFault | undefined
    const gone = Promise.withResolvers<void>()
    const database = openMemoryDatabase({
      clock: systemClock,
      hooks: { fault: ({ at }) => (at === 'commit' ? due : undefined) },
    })
    const [a = 0] = (await newTopic(database)).partitionIds
    const intent = group([append(a)])
    due = fault.startsWith('zombie')
      ? { fault: 'zombie', until: gone.promise, commits: fault === 'zombie-commits' }
      : { fault: fault as 'lose-answer' | 'lose-request' }
    await assert.rejects(commitGroups(database, [intent]), (error) =>
      isFailure(error, 'unknown-outcome'),
    )
    due = undefined
    const settling = cancelGroups(database, [intent])
    systemClock.after(20, gone.resolve)
    const [settled] = await settling
    const isCommitted = fault === 'lose-answer' || fault === 'zombie-commits'
    assert.equal(settled?.state, isCommitted ? 'committed' : 'cancelled')
    const next = isCommitted ? 10 : 0
    assert.deepEqual(await outcomesOf(database, [append(a)]), [appended(next)])
  })
}

test('committers that meet on one partition see what the others left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      let isScheduled = false
      const database = openMemoryDatabase({
        clock: systemClock,
        hooks: {
          pause: async () => {
            if (isScheduled) await scheduler.schedule(Promise.resolve())
          },
        },
      })
      const [a = 0] = (await newTopic(database)).partitionIds
      isScheduled = true
      const intents = [0, 1, 2].map((broker) =>
        group([idempotent(a, 0), append(a)], {
          incarnation: broker,
          objectId: `journal-${broker}`,
        }),
      )
      const commits = intents.map((intent) => commitGroups(database, [intent]))
      await scheduler.waitFor(Promise.all(commits))
      isScheduled = false
      const results = await Promise.all(commits)
      const outcomes = results.flatMap(({ groups }) => committed(groups[0]).outcomes)
      const offsets = outcomes.flatMap((each) =>
        each.outcome === 'appended' ? [each.baseOffset] : [],
      )
      assert.equal(offsets.length, 4, 'one of three takes the sequence')
      assert.deepEqual(
        offsets.toSorted((x, y) => x - y),
        [0, 10, 20, 30],
      )
      const [row] = await database.snapshot('look', (tx) => tx.get(partitions, [[a]]))
      assert.equal(row?.logEnd, 40)
    }),
    { numRuns: 60 },
  )
})

// The simulation of a fleet found it: the second batch was taken for the first, which was refused.
catalogTest('behind a first batch that is sent back none is taken for it', async (db) => {
  const [a = 0] = (await newTopic(db)).partitionIds
  await configureTopic(db, topicId, () => ({ 'retention.ms': '5' }))
  const current = { configVersion: 1 }
  const outcomes = await outcomesOf(db, [
    idempotent(a, 0),
    idempotent(a, 10, current),
    idempotent(a, 0, current),
    idempotent(a, 10, current),
  ])
  const [changed, early] = [refused('config-changed'), refused('out-of-order-sequence')]
  assert.deepEqual(outcomes, [changed, early, appended(0), appended(10)])
})
