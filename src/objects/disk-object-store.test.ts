import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import type { DiskFault, DiskOperation } from '../disk/memory-disk.ts'
import { MemoryDisk } from '../disk/memory-disk.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { DiskObjectStore } from './disk-object-store.ts'
import { objectStoreContract } from './object-store-contract.ts'

const root = await mkdtemp(join(tmpdir(), 'karst-objects-'))
let folders = 0
after(() => rm(root, { recursive: true }))

const memory = (fault?: (operation: DiskOperation) => DiskFault | undefined): MemoryDisk =>
  new MemoryDisk({ clock: systemClock, random: systemRandom, ...(fault && { fault }) })

objectStoreContract('objects on a real disk', () =>
  Promise.resolve(new DiskObjectStore({ disk: nodeDisk, folder: join(root, String(folders++)) })),
)

objectStoreContract('objects on a disk in memory', () =>
  Promise.resolve(new DiskObjectStore({ disk: memory(), folder: 'objects', openFilesMax: 2 })),
)

const bytes = new Uint8Array(3000).fill(5)

test('a stored object outlives every crash, one under way is whole or absent', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const disk = memory()
    const folder = 'objects'
    const store = new DiskObjectStore({ disk: disk.mount(), folder })
    await store.put('stored', [bytes])
    const ended = store.put('begun', [bytes]).then(
      () => true,
      () => false,
    )
    for (let tick = 0; tick < seed; tick++) await Promise.resolve()
    disk.crash(systemRandom)
    const stored = await ended
    const again = new DiskObjectStore({ disk, folder })
    assert.deepEqual(new Uint8Array(await again.read('stored', 0, bytes.length)), bytes)
    const begun = await again.stat('begun')
    assert.ok(begun?.size === bytes.length || (begun === undefined && !stored))
    if (begun) assert.deepEqual(new Uint8Array(await again.read('begun', 0, 3000)), bytes)
  }
})

test('what an earlier process left half written is removed, and never listed', async () => {
  const disk = memory()
  const store = new DiskObjectStore({ disk, folder: 'o' })
  await store.put('k', [bytes])
  let shard = ''
  for (let index = 0; index < 256; index++) {
    const name = `o/${index.toString(16).padStart(2, '0')}`
    if ((await disk.names(name)).length > 0) shard = name
  }
  await (await disk.open(`${shard}/+7+k`, 'create')).close()
  assert.equal((await store.list('', undefined, 9)).length, 1)
  const again = new DiskObjectStore({ disk, folder: 'o' })
  await again.put('k', [bytes])
  assert.deepEqual(await disk.names(shard), ['k'])
})

test('a put that fails before its rename is not stored, behind it is unknown', async () => {
  let failing: DiskOperation['kind'] | undefined
  const disk = memory(({ kind }) => (kind === failing ? { fail: 'overloaded' } : undefined))
  const store = new DiskObjectStore({ disk, folder: 'o' })
  await store.put('k', [bytes])
  for (const kind of ['open', 'write', 'sync'] as const) {
    failing = kind
    await assert.rejects(store.put('k', [bytes]), { kind: 'overloaded' }, kind)
  }
  for (const kind of ['rename', 'sync-folder'] as const) {
    failing = kind
    await assert.rejects(store.put('k', [bytes]), { kind: 'unknown-outcome' }, kind)
  }
  failing = undefined
  await store.put('k', [bytes])
  assert.equal((await store.read('k', 0, 3000)).length, 3000)
})

test('a deleted object is read to the end by who began to', async () => {
  const store = new DiskObjectStore({
    disk: memory(({ kind }) => (kind === 'read' ? { delayMs: 3 } : undefined)),
    folder: 'o',
  })
  await store.put('k', [bytes])
  const reading = store.read('k', 0, 3000)
  await store.delete('k')
  assert.equal((await reading).length, 3000)
  await assert.rejects(store.read('k', 0, 1), { kind: 'not-found' })
})
