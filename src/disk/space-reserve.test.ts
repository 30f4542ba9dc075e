import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { MemoryDisk } from './memory-disk.ts'
import { SpaceReserve } from './space-reserve.ts'

const bytes = 2_500_000

async function setup(capacityBytes: number) {
  const disk = new MemoryDisk({ clock: systemClock, random: systemRandom, capacityBytes })
  await disk.makeFolder('d')
  return { disk, reserve: new SpaceReserve(disk, 'd', bytes) }
}

test('the reserve takes space while there is plenty, and gives it back', async () => {
  const { disk, reserve } = await setup(10_000_000)
  assert.equal(await reserve.held(), false)
  assert.equal(await reserve.hold(), true)
  assert.equal(await disk.freeBytes('d'), 10_000_000 - bytes)
  assert.equal(await reserve.hold(), true)
  disk.crash(systemRandom)
  assert.equal(await reserve.held(), true, 'it is on the disk')
  await reserve.release()
  await reserve.release()
  assert.equal(await disk.freeBytes('d'), 10_000_000)
})

test('the reserve is not taken back before there is twice its space', async () => {
  const { disk, reserve } = await setup(2 * bytes - 1)
  assert.equal(await reserve.hold(), false)
  assert.equal(disk.usedBytes(), 0)
  disk.capacityBytes++
  assert.equal(await reserve.hold(), true)
})

test('a reserve that was half taken is taken anew, one that loses the race gives way', async () => {
  const { disk, reserve } = await setup(10_000_000)
  await (await disk.open('d/reserve', 'create')).write([new Uint8Array(10)], 0)
  assert.equal(await reserve.held(), false)
  assert.equal(await reserve.hold(), true)
  await reserve.release()
  const holding = reserve.hold()
  for (let tick = 0; tick < 12; tick++) await Promise.resolve()
  disk.capacityBytes = 1000
  assert.equal(await holding, false)
  assert.equal(disk.usedBytes(), 0)
})
