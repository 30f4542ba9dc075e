import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { feedContract } from './contract-feed.ts'
import { commitRow } from './contract-subject.ts'
import { feedPositionMsMax } from './fleet-database.ts'
import { openMemoryDatabase } from './memory-database.ts'
import { commitLog } from './schema.ts'
import type { Table } from './table.ts'

feedContract('memory', { random: seededRandom(7), commits: 200 }, async () => {
  const database = openMemoryDatabase({ clock: systemClock })
  return { databases: [database, database], discard: () => database.close() }
})

const feed = [commitLog] as readonly Table<never>[]

test('a position that is too old is reset, and so is one of a clock that went back', async () => {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const { position } = await database.changes(undefined, feed, 9)
  await clock.advance(feedPositionMsMax)
  await database.transaction('insert', (tx) => tx.insert(commitLog, [commitRow(1, 1)]))
  const young = await database.changes(position, feed, 9)
  assert.deepEqual([young.isReset, young.rows.length], [false, 1])
  await clock.advance(1)
  const old = await database.changes(position, feed, 9)
  assert.deepEqual([old.isReset, old.rows], [true, [[]]])
})

test('a poll can fail, and a call can be lost', async () => {
  const lost = new Set<string>(['changes', 'announce'])
  const database = openMemoryDatabase({
    clock: systemClock,
    hooks: { fault: ({ at }) => (lost.has(at) ? { fault: 'fail' } : undefined) },
  })
  await assert.rejects(database.changes(undefined, feed, 9), { kind: 'unavailable' })
  let calls = 0
  database.onAnnounced(() => calls++)
  database.announce()
  const { promise, resolve } = Promise.withResolvers<void>()
  systemClock.after(30, resolve)
  await promise
  assert.equal(calls, 0)
})
