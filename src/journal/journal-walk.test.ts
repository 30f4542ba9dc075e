import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { MemoryDisk } from '../disk/memory-disk.ts'
import { openDiskJournal } from './disk-journal.ts'
import { encodeGroupHeader, headerBytesOf } from './group-header.ts'
import type { JournalGroup } from './journal.ts'
import { pageBytes } from './journal-object.ts'
import { walkGroups } from './journal-walk.ts'
import { knownAs, someCluster, someGroup } from './some-groups.ts'

async function setup() {
  const disk = new MemoryDisk({ clock: systemClock, random: systemRandom })
  let drawn = 0
  const options = {
    disk,
    folder: 'j',
    clusterId: someCluster,
    known: [],
    liveObjects: [],
    nextIncarnation: async () => ++drawn,
    fileBytes: 64 * 1024,
    freeBytesMin: 0,
    sparesReady: 0,
  }
  const walk = async (): Promise<number[]> => {
    const file = await disk.open('j/00000001.journal', 'read')
    const numbers: number[] = []
    for await (const { id } of walkGroups(file)) numbers.push(id.groupNumber)
    return numbers
  }
  return { options, walk, journal: await openDiskJournal(options) }
}

test('groups are found one behind the other, those of an earlier use are not', async () => {
  const { journal, walk } = await setup()
  for (const number of [1, 2, 3, 4]) await journal.write(someGroup(number, [number * 2000]))
  assert.deepEqual(await walk(), [1, 2, 3, 4])
  await journal.roll()
  await journal.retire('journal-1')
  await journal.write(someGroup(5, [2000]))
  assert.deepEqual(await walk(), [5])
  await journal.close()
})

/** A group whose bytes hold, where a page begins, a header as true as its sender can make one. */
function forging(number: number, position: number): JournalGroup {
  const { bytes } = encodeGroupHeader({
    clusterId: someCluster,
    fileIncarnation: 1,
    id: { incarnation: 1, groupNumber: 666 },
    createdMs: 0,
    position,
    runs: [],
    byteLength: 0,
    previousChecksum: 0,
  })
  const group = someGroup(number, [12_000])
  const [batch] = group.chunks
  batch?.set(bytes, 2 * pageBytes - headerBytesOf(1)) // the third page of the group
  return group
}

test('a group made up inside a record is not followed', async () => {
  const { options, journal, walk } = await setup()
  const first = someGroup(1, [10])
  const known = [knownAs(first, await journal.write(first))]
  await journal.write(forging(2, 4096 + 8192))
  assert.deepEqual(await walk(), [1, 2])
  await journal.close()
  // Group 2 was never committed; one that ends just before the made up header takes its place.
  const again = await openDiskJournal({ ...options, known, liveObjects: ['journal-1'] })
  await again.write(someGroup(3, [6000]))
  assert.deepEqual(await walk(), [1, 3])
  await again.close()
})
