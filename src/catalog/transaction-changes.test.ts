import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeTransactionChanges, encodeTransactionChanges } from './transaction-changes.ts'
import type { TransactionChange } from './commit-groups.ts'

const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const partitionId = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const change: fc.Arbitrary<TransactionChange> = fc.oneof(
  fc.record({
    change: fc.constant('written' as const),
    partitionId,
    producerId: offset,
    firstOffset: offset,
  }),
  fc.record({
    change: fc.constantFrom('committed' as const, 'aborted' as const),
    partitionId,
    producerId: offset,
    firstOffset: fc.option(offset),
    markerOffset: offset,
  }),
)

test('what is written is read again', () => {
  const selector = ({ partitionId: at, producerId }: TransactionChange): string =>
    `${at} ${producerId}`
  fc.assert(
    fc.property(fc.uniqueArray(change, { selector }), (changes) => {
      const read = decodeTransactionChanges(encodeTransactionChanges(changes))
      assert.deepEqual(
        read,
        changes.map((each) => ({ ...each })),
      )
    }),
  )
})

test('a producer begins once in a partition', () => {
  const written = { change: 'written', partitionId: 1, producerId: 2, firstOffset: 3 } as const
  const other = { ...written, partitionId: 2 }
  const all = [written, { ...written, firstOffset: 5 }, other]
  assert.deepEqual(decodeTransactionChanges(encodeTransactionChanges(all)), [written, other])
})

test('none take no space', () => assert.equal(encodeTransactionChanges([]), null))

test('what is no list of changes is corrupt', () => {
  const good = encodeTransactionChanges([
    { change: 'written', partitionId: 1, producerId: 2, firstOffset: 3 },
  ]) as Uint8Array
  for (const bad of [good.subarray(1), good.with(0, 9), good.with(1, 77), new Uint8Array(0)]) {
    assert.throws(() => decodeTransactionChanges(bad), { kind: 'corrupt' })
  }
})
