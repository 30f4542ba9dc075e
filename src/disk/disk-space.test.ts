import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { DiskSpace } from './disk-space.ts'
import { MemoryDisk } from './memory-disk.ts'

const reserveBytes = 2_000_000
const resumeBytes = 1_000_000
const full = new Failure('overloaded', 'SQLite: database or disk is full')

async function setup(capacityBytes: number) {
  const clock = new VirtualClock()
  const disk = new MemoryDisk({ clock, random: seededRandom(1), capacityBytes })
  await disk.makeFolder('d')
  const lines: string[] = []
  const note = (_: unknown, message: string): void => void lines.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
  const space = new DiskSpace({ disk, folder: 'd', clock, log, reserveBytes, resumeBytes })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    await clock.advance(1_000)
  }
  return { disk, space, lines, settle }
}

const isHeld = async (disk: MemoryDisk): Promise<boolean> =>
  (await disk.stat('d/reserve'))?.size === reserveBytes

test('the reserve is taken at start and nothing is said', async () => {
  const { disk, space, lines, settle } = await setup(10_000_000)
  space.start()
  await settle()
  assert.equal(await isHeld(disk), true)
  assert.equal(space.full, undefined)
  space.check()
  assert.deepEqual(lines, [])
  await space.close()
})

test('a full catalog: the reserve goes, writes are refused; space: both are back', async () => {
  const { disk, space, lines, settle } = await setup(10_000_000)
  space.start()
  await settle()
  disk.capacityBytes = reserveBytes // somebody else has taken the rest
  await space.failed(full, 'catalog')
  await space.failed(full, 'catalog')
  assert.equal(await isHeld(disk), false)
  assert.throws(
    () => space.check(),
    (error) => isFailure(error, 'overloaded'),
  )
  await settle()
  assert.notEqual(space.full, undefined)
  assert.equal(lines.length, 1)

  disk.capacityBytes = reserveBytes + resumeBytes - 1
  await settle()
  assert.notEqual(space.full, undefined, 'room for the reserve alone is not enough')
  disk.capacityBytes = 2 * reserveBytes
  await settle()
  await settle()
  assert.equal(space.full, undefined)
  assert.equal(await isHeld(disk), true)
  assert.equal(lines.length, 2)
  await space.close()
})

test('a full journal keeps the reserve for the catalog', async () => {
  const { disk, space, settle } = await setup(10_000_000)
  space.start()
  await settle()
  disk.capacityBytes = reserveBytes
  await space.failed(full, 'journal')
  assert.notEqual(space.full, undefined)
  assert.equal(await isHeld(disk), true)
  disk.capacityBytes = reserveBytes + resumeBytes
  await settle()
  await settle()
  assert.equal(space.full, undefined)
  await space.close()
})

test('SQLite names some wants of space otherwise; other failures mean nothing', async () => {
  const { disk, space, settle } = await setup(10_000_000)
  space.start()
  await settle()
  const failure = new Failure('unknown-outcome', 'COMMIT failed: disk I/O error')
  await space.failed(failure, 'catalog')
  await space.failed(new Failure('conflict', 'a row is there'), 'catalog')
  await space.failed(new Error('no failure'), 'catalog')
  assert.equal(space.full, undefined)
  disk.capacityBytes = reserveBytes
  await space.failed(failure, 'catalog')
  assert.notEqual(space.full, undefined)
  await space.close()
})

test('a disk without room for the reserve is full from the start', async () => {
  const { disk, space, settle } = await setup(reserveBytes)
  await (await disk.open('d/reserve', 'create')).write([new Uint8Array(reserveBytes - 10)], 0)
  await space.makeRoom()
  assert.equal(disk.usedBytes(), 0)
  space.start()
  await settle()
  assert.notEqual(space.full, undefined)
  await space.close()
})
