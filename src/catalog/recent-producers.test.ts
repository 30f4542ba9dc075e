/** Producers in the partition's own row: the bytes, and that a state is in one place only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { catalogTest } from '../../test/log/catalogs.ts'
import { expireAll } from '../../test/log/expire-all.ts'
import { isFailure } from '../base/errors.ts'
import { readActiveProducers } from './active-producers.ts'
import { type AppendIntent, commitGroups } from './commit-groups.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase } from './database.ts'
import { findDuplicate } from './find-duplicate.ts'
import {
  nobodyYet,
  type ProducerState,
  RecentProducers,
  recentProducersMax,
} from './recent-producers.ts'
import { partitions, producerStates } from './schema.ts'
import { createTopic } from './topics.ts'

const state = (producerId: number, changes: Partial<ProducerState> = {}): ProducerState => ({
  producerId,
  epoch: 0,
  lastMs: 0,
  transactionOffset: null,
  markerMs: null,
  window: new Uint8Array(0),
  ...changes,
})

const readable = ({ window, ...rest }: ProducerState): unknown => ({ ...rest, window: [...window] })

const plain = (recent: RecentProducers): unknown => ({
  isAll: recent.isAll,
  states: recent.states().map(readable),
})

test('recent producers, layout 1', () => {
  const window = Uint8Array.of(0xaa, 0xbb)
  const open = { epoch: 7, lastMs: 2 ** 40, transactionOffset: 258, window }
  const two = [state(2 ** 33, open), state(1, { markerMs: 3 })]
  const { bytes } = RecentProducers.from(false, two)
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    '0100' +
      ('0000000200000000' + '00000007' + '0000010000000000' + '01' + '0000000000000102') +
      ('02' + 'aabb') +
      ('0000000000000001' + '00000000' + '0000000000000000' + '02' + '0000000000000003' + '00'),
  )
  assert.deepEqual(plain(RecentProducers.of(bytes)), { isAll: false, states: two.map(readable) })
  assert.deepEqual(plain(RecentProducers.of(nobodyYet)), { isAll: true, states: [] })
  assert.deepEqual(plain(RecentProducers.of(null)), { isAll: false, states: [] })
  for (const damaged of [bytes.subarray(0, 20), bytes.subarray(0, -1), Uint8Array.of(2, 1)]) {
    assert.throws(
      () => RecentProducers.of(damaged),
      (error) => isFailure(error, 'corrupt'),
    )
  }
})

const states = fc.record({
  producerId: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  epoch: fc.integer({ min: 0, max: 32_767 }),
  lastMs: fc.integer({ min: 0, max: 2 ** 45 }),
  transactionOffset: fc.option(fc.integer({ min: 0, max: 2 ** 53 - 1 })),
  markerMs: fc.option(fc.integer({ min: 0, max: 2 ** 45 })),
  window: fc.uint8Array({ maxLength: 121 }),
})

test('recent producers are read as they were written', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(states, { maxLength: 4 }), (isAll, some) => {
      const read = RecentProducers.of(RecentProducers.from(isAll, some).bytes)
      assert.deepEqual(plain(read), { isAll, states: some.map(readable) })
    }),
  )
})

test('who is silent makes room, and who takes turns does not', () => {
  let recent = RecentProducers.of(nobodyYet)
  for (let id = 0; id < recentProducersMax; id++) {
    const placed = recent.place(state(id, { lastMs: id }))
    assert.equal(placed.toRow, undefined)
    recent = placed.recent
  }
  const soon = recent.place(state(9, { lastMs: 29_999 }))
  assert.equal(soon.toRow?.producerId, 9)
  assert.deepEqual(plain(soon.recent), { isAll: false, states: recent.states().map(readable) })
  const later = recent.place(state(9, { lastMs: 30_000 }))
  assert.equal(later.toRow?.producerId, 0)
  assert.deepEqual(
    later.recent.states().map(({ producerId }) => producerId),
    [9, 1, 2, 3],
  )
})

const producers = 9

interface Turn {
  readonly ids: readonly number[]
  readonly laterMs: number
  readonly waitedMs: number
  readonly forget: boolean
}

const turns: fc.Arbitrary<Turn> = fc.record({
  ids: fc.uniqueArray(fc.integer({ min: 0, max: producers - 1 }), { minLength: 1, maxLength: 6 }),
  laterMs: fc.constantFrom(0, 10, 20_000, 31_000, 100_000),
  waitedMs: fc.constantFrom(0, 0, 40_000),
  forget: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
})

let topics = 0

async function newPartition(database: CatalogDatabase): Promise<AppendIntent> {
  const name = `recent-${++topics}`
  const topicId = Buffer.from(name.padEnd(16)).toString('base64url')
  const shape = { name, topicId, partitionCount: 1, replicationFactor: 1, configs: {} }
  const made = await createTopic(database, { ...shape, nowMs: 0, leaderEpoch: 0 })
  assert.ok(made.outcome === 'created')
  const [partitionId = -1] = made.topic.partitionIds
  const first = { producerId: -1, producerEpoch: 0, baseSequence: 0, offsetCount: 1 }
  const size = { maxTimestampMs: 0, byteLength: 1, configVersion: made.topic.configVersion }
  return { topicId, partitionId, ...first, ...size }
}

/** Every state that is somewhere, by producer; asserts that none is in two places. */
async function placesOf(
  database: CatalogDatabase,
  partitionId: number,
): Promise<Map<number, 'row' | 'partition'>> {
  return database.snapshot('look', async (tx) => {
    const [partition] = await tx.get(partitions, [[partitionId]])
    const recent = RecentProducers.of(partition?.recentProducers ?? null)
    const rows = await tx.scan(producerStates, { prefix: [partitionId], limit: 100 })
    assert.ok(recent.count <= recentProducersMax)
    assert.ok(rows.length === 0 || !recent.isAll, 'who has no place there is looked for')
    const places = new Map<number, 'row' | 'partition'>()
    for (const { producerId } of recent.states()) places.set(producerId, 'partition')
    for (const { producerId } of rows) {
      assert.ok(!places.has(producerId), `producer ${producerId} is in two places`)
      places.set(producerId, 'row')
    }
    return places
  })
}

