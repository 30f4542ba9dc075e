import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import type { DiskFault, DiskOperation } from '../disk/memory-disk.ts'
import { MemoryDisk } from '../disk/memory-disk.ts'
import type { DiskJournal, DiskJournalOptions } from './disk-journal.ts'
import { openDiskJournal } from './disk-journal.ts'
import type { KnownGroup } from './journal.ts'
import { bytesOf, knownAs, someCluster, someGroup } from './some-groups.ts'

const fileBytes = 64 * 1024

class Setup {
  fault: (operation: DiskOperation) => DiskFault | undefined = () => undefined
  readonly disk: MemoryDisk = new MemoryDisk({
    clock: systemClock,
    random: systemRandom,
    fault: (operation) => this.fault(operation),
  })
  #drawn = 0

  open(known: KnownGroup[], changes: Partial<DiskJournalOptions> = {}): Promise<DiskJournal> {
    return openDiskJournal({
      disk: this.disk,
      folder: 'journal',
      clusterId: someCluster,
      known,
      liveObjects: [...new Set(known.map(({ objectId }) => objectId))],
      nextIncarnation: async () => ++this.#drawn,
      fileBytes,
      freeBytesMin: 0,
      sparesReady: 0,
      ...changes,
    })
  }
}

test('a file whose sync failed is never written again, nor recycled', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const group = someGroup(1, [100])
  const place = await journal.write(group)
  setup.fault = ({ kind }) => (kind === 'sync' ? { fail: 'unavailable' } : undefined)
  await assert.rejects(journal.write(someGroup(2, [100])), { kind: 'unavailable' })
  setup.fault = () => undefined
  const next = await journal.write(someGroup(3, [100]))
  assert.notEqual(next.objectId, place.objectId)
  const read = await journal.read(place.objectId, place.bytesPosition, group.byteLength)
  assert.deepEqual(Buffer.from(read), bytesOf(group))
  await assert.rejects(journal.read(place.objectId, 4096, 10), { kind: 'corrupt' })
  await journal.close()
  assert.deepEqual(await setup.disk.names('journal'), [
    '00000001-ended.journal',
    '00000002.journal',
  ])
  const again = await setup.open([knownAs(group, place)])
  assert.notEqual((await again.write(someGroup(4, [100]))).objectId, place.objectId)
  await again.retire(place.objectId)
  assert.deepEqual(await setup.disk.names('journal'), ['00000002.journal'])
  await again.close()
})

test('a full disk refuses new files, takes recycled ones, and recovers by itself', async () => {
  const setup = new Setup()
  const journal = await setup.open([], { freeBytesMin: 1000 })
  const place = await journal.write(someGroup(1, [60_000]))
  await journal.roll()
  setup.disk.capacityBytes = setup.disk.usedBytes() + fileBytes + 999
  await assert.rejects(journal.write(someGroup(2, [100])), { kind: 'overloaded', message: /space/ })
  await journal.retire(place.objectId)
  assert.equal((await journal.write(someGroup(3, [100]))).position, 0)
  await journal.roll()
  await assert.rejects(journal.write(someGroup(4, [100])), { kind: 'overloaded' })
  setup.disk.capacityBytes += 1
  await journal.write(someGroup(5, [100]))
  await journal.close()
})

test('a file is not recycled while somebody reads it', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const group = someGroup(1, [5000])
  const place = await journal.write(group)
  await journal.roll()
  setup.fault = ({ kind }) => (kind === 'read' ? { delayMs: 20 } : undefined)
  const reading = journal.read(place.objectId, place.bytesPosition, group.byteLength)
  const retiring = journal.retire(place.objectId)
  await journal.write(someGroup(2, [5000]))
  assert.equal((await setup.disk.names('journal')).length, 2, 'the next group went elsewhere')
  assert.deepEqual(Buffer.from(await reading), bytesOf(group))
  await retiring
  await journal.roll()
  await journal.write(someGroup(3, [5000]))
  assert.equal((await setup.disk.names('journal')).length, 2, 'and now it is used again')
  await journal.close()
})

test('of several known groups of an object the last one counts', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const [one, two] = [someGroup(1, [100]), someGroup(2, [100])]
  const known = [knownAs(one, await journal.write(one)), knownAs(two, await journal.write(two))]
  await journal.close()
  for (const order of [known, known.toReversed()]) {
    const again = await setup.open(order)
    assert.equal((await again.write(someGroup(3, [100]))).position, 8192)
    await again.close()
  }
})

test('an unreadable file is left alone as long as one is missing', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const group = someGroup(1, [100])
  const known = [knownAs(group, await journal.write(group))]
  await journal.close()
  const file = await setup.disk.open('journal/00000001.journal', 'write')
  await file.write([new Uint8Array(4096).fill(0xee)], 0)
  const again = await setup.open(known)
  assert.equal(again.faults().length, 1)
  await again.write(someGroup(2, [100]))
  const kept = new Uint8Array(8)
  await file.read(kept, 0)
  assert.deepEqual(kept, new Uint8Array(8).fill(0xee))
  await again.close()
})

test('a group that the catalog names at another place, or by another name, is damage', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const group = someGroup(1, [100])
  const known = knownAs(group, await journal.write(group))
  await journal.close()
  const wrong: [Partial<KnownGroup>, RegExp][] = [
    [{ id: { incarnation: 1, groupNumber: 9 } }, /stands in its place/],
    [{ id: { incarnation: 2, groupNumber: 1 } }, /stands in its place/],
    [{ length: known.length + 1 }, /another length/],
    [{ position: 4096 }, /header is damaged: empty/],
  ]
  for (const [change, reason] of wrong) {
    const again = await setup.open([{ ...known, ...change }])
    assert.match(again.faults()[0]?.reason ?? '', reason)
    await again.close()
  }
})

test('a file that cannot be read is one damaged object, all else goes on', async () => {
  const setup = new Setup()
  const journal = await setup.open([])
  const [one, two] = [someGroup(1, [100]), someGroup(2, [100])]
  const known = [knownAs(one, await journal.write(one))]
  await journal.roll()
  known.push(knownAs(two, await journal.write(two)))
  await journal.close()
  setup.fault = ({ kind, path }) =>
    kind === 'read' && path.includes('00000001') ? { fail: 'unavailable' } : undefined
  const again = await setup.open(known)
  assert.deepEqual(
    again.faults().map(({ objectId }) => objectId),
    ['journal-1'],
  )
  await again.read('journal-2', known[1]?.bytesPosition ?? 0, 10)
  await again.write(someGroup(3, [100]))
  await again.close()
  assert.equal((await setup.disk.names('journal')).length, 2)
})
