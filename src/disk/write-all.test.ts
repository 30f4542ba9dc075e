import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chunksPerWrite, writeAll } from './write-all.ts'

test('whatever part is taken at a time, every byte is written once and in place', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 }),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }),
      async (chunks, takes) => {
        const expected = chunks.flatMap((chunk) => [...chunk])
        const file: number[] = []
        let calls = 0
        await writeAll(
          (some, position) => {
            const all = some.flatMap((chunk) => [...chunk])
            const take = Math.min(all.length, 1 + (takes[calls++ % takes.length] ?? 0))
            for (let at = 0; at < take; at++) {
              assert.equal(file[position + at], undefined)
              file[position + at] = all[at] ?? -1
            }
            return Promise.resolve(take)
          },
          chunks,
          7,
        )
        assert.deepEqual(file.slice(7), expected)
      },
    ),
  )
})

test('no call gets more chunks than the kernel allows', async () => {
  const sizes: number[] = []
  const chunks = Array.from({ length: 2 * chunksPerWrite + 1 }, () => new Uint8Array(2))
  await writeAll(
    (some) => {
      sizes.push(some.length)
      return Promise.resolve(some.length * 2)
    },
    chunks,
    0,
  )
  assert.deepEqual(sizes, [chunksPerWrite, chunksPerWrite, 1])
})

test('a system that writes nothing and reports nothing is no endless loop', async () => {
  await assert.rejects(
    writeAll(() => Promise.resolve(0), [new Uint8Array(1)], 0),
    { name: 'AssertionFailed' },
  )
})
