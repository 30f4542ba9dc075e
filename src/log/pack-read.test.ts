/** What packing asks of a journal: each object once, a few ahead, and no more of what is gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { type PlacedRun, readBytesMax, readRuns } from './pack-read.ts'

const runBytes = 100

/** Of one partition in each place; the runs of an object begin `spacing` bytes apart. */
function runsOf(objects: number, each: number, spacing = runBytes): PlacedRun[] {
  const placed: PlacedRun[] = []
  for (let object = 0; object < objects; object++) {
    for (let at = 0; at < each; at++) {
      const objectId = `journal-1-${object}`
      const place = { objectId, position: at * spacing, length: runBytes, partitionId: at }
      const offsets = { baseOffset: object, nextOffset: object + 1, maxTimestampMs: 0 }
      const run: Run = { ...place, ...offsets, leaderEpoch: 0 }
      placed.push({ run, at: placed.length * runBytes })
    }
  }
  return placed
}

test('objects are read once, and the next ones are told of before it is their turn', async () => {
  const seen: string[] = []
  const journal = {
    prepare: (objectId: string) => void seen.push(`prepare ${objectId.at(-1)}`),
    read: async (objectId: string, position: number, length: number) => {
      seen.push(`read ${objectId.at(-1)}`)
      return new Uint8Array(length).fill(Number(objectId.at(-1)) * 10 + position / runBytes)
    },
  }
  const placed = runsOf(5, 3)
  const into = new Uint8Array(placed.length * runBytes)
  const scratch = new Uint8Array(readBytesMax)
  await readRuns(journal, placed, into, scratch, (_, error) => {
    throw error
  })
  assert.deepEqual(seen, [
    ...['prepare 0', 'prepare 1', 'prepare 2', 'prepare 3', 'read 0'],
    ...['prepare 4', 'read 1', 'read 2', 'read 3', 'read 4'],
  ])
})

test('an object that is gone is asked for once; runs of others are read', async () => {
  const seen: string[] = []
  const journal = {
    read: async (objectId: string, _: number, length: number) => {
      seen.push(objectId)
      if (objectId === 'journal-1-1') throw new Failure('not-found', 'retired')
      return new Uint8Array(length).fill(7)
    },
  }
  const placed = runsOf(3, 4, 2 * readBytesMax) // each by itself
  const into = new Uint8Array(placed.length * runBytes)
  const failed: Run[] = []
  await readRuns(journal, placed, into, new Uint8Array(readBytesMax), (run) => failed.push(run))
  const four = (objectId: string): string[] => Array.from({ length: 4 }, () => objectId)
  assert.deepEqual(seen, [...four('journal-1-0'), 'journal-1-1', ...four('journal-1-2')])
  assert.deepEqual(
    failed.map(({ objectId, partitionId }) => [objectId, partitionId]),
    [0, 1, 2, 3].map((partitionId) => ['journal-1-1', partitionId]),
  )
  assert.equal(into.filter((byte) => byte === 7).length, 8 * runBytes)
})
