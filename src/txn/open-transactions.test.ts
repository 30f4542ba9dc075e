import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenTransactions } from './open-transactions.ts'

const producer = { producerId: 7, producerEpoch: 1 }

test('a transaction is known by its producer, with the partitions that are in it', () => {
  const open = new OpenTransactions()
  assert.equal(open.serialOf('x', producer, []), undefined)
  open.remember('x', producer, 3, [1, 2])
  open.remember('x', producer, 3, [5])
  assert.equal(open.serialOf('x', producer, [1, 5]), 3)
  assert.equal(open.serialOf('x', producer, [1, 6]), undefined)
  for (const other of [{ producerId: 8 }, { producerEpoch: 0 }, { producerEpoch: 2 }]) {
    assert.equal(open.serialOf('x', { ...producer, ...other }, [1]), undefined)
  }
  open.remember('x', producer, 4, [1])
  assert.equal(open.serialOf('x', producer, [1]), 4)
  assert.equal(open.serialOf('x', producer, [2]), undefined, 'of the transaction before')
  open.forget('x')
  assert.equal(open.serialOf('x', producer, [1]), undefined)
})

test('so many are known, and so many partitions of each', () => {
  const open = new OpenTransactions()
  for (let at = 0; at < 2_001; at++) open.remember(`x${at}`, producer, 1, [at])
  assert.equal(open.serialOf('x0', producer, [0]), undefined)
  assert.equal(open.serialOf('x1', producer, [1]), 1)
  assert.equal(open.serialOf('x2000', producer, [2_000]), 1)
  const many = Array.from({ length: 201 }, (_, at) => at)
  open.remember('wide', producer, 1, many)
  assert.equal(open.serialOf('wide', producer, many.slice(0, 200)), 1)
  assert.equal(open.serialOf('wide', producer, many), undefined)
})
