/** What the disk journal must do on every disk: written, read back, rolled, retired, opened again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disk } from '../disk/disk.ts'
import type { DiskJournalOptions } from './disk-journal.ts'
import { openDiskJournal } from './disk-journal.ts'
import type { KnownGroup } from './journal.ts'
import { bytesOf, knownAs, someCluster, someGroup } from './some-groups.ts'

const kibibyte = 1024

/** `open` gives a disk and an empty folder on it. */
export function journalContract(
  name: string,
  open: () => Promise<{ readonly disk: Disk; readonly folder: string }>,
): void {
  /** What stands for the catalog: numbers drawn once, and groups that were committed. */
  async function begin(changes: Partial<DiskJournalOptions> = {}) {
    let drawn = 0
    const { disk, folder } = await open()
    const options = {
      disk,
      folder,
      clusterId: someCluster,
      nextIncarnation: () => Promise.resolve(++drawn),
      fileBytes: 64 * kibibyte,
      freeBytesMin: 0,
      ...changes,
    }
    const reopen = (known: readonly KnownGroup[], also: Partial<DiskJournalOptions> = {}) => {
      const liveObjects = [...new Set(known.map(({ objectId }) => objectId))]
      return openDiskJournal({ ...options, known, liveObjects, ...also })
    }
    return { disk, folder, reopen, journal: await reopen([]) }
  }

  test(`${name}: a group is read back where it was put, batches behind header`, async () => {
    const { journal } = await begin()
    const group = someGroup(1, [100, 5000])
    const told: unknown[] = []
    const writing = journal.write(group, (place) => told.push(place))
    const place = await writing.finally(() => told.push('durable'))
    assert.deepEqual(told, [place, 'durable'], 'its place is known before it is durable')
    assert.equal(place.position, 0)
    const header = place.bytesPosition - place.position
    assert.equal(place.length, header + group.byteLength)
    const read = await journal.read(place.objectId, place.bytesPosition, group.byteLength)
    assert.deepEqual(Buffer.from(read), bytesOf(group))
    const into = new Uint8Array(group.byteLength + 10)
    const filled = await journal.read(place.objectId, place.bytesPosition, group.byteLength, into)
    assert.equal(filled.buffer, into.buffer)
    assert.deepEqual(Buffer.from(filled), bytesOf(group))
    await journal.close()
  })

  test(`${name}: groups written at once lie one behind the other, on own pages`, async () => {
    const { journal } = await begin()
    const groups = Array.from({ length: 20 }, (_, at) => someGroup(at, [at * 300]))
    const places = await Promise.all(groups.map((group) => journal.write(group)))
    const names = new Set(places.map(({ objectId }) => objectId))
    assert.ok(names.size > 1, 'a full file is followed by another')
    for (const [at, place] of places.entries()) {
      assert.equal(place.position % 4096, 0)
      const group = groups[at]
      assert.ok(group !== undefined)
      const read = await journal.read(place.objectId, place.bytesPosition, group.byteLength)
      assert.deepEqual(Buffer.from(read), bytesOf(group))
    }
    assert.equal(journal.finished().length, names.size - 1)
    await journal.close()
  })

  test(`${name}: a group larger than a file is taken, one over the limit is refused`, async () => {
    const { journal } = await begin({ groupBytesMax: 200 * kibibyte })
    await journal.write(someGroup(1, [10]))
    const large = someGroup(2, [150 * kibibyte])
    const place = await journal.write(large)
    assert.equal(place.position, 0)
    const read = await journal.read(place.objectId, place.bytesPosition, large.byteLength)
    assert.deepEqual(Buffer.from(read), bytesOf(large))
    await assert.rejects(journal.write(someGroup(3, [200 * kibibyte])), { kind: 'invalid' })
    const behind = await journal.write(someGroup(4, [10]))
    assert.notEqual(behind.objectId, place.objectId)
    await journal.close()
  })

  test(`${name}: opened again it reads what is known and goes on behind it`, async () => {
    const { journal, reopen } = await begin()
    const [first, second, lost] = [someGroup(1, [99]), someGroup(2, [9000]), someGroup(3, [50])]
    const known = [
      knownAs(first, await journal.write(first)),
      knownAs(second, await journal.write(second)),
    ]
    const unnamed = await journal.write(lost)
    await journal.close()
    const again = await reopen(known)
    assert.deepEqual(again.faults(), [])
    for (const [at, group] of [first, second].entries()) {
      const place = known[at]
      assert.ok(place !== undefined)
      const read = await again.read(place.objectId, place.bytesPosition, group.byteLength)
      assert.deepEqual(Buffer.from(read), bytesOf(group))
    }
    const next = await again.write(someGroup(4, [20]))
    assert.equal(next.objectId, unnamed.objectId)
    assert.equal(next.position, unnamed.position, 'a group that is not named never happened')
    await again.close()
  })

  test(`${name}: rolling ends an object, retiring gives its file to the next`, async () => {
    const { journal, disk, folder } = await begin({ sparesReady: 0 })
    const place = await journal.write(someGroup(1, [10]))
    await assert.rejects(journal.retire(place.objectId), { kind: 'conflict' })
    assert.deepEqual(journal.finished(), [])
    await journal.roll()
    await journal.roll()
    assert.deepEqual(journal.finished(), [place.objectId])
    await journal.retire(place.objectId)
    await journal.retire(place.objectId)
    await assert.rejects(journal.read(place.objectId, 0, 10), { kind: 'not-found' })
    const next = await journal.write(someGroup(2, [10]))
    assert.notEqual(next.objectId, place.objectId)
    assert.equal((await disk.names(folder)).length, 1, 'the file was used again')
    await journal.close()
  })

  test(`${name}: reading beyond what is durable, or what never was, fails`, async () => {
    const { journal } = await begin()
    const place = await journal.write(someGroup(1, [10]))
    await assert.rejects(journal.read(place.objectId, 4000, 97), { kind: 'corrupt' })
    await assert.rejects(journal.read('journal-77', 0, 1), { kind: 'not-found' })
    await journal.close()
    await assert.rejects(journal.write(someGroup(2, [10])), { kind: 'closed' })
    await assert.rejects(journal.read(place.objectId, 0, 1), { kind: 'not-found' })
  })

  test(`${name}: spares are filled ahead, and no more kept than wanted`, async () => {
    const { journal, disk, folder, reopen } = await begin({ sparesKept: 2 })
    await journal.settled()
    const sizes = (await disk.list(folder)).map(({ size }) => size)
    assert.deepEqual(sizes, [64 * kibibyte])
    for (let at = 0; at < 5; at++) {
      await journal.write(someGroup(at, [10]))
      await journal.roll()
    }
    for (const objectId of journal.finished()) await journal.retire(objectId)
    await journal.settled()
    assert.equal((await disk.names(folder)).length, 2)
    await journal.close()
    const again = await reopen([])
    await again.settled()
    assert.equal((await disk.names(folder)).length, 2)
    await again.close()
  })

  test(`${name}: a named group that is damaged is isolated, and all else goes on`, async () => {
    const { journal, disk, folder, reopen } = await begin({ sparesReady: 0 })
    const [sound, damaged] = [someGroup(1, [500]), someGroup(2, [9000])]
    const known = [knownAs(sound, await journal.write(sound))]
    const place = await journal.write(damaged)
    known.push(knownAs(damaged, place))
    const path = `${folder}/${(await disk.names(folder))[0] ?? ''}`
    await journal.close()
    const file = await disk.open(path, 'write')
    await file.write([new Uint8Array([1, 2, 3])], place.bytesPosition + 7000)
    await file.close()
    const again = await reopen(known)
    assert.equal(again.faults().length, 1)
    assert.match(again.faults()[0]?.reason ?? '', /CRC/)
    await assert.rejects(again.read(place.objectId, place.bytesPosition, 10), { kind: 'corrupt' })
    const read = await again.read(place.objectId, known[0]?.bytesPosition ?? 0, sound.byteLength)
    assert.deepEqual(Buffer.from(read), bytesOf(sound))
    const next = await again.write(someGroup(3, [10]))
    assert.notEqual(next.objectId, place.objectId, 'a damaged object is not written')
    await again.close()
  })

  test(`${name}: an object whose file is missing is corrupt, and all else goes on`, async () => {
    const { journal, disk, folder, reopen } = await begin({ sparesReady: 0 })
    const [one, other] = [someGroup(1, [500]), someGroup(2, [600])]
    const known = [knownAs(one, await journal.write(one))]
    await journal.roll()
    known.push(knownAs(other, await journal.write(other)))
    await journal.close()
    const [gone] = await disk.names(folder)
    await disk.remove(`${folder}/${gone}`)
    const again = await reopen(known)
    assert.deepEqual(
      again.faults().map(({ objectId }) => objectId),
      ['journal-1'],
    )
    await assert.rejects(again.read('journal-1', 0, 10), { kind: 'corrupt' })
    const place = known[1]
    const read = await again.read('journal-2', place?.bytesPosition ?? 0, other.byteLength)
    assert.deepEqual(Buffer.from(read), bytesOf(other))
    await again.retire('journal-1')
    assert.deepEqual(again.faults(), [])
    await again.close()
  })

  test(`${name}: a file whose first header is damaged is found by a later one`, async () => {
    const { journal, disk, folder, reopen } = await begin({ sparesReady: 0 })
    const [first, last] = [someGroup(1, [500]), someGroup(2, [600])]
    const place = await journal.write(first)
    const known = [knownAs(last, await journal.write(last))]
    await journal.close()
    const [name] = await disk.names(folder)
    const file = await disk.open(`${folder}/${name}`, 'write')
    await file.write([new Uint8Array(10).fill(7)], 30)
    await file.close()
    const again = await reopen(known)
    assert.deepEqual(again.faults(), [])
    const read = await again.read(place.objectId, place.bytesPosition, first.byteLength)
    assert.deepEqual(Buffer.from(read), bytesOf(first))
    await again.close()
  })

  test(`${name}: another cluster's folder, and a catalog that went back, are refused`, async () => {
    const { journal, reopen } = await begin()
    const group = someGroup(1, [10])
    const known = [knownAs(group, await journal.write(group))]
    await journal.close()
    const other = new Uint8Array(16).fill(9)
    await assert.rejects(reopen(known, { clusterId: other }), { kind: 'invalid' })
    const stale = { nextIncarnation: () => Promise.resolve(1) }
    await assert.rejects(reopen(known, stale), { kind: 'fenced' })
    const again = await reopen(known)
    assert.deepEqual(again.faults(), [])
    await again.close()
  })
}
