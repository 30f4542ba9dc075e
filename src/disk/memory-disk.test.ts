import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { systemClock } from '../base/system-clock.ts'
import { diskContract } from './disk-contract.ts'
import type { DiskFault, DiskOperation } from './memory-disk.ts'
import { MemoryDisk } from './memory-disk.ts'
import { sectorBytes } from './memory-content.ts'

function diskOf(
  seed: number,
  fault?: (operation: DiskOperation) => DiskFault | undefined,
): MemoryDisk {
  const base = { clock: systemClock, random: seededRandom(seed) }
  return new MemoryDisk(fault === undefined ? base : { ...base, fault })
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

async function contentOf(disk: MemoryDisk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read')
  const bytes = new Uint8Array(await file.size())
  await file.read(bytes, 0)
  return bytes
}

diskContract('memory disk', async () => {
  const disk = diskOf(1)
  await disk.makeFolder('data')
  return { disk, folder: 'data' }
})

test('what was synced in a synced folder outlives every crash', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = diskOf(seed)
    await disk.makeFolder('d')
    const file = await disk.open('d/a', 'create')
    await file.write([filled(5000, 7)], 0)
    await file.sync()
    await disk.syncFolder('d')
    disk.crash(seededRandom(seed))
    assert.deepEqual(await contentOf(disk, 'd/a'), filled(5000, 7))
  }
})

test('of an unsynced overwrite, crashes keep or lose each sector, in any order', async () => {
  const seen = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const disk = diskOf(seed)
    await disk.makeFolder('d')
    const file = await disk.open('d/a', 'create')
    await file.write([filled(3 * sectorBytes, 1)], 0)
    await file.sync()
    await disk.syncFolder('d')
    await file.write([filled(3 * sectorBytes, 2)], 0)
    disk.crash(seededRandom(seed))
    const bytes = await contentOf(disk, 'd/a')
    const sectors = [0, 1, 2].map((at) => bytes.subarray(at * sectorBytes, (at + 1) * sectorBytes))
    for (const sector of sectors) assert.equal(new Set(sector).size, 1, 'a sector is whole')
    seen.add(sectors.map((sector) => sector[0]).join(''))
  }
  assert.equal(seen.size, 8, [...seen].join(' '))
})

test('names without a sync of their folder may be lost, and renames undone', async () => {
  const seen = new Set<string>()
  for (let seed = 0; seed < 100; seed++) {
    const disk = diskOf(seed)
    await disk.makeFolder('d')
    await disk.open('d/old', 'create')
    await disk.syncFolder('d')
    await disk.rename('d/old', 'd/new')
    await disk.open('d/other', 'create')
    disk.crash(seededRandom(seed))
    seen.add((await disk.names('d')).join(' '))
  }
  assert.deepEqual([...seen].toSorted(), ['new', 'new other', 'old', 'old other'])
})

test('after a failed sync a later one does not save what the first lost', async () => {
  let failing = true
  const outcomes = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    failing = true
    const disk = diskOf(seed, ({ kind }) =>
      kind === 'sync' && failing ? { fail: 'unavailable' } : undefined,
    )
    await disk.makeFolder('d')
    const file = await disk.open('d/a', 'create')
    await disk.syncFolder('d')
    await file.write([filled(sectorBytes, 9)], 0)
    await assert.rejects(file.sync(), { kind: 'unavailable' })
    failing = false
    await file.sync()
    assert.equal((await contentOf(disk, 'd/a'))[0], 9, 'reads show it still')
    disk.crash(seededRandom(seed))
    outcomes.add((await contentOf(disk, 'd/a'))[0] ?? 0)
  }
  assert.deepEqual(
    [...outcomes].toSorted((a, b) => a - b),
    [0, 9],
  )
})

test('overlapping syncs never bring older bytes back', async () => {
  let syncs = 0
  const disk = diskOf(3, ({ kind }) => (kind === 'sync' ? { delayMs: 8 - 6 * syncs++ } : undefined))
  await disk.makeFolder('d')
  const file = await disk.open('d/a', 'create')
  await disk.syncFolder('d')
  await file.write([filled(10, 1)], 0)
  const first = file.sync()
  await file.write([filled(10, 2)], 0)
  await Promise.all([first, file.sync()])
  disk.crash(seededRandom(3))
  assert.deepEqual(await contentOf(disk, 'd/a'), filled(10, 2))
})

test('a full disk refuses growth, takes overwrites, and recovers', async () => {
  const disk = diskOf(4)
  disk.capacityBytes = 1000
  await disk.makeFolder('d')
  const file = await disk.open('d/a', 'create')
  await file.write([filled(900, 1)], 0)
  await assert.rejects(file.write([filled(200, 2)], 900), { kind: 'overloaded' })
  await file.write([filled(900, 2)], 0)
  assert.equal(await disk.freeBytes('d'), 100)
  disk.capacityBytes = 2000
  await file.write([filled(200, 2)], 900)
})

test('what was open before a crash is of no use behind it', async () => {
  const disk = diskOf(5, () => ({ delayMs: 1 }))
  await disk.makeFolder('d')
  const file = await disk.open('d/a', 'create')
  const writing = file.write([filled(10, 1)], 0)
  disk.crash(seededRandom(5))
  await assert.rejects(writing, { kind: 'unavailable' })
  await assert.rejects(file.sync(), { kind: 'unavailable' })
})

test('a refused write may have written any part of it, and nothing else', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 60; seed++) {
    let failing = false
    const disk = diskOf(seed, () => (failing ? { fail: 'unavailable' } : undefined))
    await disk.makeFolder('d')
    const file = await disk.open('d/a', 'create')
    await file.write([filled(4, 1)], 0)
    failing = true
    await assert.rejects(file.write([filled(4, 2)], 0), { kind: 'unavailable' })
    failing = false
    const bytes = await contentOf(disk, 'd/a')
    const written = bytes.filter((value) => value === 2).length
    assert.deepEqual(bytes, new Uint8Array([...filled(written, 2), ...filled(4 - written, 1)]))
    lengths.add(written)
  }
  assert.equal(lengths.size, 5)
})
