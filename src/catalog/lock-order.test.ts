import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LockOrder } from './lock-order.ts'
import { catalogTables, clusterFacts, counters, groupOffsets, partitions } from './schema.ts'
import { extents, topicNames, topics } from './schema.ts'

const refused = { name: 'AssertionFailed', message: /locks ascend/ }

test('one class is ordered by the name of the table, then by key', () => {
  const order = new LockOrder()
  order.beforeLock(topics, [['a'], ['b']], 'shared')
  order.beforeLock(topicNames, [['a']], 'shared')
  assert.throws(() => order.beforeLock(topics, [['c']], 'shared'), refused)
  order.beforeWrite(clusterFacts, [['z']])
  order.beforeWrite(counters, [['a']])
})

test('what was not found may be inserted, and what exists may be locked after all', () => {
  const order = new LockOrder()
  order.beforeLock(partitions, [[5]], 'exclusive')
  order.beforeWrite(partitions, [[5]])
  order.beforeLock(partitions, [[5]], 'exclusive')
  assert.throws(() => order.beforeWrite(partitions, [[4]]), refused)
})

test('keys of several columns are told apart, whatever their text holds', () => {
  const order = new LockOrder()
  order.hold(groupOffsets, ['a', '1,b', 0], 'exclusive')
  order.beforeWrite(groupOffsets, [['z', '', 0]])
  order.beforeWrite(groupOffsets, [['a', '1,b', 0]])
  assert.throws(() => order.beforeWrite(groupOffsets, [['a,1', 'b', 0]]), refused)
})

test('a guard that is only shared guards nothing', () => {
  const order = new LockOrder()
  order.hold(partitions, [1], 'shared')
  order.beforeLock(partitions, [[9]], 'exclusive')
  assert.throws(() => order.beforeWrite(extents, [[1, 0]]), refused)
  order.hold(partitions, [9], 'exclusive')
  order.beforeWrite(extents, [[9, 0]])
})

test('every guard names a table of the catalog, and columns of both keys in order', () => {
  for (const table of catalogTables) {
    if (table.guard === undefined) continue
    const guard = catalogTables.find((other) => other.name === table.guard?.table)
    assert.ok(guard, `${table.name} is guarded by a table that exists`)
    assert.deepEqual(table.guard.columns, guard.key)
    for (const column of table.guard.columns) assert.ok(table.key.includes(column))
  }
})
