import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { leaveLease, takeLease } from './job-leases.ts'
import { openMemoryDatabase } from './memory-database.ts'

test('one of the living holds a lease, and of the dead another takes it', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const alive = new Set([1, 2, 3])
  const take = (incarnation: number): Promise<boolean> =>
    takeLease(database, 'pack', incarnation, (each) => alive.has(each))
  const first = await Promise.all([take(1), take(2), take(3)])
  assert.equal(first.filter((isHeld) => isHeld).length, 1)
  const holder = first.indexOf(true) + 1
  assert.equal(await take(holder), true, 'it is kept')
  alive.delete(holder)
  const others = [1, 2, 3].filter((each) => each !== holder)
  const second = await Promise.all(others.map(take))
  assert.equal(second.filter((isHeld) => isHeld).length, 1)
})

test('who leaves a lease gives it to another, and nobody leaves one of others', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const take = (incarnation: number): Promise<boolean> =>
    takeLease(database, 'pack', incarnation, () => true)
  assert.equal(await take(1), true)
  await leaveLease(database, 'pack', 2)
  assert.equal(await take(2), false)
  await leaveLease(database, 'pack', 1)
  assert.equal(await take(2), true)
  assert.equal(await take(1), false)
})
