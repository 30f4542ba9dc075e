import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { openMemoryDatabase } from './memory-database.ts'
import { endJournalObjects } from './pack-finish.ts'
import { objects, type ObjectRow } from './schema.ts'

const row = (objectId: string, changes: Partial<ObjectRow> = {}): ObjectRow => {
  const kind = 'journal'
  return { objectId, kind, state: 'live', size: 4096, createdMs: 1, unnamedMs: 0, ...changes }
}

// The third is missing, and stands before a row that is there: claims must not come behind it.
test('journal objects end together, those that no commit ever named among them', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const named = [row('journal-2'), row('journal-31')]
  await database.transaction('fill', (tx) => tx.put(objects, named))
  const finished = ['journal-31', 'journal-2', 'journal-29', 'journal-100']
  await endJournalObjects(database, { finished, packedGroups: undefined }, 7)
  const ended = await database.snapshot('read', (tx) => tx.scan(objects, { prefix: [], limit: 10 }))
  const garbage = { state: 'garbage', unnamedMs: 7 } as const
  assert.deepEqual(ended, [
    row('journal-100', { ...garbage, size: 0, createdMs: 7 }),
    row('journal-2', garbage),
    row('journal-29', { ...garbage, size: 0, createdMs: 7 }),
    row('journal-31', garbage),
  ])
})
