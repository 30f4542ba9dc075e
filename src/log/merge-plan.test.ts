import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '../base/random.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { mergedBytesMin, planMerge } from './merge-plan.ts'
import { extentBytesMax } from './pack-extents.ts'

const rules = { spanMsMax: Infinity, ageMs: 3_600_000, nowMs: 10_000_000 }
const kibibyte = 1024

/** Neighbours of these lengths, ten offsets each. */
function extentsOf(lengths: readonly number[], changes: Partial<ExtentRow> = {}): ExtentRow[] {
  return lengths.map((length, at) => ({
    ...{ partitionId: 1, baseOffset: 10 * at, nextOffset: 10 * at + 10, leaderEpoch: 0, length },
    ...{ objectId: `packed-${at}`, position: 48, maxTimestampMs: 1_000 * at },
    createdMs: rules.nowMs - 1_000,
    ...changes,
  }))
}

const seen = (some: readonly ExtentRow[], more = {}): [number[][], number] => {
  const { groups, doneEnd } = planMerge(some, { ...rules, ...more })
  return [groups.map((group) => group.map(({ baseOffset }) => baseOffset)), doneEnd]
}

test('what is small waits until it is enough, many, or old', () => {
  const few = [1, 1, 1].map((size) => size * kibibyte)
  assert.deepEqual(seen(extentsOf(few)), [[], 0])
  assert.deepEqual(seen(extentsOf(few, { createdMs: 0 })), [[[0, 10, 20]], 0])
  const many = Array.from({ length: 60 }, () => kibibyte)
  assert.equal(seen(extentsOf(many))[0][0]?.length, 60)
  const enough = Array.from({ length: 5 }, () => extentBytesMax / 8)
  assert.equal(seen(extentsOf(enough))[0][0]?.length, 5)
})

test('what is large stays, and is not looked at again', () => {
  const large = mergedBytesMin
  assert.deepEqual(seen(extentsOf([large, large, large, kibibyte])), [[], 30])
  const [groups, doneEnd] = seen(extentsOf([large, kibibyte, kibibyte, large]))
  assert.deepEqual([groups, doneEnd], [[[10, 20]], 10])
})

test('neighbours in another epoch or behind a gap, and times that lie apart, stay apart', () => {
  const old = { createdMs: 0 }
  const some = extentsOf(
    [1, 1, 1, 1].map((size) => size * kibibyte),
    old,
  )
  const epochs = some.map((each, at) => ({ ...each, leaderEpoch: at < 2 ? 0 : 1 }))
  assert.deepEqual(seen(epochs)[0], [
    [0, 10],
    [20, 30],
  ])
  const gap = some.map((each, at) => (at === 1 ? { ...each, nextOffset: 19 } : each))
  assert.deepEqual(seen(gap)[0], [
    [0, 10],
    [20, 30],
  ])
  assert.deepEqual(seen(some, { spanMsMax: 1_000 })[0], [
    [0, 10],
    [20, 30],
  ])
})

test('a byte is written again only when its extent doubles, and rows stay few', () => {
  const random = seededRandom(3)
  let rows: ExtentRow[] = []
  let [written, added] = [0, 0]
  for (let minute = 0; minute < 3_000; minute++) {
    const length = 1 + randomBelow(random, 8 * kibibyte)
    const baseOffset = rows.at(-1)?.nextOffset ?? 0
    const [fresh] = extentsOf([length], { createdMs: 60_000 * minute })
    assert.ok(fresh !== undefined)
    rows.push({ ...fresh, baseOffset, nextOffset: baseOffset + 10, maxTimestampMs: 0 })
    added += length
    const { groups } = planMerge(rows, { ...rules, nowMs: 60_000 * minute })
    for (const group of groups) {
      const first = group[0] as ExtentRow
      const last = group.at(-1) as ExtentRow
      const sum = group.reduce((all, each) => all + each.length, 0)
      written += sum
      const merged = { ...first, nextOffset: last.nextOffset, length: sum }
      const at = rows.indexOf(first)
      rows = rows.toSpliced(at, group.length, { ...merged, createdMs: last.createdMs })
    }
    for (const [at, each] of rows.entries()) {
      if (at > 0) assert.equal(each.baseOffset, rows[at - 1]?.nextOffset)
      assert.ok(each.length <= extentBytesMax)
    }
  }
  assert.ok(written / added < 8, `each byte was written ${written / added} times`)
  assert.ok(rows.length < 80, `${rows.length} rows of 3,000`)
})