/** Each batch is judged by what its producer wrote last, however many took turns. */
async function takeTurns(database: CatalogDatabase, all: readonly Turn[]): Promise<void> {
  const blank = await newPartition(database)
  const { partitionId } = blank
  const base = (topics + 1) * 1_000
  const next = new Map<number, number>()
  const lastMs = new Map<number, number>()
  const offsets = new Map<number, number>()
  let [nowMs, end] = [1_000_000, 0]
  for (const [number, { ids, laterMs, waitedMs, forget }] of all.entries()) {
    nowMs += laterMs
    const appends = ids.map((id) => {
      return { ...blank, producerId: base + id, baseSequence: next.get(id) ?? 0 }
    })
    // Two groups of one commit, of which the first may have waited for long.
    const [early, late] = [appends.slice(0, 2), appends.slice(2)]
    const intents = [early, late].map((some, at) => {
      const place = { objectId: `recent-${topics}-${number}-${at}`, position: 0 }
      const made = { incarnation: base, groupNumber: 2 * number + at, bytesPosition: 0 }
      const createdMs = nowMs - (at === 0 ? waitedMs : 0)
      return { ...place, ...made, length: some.length, createdMs, appends: some }
    })
    const { groups } = await commitGroups(database, intents)
    const outcomes = groups.flatMap((each) => (each.state === 'committed' ? each.outcomes : []))
    assert.deepEqual(
      outcomes,
      ids.map((_, at) => ({ outcome: 'appended', baseOffset: end + at })),
    )
    for (const [at, id] of ids.entries()) {
      offsets.set(id, end++)
      next.set(id, (next.get(id) ?? 0) + 1)
      lastMs.set(id, nowMs - (at < 2 ? waitedMs : 0))
    }
    if (forget) {
      const beforeMs = nowMs - 30_000
      await expireAll(database, beforeMs)
      for (const [id, atMs] of lastMs) if (atMs < beforeMs) lastMs.delete(id)
      for (const id of next.keys()) if (!lastMs.has(id)) next.delete(id)
    }
    const places = await placesOf(database, partitionId)
    assert.deepEqual(
      [...places.keys()].toSorted((a, b) => a - b),
      Array.from(next.keys(), (id) => base + id).toSorted((a, b) => a - b),
    )
  }
  const told = await readActiveProducers(database, partitionId)
  assert.equal(told.length, next.size)
  for (const { producerId, lastSequence } of told) {
    assert.equal(lastSequence, (next.get(producerId - base) ?? 0) - 1)
    const batch = { partitionId, producerId, producerEpoch: 0, baseSequence: lastSequence }
    const found = await findDuplicate(database, { ...batch, offsetCount: 1 })
    assert.equal(found?.baseOffset, offsets.get(producerId - base))
  }
}

catalogTest('many producers take turns', async (database) => {
  await drawNumbers(database, 'producer.id', 1)
  await fc.assert(
    fc.asyncProperty(fc.array(turns, { minLength: 1, maxLength: 15 }), (all) =>
      takeTurns(database, all),
    ),
    { numRuns: 25 },
  )
})
