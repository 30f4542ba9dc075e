import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import type { StoreFault } from './memory-object-store.ts'
import { MemoryObjectStore } from './memory-object-store.ts'
import { objectStoreContract } from './object-store-contract.ts'

objectStoreContract('objects in memory', () =>
  Promise.resolve(new MemoryObjectStore({ clock: systemClock })),
)

const bytes = new Uint8Array([1, 2, 3])

function storeWith(): { store: MemoryObjectStore; set: (fault?: StoreFault) => void } {
  let fault: StoreFault | undefined
  const store = new MemoryObjectStore({ clock: systemClock, fault: () => fault })
  return { store, set: (next) => (fault = next) }
}

test('a refused put is not stored, one whose answer is lost is', async () => {
  const { store, set } = storeWith()
  set({ fail: 'unavailable' })
  await assert.rejects(store.put('a', [bytes]), { kind: 'unavailable' })
  set()
  assert.equal(await store.stat('a'), undefined)
  set({ loseAnswer: true })
  await assert.rejects(store.put('a', [bytes]), { kind: 'unknown-outcome' })
  await assert.rejects(store.read('a', 0, 1), { kind: 'unavailable' })
  set()
  assert.equal((await store.stat('a'))?.size, 3)
})

test('a put that is given up under way may be stored later all the same', async () => {
  const { store, set } = storeWith()
  set({ delayMs: 5 })
  const giveUp = new AbortController()
  const putting = store.put('a', [bytes], { signal: giveUp.signal })
  giveUp.abort()
  await assert.rejects(putting, { kind: 'unknown-outcome' })
  set()
  assert.equal(await store.stat('a'), undefined)
  const { promise, resolve } = Promise.withResolvers<void>()
  systemClock.after(20, resolve)
  await promise
  assert.equal((await store.stat('a'))?.size, 3)
})

test('what was stored does not change with the bytes it was stored from', async () => {
  const { store } = storeWith()
  const mine = new Uint8Array([7])
  await store.put('a', [mine])
  mine[0] = 8
  assert.equal((await store.read('a', 0, 1))[0], 7)
})
