/** Groups that no catalog names: what later objects tell of them, and what nobody tells. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { encodeObjectHeader } from '../journal/object-header.ts'
import type { DecidedGroup } from '../journal/decided-groups.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { buildBatch } from '../record/build-batch.ts'
import { findObjects } from './found-objects.ts'
import { FoundRuns } from './found-runs.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

const batch = (...values: string[]): Uint8Array =>
  buildBatch(values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 7 })))

async function begin() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const objects = new MemoryObjectStore({ clock })
  const store = { objects, clusterId }
  const put = async (
    groupNumber: number,
    batches: readonly Uint8Array[],
    decided: readonly DecidedGroup[] = [],
  ): Promise<void> => {
    const body = Buffer.concat(batches)
    const run = { topicId, partitionIndex: 0, length: body.length, batches: batches.length }
    const header = encodeObjectHeader({
      ...{ brokerId: 1, createdMs: 0, runs: [run], byteLength: body.length, decided },
      clusterId: Buffer.from(clusterId, 'base64url'),
      id: { incarnation: 4, groupNumber },
    })
    await objects.put(`${clusterId}/journal-4-${groupNumber}`, [header, body])
  }
  const find = async () => {
    const found = await findObjects(database, store, 0, () => undefined)
    const runs = new FoundRuns(new Map([[topicId, [17]]]))
    const wrong: (string | undefined)[] = []
    for (const group of found.groups) wrong.push(await runs.addGroup(store, group, found.decided))
    return { found, runs, wrong: wrong.filter((reason) => reason !== undefined) }
  }
  return { objects, put, find }
}

const decided = (groupNumber: number, outcomes: DecidedGroup['outcomes']): DecidedGroup => {
  const told = { state: 'committed', leaderEpoch: 3, outcomes, markers: [] } as const
  return { ...told, id: { incarnation: 4, groupNumber } }
}

test('batches get the offsets that a later object tells, where it tells any', async () => {
  const { put, find } = await begin()
  await put(1, [batch('a', 'b'), batch('refused'), batch('c')])
  const outcomes = [
    { outcome: 'appended', baseOffset: 10 },
    { outcome: 'refused', reason: 'config-changed' },
    { outcome: 'appended', baseOffset: 12 },
  ] as const
  await put(2, [batch('d')], [decided(1, outcomes)])
  const { runs, found, wrong } = await find()
  const pieces = runs.of(17).map(({ run }) => run)
  assert.deepEqual(
    pieces.map(({ baseOffset, nextOffset, leaderEpoch, objectId }) => {
      return [baseOffset, nextOffset, leaderEpoch, objectId]
    }),
    [
      [10, 12, 3, 'journal-4-1'],
      [12, 13, 3, 'journal-4-1'],
    ],
  )
  assert.deepEqual(wrong, [])
  assert.deepEqual(found.highest, { packed: -1, incarnation: 4 })
  assert.deepEqual(
    runs.undecided.map(({ objectId, batches }) => [objectId, batches]),
    [['journal-4-2', 1]],
  )
})

test('a marker counts wherever it was told, and a cancelled group nowhere', async () => {
  const { put, find } = await begin()
  await put(1, [batch('never')])
  const marker = {
    type: 'commit',
    producerId: 5,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestampMs: 9,
    transactionVersion: 0,
  } as const
  const markers = [{ topicId, partitionIndex: 0, offset: 20, marker }]
  const cancelled = { ...decided(1, []), state: 'cancelled' } as const
  await put(3, [batch('x')], [cancelled, { ...decided(2, []), markers }])
  const { runs, found } = await find()
  assert.deepEqual(runs.of(17), [])
  runs.addMarkers(found.decided.values())
  assert.deepEqual(
    runs.of(17).map(({ run }) => [run.baseOffset, run.marker?.producerId]),
    [[20, 5]],
  )
  assert.deepEqual(
    runs.undecided.map(({ objectId }) => objectId),
    ['journal-4-3'],
  )
})

test('what is damaged, cut short, or of a topic that nobody knows is told', async () => {
  const { objects, put, find } = await begin()
  await put(1, [batch('a')])
  await put(2, [batch('b')], [decided(1, [{ outcome: 'appended', baseOffset: 0 }])])
  const key = `${clusterId}/journal-4-1`
  const { size } = (await objects.stat(key)) ?? { size: 0 }
  const bytes = Buffer.from(await objects.read(key, 0, size))
  bytes[size - 1]! ^= 1
  await objects.put(key, [bytes])
  const { wrong, runs } = await find()
  assert.match(wrong.join(), /CRC-32C/)
  assert.deepEqual(runs.of(17), [])
  await objects.put(key, [bytes.subarray(0, size - 5)])
  const cut = await find()
  assert.match(cut.found.unreadable[0]?.reason ?? '', /cut short/)
  await put(1, [batch('a')])
  const { found } = await find()
  const nobody = new FoundRuns(new Map())
  for (const group of found.groups)
    await nobody.addGroup({ objects, clusterId }, group, found.decided)
  assert.deepEqual([...nobody.unknownTopics], [topicId])
})
