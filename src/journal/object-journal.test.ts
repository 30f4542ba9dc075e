/** The journal in an object store: a group is an object, and nothing is ever recovered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { MemoryObjectStore, type StoreFault } from '../objects/memory-object-store.ts'
import { decodeObjectHeader } from './object-header.ts'
import { ObjectJournal } from './object-journal.ts'
import { bytesOf, someCluster, someGroup } from './some-groups.ts'

const clusterId = Buffer.from(someCluster).toString('base64url')

function begin(fault?: (kind: string) => StoreFault | undefined) {
  const clock = new VirtualClock()
  const seen: string[] = []
  const objects = new MemoryObjectStore({
    clock,
    fault: ({ kind }) => {
      seen.push(kind)
      return fault?.(kind)
    },
  })
  const database = openMemoryDatabase({ clock })
  const open = (): ObjectJournal =>
    new ObjectJournal({
      ...{ objects, clusterId, brokerId: 3, clock, database },
      writeTimeoutMs: 1_000,
      known: [],
      cacheBytes: 64 * 1024,
    })
  return { clock, objects, seen, open }
}

test('a group is one object, and tells of itself what its bytes do not', async () => {
  const { objects, open } = begin()
  const journal = open()
  const group = someGroup(1, [100, 5000])
  const place = await journal.write(group)
  assert.equal(place.position, 0)
  assert.equal(place.length, place.bytesPosition + group.byteLength)
  const read = await journal.read(place.objectId, place.bytesPosition, group.byteLength)
  assert.deepEqual(Buffer.from(read), bytesOf(group))
  const [stored, ...others] = await objects.list('', undefined, 10)
  assert.deepEqual(others, [])
  assert.equal(stored?.key, `${clusterId}/${place.objectId}`)
  const header = decodeObjectHeader(await objects.read(stored.key, 0, place.length))
  assert.ok(typeof header === 'object')
  assert.deepEqual([header.id, header.brokerId, header.byteLength], [group.id, 3, group.byteLength])
  await journal.close()
  await assert.rejects(journal.write(group), { kind: 'closed' })
})

test('what will be read soon is fetched ahead, and again where that failed', async () => {
  let isDown = true
  const { seen, open } = begin((kind) => {
    return kind === 'read' && isDown ? { fail: 'unavailable' } : undefined
  })
  const [writer, reader] = [open(), open()]
  const { objectId, bytesPosition, length } = await writer.write(someGroup(1, [1000]))
  reader.learn([{ objectId, length }])
  seen.length = 0
  reader.prepare(objectId)
  await new Promise(setImmediate)
  isDown = false
  reader.prepare(objectId)
  reader.prepare('journal-9-9')
  await reader.read(objectId, bytesPosition, 500)
  assert.deepEqual(seen, ['read', 'read'])
})

test('what another broker wrote is read whole, once, however many ask', async () => {
  const { seen, open } = begin()
  const [writer, reader] = [open(), open()]
  const group = someGroup(1, [1000, 2000, 3000])
  const { objectId, bytesPosition, length } = await writer.write(group)
  reader.learn([{ objectId, length }])
  assert.deepEqual(reader.finished(), [objectId])
  seen.length = 0
  const parts = [0, 1000, 3000].map((from) => reader.read(objectId, bytesPosition + from, 500))
  for (const [at, bytes] of (await Promise.all(parts)).entries()) {
    const from = [0, 1000, 3000][at] ?? 0
    assert.deepEqual(Buffer.from(bytes), bytesOf(group).subarray(from, from + 500))
    bytes.fill(0) // a reader writes into what it got
  }
  const again = await reader.read(objectId, bytesPosition, 500)
  assert.deepEqual(Buffer.from(again), bytesOf(group).subarray(0, 500))
  assert.deepEqual(seen, ['read'])
  await assert.rejects(reader.read(objectId, bytesPosition, 99_999), { kind: 'corrupt' })
  await reader.retire(objectId)
  assert.deepEqual(reader.finished(), [])
})

test('a put that fails, hangs or loses its answer is no group', async () => {
  let fault: StoreFault | undefined = { fail: 'overloaded' }
  const { clock, open } = begin((kind) => (kind === 'put' ? fault : undefined))
  const journal = open()
  await assert.rejects(journal.write(someGroup(1, [10])), { kind: 'overloaded' })
  fault = { loseAnswer: true }
  await assert.rejects(journal.write(someGroup(2, [10])), { kind: 'unavailable' })
  fault = { delayMs: 5_000 }
  const hanging = assert.rejects(journal.write(someGroup(3, [10])), { kind: 'unavailable' })
  await clock.advance(1_000)
  await hanging
  fault = undefined
  await journal.write(someGroup(4, [10]))
})
