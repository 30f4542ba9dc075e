/** What every object store must do, run on each adapter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectStore } from './object-store.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export function objectStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  test(`${name}: an object is stored whole and read in ranges`, async () => {
    const store = await open()
    await store.put('c/packed/1', [bytesOf('hello '), bytesOf(''), bytesOf('world')])
    assert.equal(textOf(await store.read('c/packed/1', 0, 11)), 'hello world')
    assert.equal(textOf(await store.read('c/packed/1', 4, 3)), 'o w')
    assert.equal(textOf(await store.read('c/packed/1', 10, 1)), 'd')
    assert.equal((await store.read('c/packed/1', 11, 0)).length, 0)
    const stored = await store.stat('c/packed/1')
    assert.equal(stored?.size, 11)
    assert.equal(stored?.key, 'c/packed/1')
    assert.ok((stored?.modifiedMs ?? 0) > 1_700_000_000_000)
    await store.close()
  })

  test(`${name}: what is not there is not found, what is short is corrupt`, async () => {
    const store = await open()
    await assert.rejects(store.read('none', 0, 1), { kind: 'not-found' })
    assert.equal(await store.stat('none'), undefined)
    await store.put('short', [bytesOf('abc')])
    await assert.rejects(store.read('short', 1, 3), { kind: 'corrupt' })
    await assert.rejects(store.read('short', 9, 1), { kind: 'corrupt' })
    await store.close()
  })

  test(`${name}: storing twice, also at once, is harmless`, async () => {
    const store = await open()
    const put = (): Promise<void> => store.put('twice', [bytesOf('same')])
    await Promise.all([put(), put(), put()])
    await put()
    assert.equal(textOf(await store.read('twice', 0, 4)), 'same')
    assert.equal((await store.list('', undefined, 10)).length, 1)
    await store.close()
  })

  test(`${name}: of several that claim a key, one stores`, async () => {
    const store = await open()
    const claim = (at: number) => store.putIfAbsent('claimed', [bytesOf(`claimant ${at}`)])
    const claims = await Promise.all([0, 1, 2, 3].map(claim))
    assert.equal(claims.filter((each) => each === 'stored').length, 1, claims.join())
    const winner = `claimant ${claims.indexOf('stored')}`
    assert.equal(textOf(await store.read('claimed', 0, winner.length)), winner)
    assert.equal(await claim(9), 'exists')
    await store.delete('claimed')
    assert.equal(await claim(7), 'stored')
    assert.equal(textOf(await store.read('claimed', 0, 10)), 'claimant 7')
    await store.close()
  })

  test(`${name}: a deleted object is gone, deleting again is harmless`, async () => {
    const store = await open()
    await store.put('gone', [bytesOf('abc')])
    await store.read('gone', 0, 3)
    await store.delete('gone')
    await store.delete('gone')
    await store.delete('never')
    await assert.rejects(store.read('gone', 0, 3), { kind: 'not-found' })
    assert.deepEqual(await store.list('', undefined, 10), [])
    await store.put('gone', [bytesOf('back')])
    assert.equal(textOf(await store.read('gone', 0, 4)), 'back')
    await store.close()
  })

  test(`${name}: lists by key, by prefix, in pages`, async () => {
    const store = await open()
    const keys = Array.from({ length: 25 }, (_, at) => `a/${String(at).padStart(2, '0')}`)
    for (const key of [...keys, 'a-b', 'b/1']) await store.put(key, [bytesOf(key)])
    const seen: string[] = []
    for (let after: string | undefined; ;) {
      const page = await store.list('a/', after, 10)
      assert.ok(page.length <= 10)
      seen.push(...page.map(({ key }) => key))
      if (page.length === 0) break
      after = page.at(-1)?.key
    }
    assert.deepEqual(seen, keys)
    const all = await store.list('', undefined, 100)
    assert.deepEqual(
      all.map(({ key }) => key),
      ['a-b', ...keys, 'b/1'],
    )
    await store.close()
  })

  test(`${name}: keys that could leave the store are refused`, async () => {
    const store = await open()
    for (const key of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.', 'a b', 'a~b', 'ä', '+a']) {
      await assert.rejects(store.put(key, [bytesOf('x')]), { kind: 'invalid' }, key)
    }
    await assert.rejects(store.put('a'.repeat(201), [bytesOf('x')]), { kind: 'invalid' })
    await store.put('a'.repeat(200), [bytesOf('x')])
    await store.close()
  })

  test(`${name}: what is cancelled before it began is not done`, async () => {
    const store = await open()
    const call = { signal: AbortSignal.abort() }
    await assert.rejects(store.put('a', [bytesOf('x')], call), { kind: 'unavailable' })
    assert.deepEqual(await store.list('', undefined, 10), [])
    await store.put('a', [bytesOf('x')])
    await assert.rejects(store.read('a', 0, 1, call), { kind: 'unavailable' })
    await store.close()
  })

  test(`${name}: a closed store refuses`, async () => {
    const store = await open()
    await store.put('a', [bytesOf('x')])
    await store.close()
    await assert.rejects(store.put('b', [bytesOf('x')]), { kind: 'closed' })
    await assert.rejects(store.read('a', 0, 1), { kind: 'closed' })
  })
}
