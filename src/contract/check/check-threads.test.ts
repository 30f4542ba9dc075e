import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckThreads } from './check-threads.ts'
import type { JudgedBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import type { RecordChecker } from './record-checker.ts'

const policy = {} as Policy
const kept: JudgedBatch = { violations: [], count: 0, records: 1, asked: [] }

/** Checkers that judge when they are told to. */
class Checkers {
  readonly made: { readonly given: PromiseWithResolvers<JudgedBatch>[]; isClosed: boolean }[] = []

  readonly make = (): RecordChecker => {
    const one = { given: [] as PromiseWithResolvers<JudgedBatch>[], isClosed: false }
    this.made.push(one)
    return {
      check: () => {
        const judged = Promise.withResolvers<JudgedBatch>()
        one.given.push(judged)
        return judged.promise
      },
      close: async () => {
        one.isClosed = true
      },
    }
  }

  get given(): number[] {
    return this.made.map(({ given }) => given.length)
  }
}

test('a batch goes to who has nothing to do, to a new thread, or to the least', async () => {
  const checkers = new Checkers()
  const threads = new CheckThreads(checkers.make, 2)
  assert.deepEqual(checkers.given, [], 'none before it is needed')
  const first = threads.check(policy, Buffer.alloc(100))
  checkers.made[0]?.given[0]?.resolve(kept)
  assert.equal(await first, kept)
  void threads.check(policy, Buffer.alloc(100))
  assert.deepEqual(checkers.given, [2])
  void threads.check(policy, Buffer.alloc(10))
  void threads.check(policy, Buffer.alloc(50))
  void threads.check(policy, Buffer.alloc(50))
  assert.deepEqual(checkers.given, [2, 3], 'the second has 110 bytes now')
  void threads.check(policy, Buffer.alloc(1))
  assert.deepEqual(checkers.given, [3, 3])
})

test('a batch that failed does not count any more, and all threads are closed', async () => {
  const checkers = new Checkers()
  const threads = new CheckThreads(checkers.make, 2)
  const failing = threads.check(policy, Buffer.alloc(100))
  void threads.check(policy, Buffer.alloc(10))
  checkers.made[0]?.given[0]?.reject(new Error('broken'))
  await assert.rejects(failing, /broken/)
  void threads.check(policy, Buffer.alloc(10))
  assert.deepEqual(checkers.given, [2, 1])
  await threads.close()
  assert.ok(checkers.made.every(({ isClosed }) => isClosed))
})
