/** Groups in the catalog, read by whoever did not write them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitGroups } from '../catalog/commit-groups.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { inlineObjectId } from '../catalog/group-objects.ts'
import { dropInline } from '../catalog/inline-data.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { InlineObjects } from './inline-objects.ts'

const idOf = (groupNumber: number): string => inlineObjectId({ incarnation: 7, groupNumber })

/** Groups 0 … count - 1 of 100 bytes each, which are their number. */
async function begin(count: number, maxBytes = 100_000) {
  const memory = openMemoryDatabase({ clock: new VirtualClock() })
  const snapshots: string[] = []
  const database: CatalogDatabase = {
    transaction: (name, body) => memory.transaction(name, body),
    snapshot: (name, body) => {
      snapshots.push(name)
      return memory.snapshot(name, body)
    },
    close: () => memory.close(),
  }
  for (let groupNumber = 0; groupNumber < count; groupNumber++) {
    const objectId = idOf(groupNumber)
    const place = { objectId, position: 0, length: 100, bytesPosition: 0, createdMs: 0 }
    const inline = Buffer.alloc(100, groupNumber)
    await commitGroups(database, [{ incarnation: 7, groupNumber, ...place, appends: [], inline }])
  }
  return { database, snapshots, inline: new InlineObjects(database, maxBytes) }
}

test('neighbours come with one query, whoever asks for which', async () => {
  const { inline, snapshots } = await begin(32)
  const all = Array.from({ length: 32 }, (_, at) => inline.get(idOf(at)))
  for (const [at, bytes] of (await Promise.all(all)).entries()) {
    assert.deepEqual(Buffer.from(bytes), Buffer.alloc(100, at))
  }
  assert.deepEqual(snapshots, ['read inline'])
})

test('what is asked for before it is there is asked for again', async () => {
  const { inline, database } = await begin(3)
  await assert.rejects(inline.get(idOf(3)), { kind: 'not-found' })
  await assert.rejects(inline.get('packed-3'), { kind: 'not-found' })
  await dropInline(database, [idOf(1)])
  await assert.rejects(inline.get(idOf(1)), { kind: 'not-found' })
  const some = await Promise.allSettled([inline.get(idOf(1)), inline.get(idOf(2))])
  assert.deepEqual(
    some.map(({ status }) => status),
    ['rejected', 'fulfilled'],
    'one that fails is no other’s failure',
  )
})

test('memory is bounded, the least recently used goes', async () => {
  const { inline, snapshots } = await begin(3, 200)
  await inline.get(idOf(0)) // brings all three: the first goes at once
  snapshots.length = 0
  await inline.get(idOf(1))
  await inline.get(idOf(2))
  assert.deepEqual(snapshots, [])
  await inline.get(idOf(0))
  assert.equal(snapshots.length, 1)
  const none = await begin(2, 0)
  assert.equal((await none.inline.get(idOf(1)))[0], 1, 'nothing is kept, and all is read')
})

test('what is not packed yet is counted once', async () => {
  const { inline } = await begin(0)
  inline.learn(idOf(1), 100)
  inline.learn(idOf(1), 100)
  inline.learn(idOf(2), 50)
  assert.equal(inline.unpackedBytes, 150)
  inline.forget(idOf(1))
  inline.forget(idOf(1))
  assert.equal(inline.unpackedBytes, 50)
})
