/** Who catches up is read ahead for, and is in nobody's way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../catalog/manifest.ts'
import { buildBatch } from '../record/build-batch.ts'
import { BlockCache } from './block-cache.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const record = { key: null, value: Buffer.alloc(1_000), timestampMs: 1 }
const bytesAt = (baseOffset: number): Uint8Array => buildBatch([record], { baseOffset })

function runAt(offset: number, kind: 'packed' | 'journal' = 'packed'): Run {
  const { length } = bytesAt(offset)
  const offsets = { baseOffset: offset, nextOffset: offset + 1 }
  const place = { objectId: `${kind}-${offset}`, position: 0, length, leaderEpoch: 0 }
  return { partitionId: 1, ...offsets, ...place, maxTimestampMs: 1 }
}

interface World {
  readonly cache: BlockCache
  readonly begun: string[]
  readonly gates: Map<string, () => void>
}

function world(readsMax: number): World {
  const begun: string[] = []
  const gates = new Map<string, () => void>()
  const read = async ({ objectId, baseOffset }: Run) => {
    begun.push(objectId)
    await new Promise<void>((go) => gates.set(objectId, go))
    return { kind: 'packed' as const, bytes: bytesAt(baseOffset) }
  }
  return { cache: new BlockCache({ maxBytes: 100_000, readsMax, source: { read } }), begun, gates }
}

const ends = 5
const nextRun = async ({ nextOffset }: Run): Promise<Run | undefined> =>
  nextOffset < ends ? runAt(nextOffset) : undefined

test('behind the second run in order the next are read before they are asked for', async () => {
  const { cache, begun, gates } = world(8)
  for (const offset of [0, 1]) {
    const reading = cache.readThrough(runAt(offset), nextRun)
    await settle()
    gates.get(`packed-${offset}`)?.()
    await reading
    await settle()
  }
  assert.deepEqual(begun, ['packed-0', 'packed-1', 'packed-2', 'packed-3', 'packed-4'])
  const third = cache.readThrough(runAt(2), nextRun)
  gates.get('packed-2')?.()
  await third
  assert.equal(begun.length, 5)
  assert.equal(cache.stats.ahead, 3)
})

test('those who follow do not wait behind those who catch up', async () => {
  const { cache, begun, gates } = world(2)
  const packed = [0, 10, 20].map((offset) => cache.read(runAt(offset)))
  const fresh = cache.read(runAt(30, 'journal'))
  await settle()
  assert.deepEqual(begun, ['packed-0', 'packed-10', 'journal-30'])
  for (const name of begun) gates.get(name)?.()
  await fresh
  await settle()
  gates.get('packed-20')?.()
  await Promise.all(packed)
})
