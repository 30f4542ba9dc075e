/** Runs from storage: checked, read once however many ask, within bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { baseOffsetOf, leaderEpochOf } from '../record/batch-header.ts'
import { buildBatch } from '../record/build-batch.ts'
import { blockOf, findInBlock, type RunKind, sliceOfBlock } from './block.ts'
import { BlockShelf, type BlockShelfOptions } from './block-shelf.ts'

const batch = (count: number, baseOffset = 0): Uint8Array =>
  buildBatch(
    Array.from({ length: count }, () => {
      return { key: null, value: Buffer.from('value'), timestampMs: 1 }
    }),
    { baseOffset },
  )

/** Three batches of two records, as the journal holds them. */
const journalBytes = (): Uint8Array => Buffer.concat([batch(2), batch(2), batch(2)])

function runAt(position: number, changes: Partial<Run> = {}): Run {
  const { length } = journalBytes()
  const offsets = { baseOffset: 100, nextOffset: 106 }
  const place = { objectId: 'journal-1', position, length, leaderEpoch: 7 }
  return { partitionId: 1, ...offsets, ...place, maxTimestampMs: 1, ...changes }
}

test('a journal run gets its offsets and epoch', () => {
  const block = blockOf(runAt(0), 'journal', journalBytes())
  assert.deepEqual(block.nextOffsets, [102, 104, 106])
  for (const [index, at] of block.positions.entries()) {
    assert.equal(baseOffsetOf(block.bytes, at), 100 + 2 * index)
    assert.equal(leaderEpochOf(block.bytes, at), 7)
  }
  assert.equal(findInBlock(block, 0), 0)
  assert.equal(findInBlock(block, 103), 1)
  assert.equal(findInBlock(block, 106), 3)
  const size = block.positions[1] ?? 0
  assert.deepEqual(sliceOfBlock(block, 0, 1).nextOffset, 102, 'at least one')
  assert.deepEqual(sliceOfBlock(block, 0, 2 * size).nextOffset, 104)
  assert.deepEqual(sliceOfBlock(block, 1, 2 * size - 1).nextOffset, 104)
  assert.equal(sliceOfBlock(block, 0, 3 * size).bytes.length, 3 * size)
})

test('a packed run may have holes, and no overlaps', () => {
  const packed = Buffer.concat([batch(2, 100), batch(2, 104)])
  const run = runAt(0, { objectId: 'packed-1', length: packed.length, nextOffset: 110 })
  const block = blockOf(run, 'packed', packed)
  assert.deepEqual(block.nextOffsets, [102, 106])
  assert.equal(findInBlock(block, 102), 1, 'in a hole: the next one')
  const overlapping = Buffer.concat([batch(2, 100), batch(2, 101)])
  assert.throws(
    () => blockOf(run, 'packed', overlapping),
    (error) => isFailure(error, 'corrupt'),
  )
})

test('what is not what the catalog says is corrupt', () => {
  const damaged = journalBytes()
  damaged[80] = (damaged[80] ?? 0) ^ 1
  const cases: readonly (readonly [Run, RunKind, Uint8Array])[] = [
    [runAt(0), 'journal', damaged],
    [runAt(0, { nextOffset: 107 }), 'journal', journalBytes()],
    [runAt(0, { nextOffset: 105 }), 'journal', journalBytes()],
    [runAt(0, { nextOffset: 101 }), 'packed', batch(2, 100)],
    [runAt(0), 'journal', journalBytes().subarray(0, 100)],
  ]
  for (const [run, kind, bytes] of cases) {
    assert.throws(
      () => blockOf(run, kind, bytes),
      (error) => isFailure(error, 'corrupt'),
    )
  }
})

interface Source {
  readonly cache: BlockShelf
  readonly reads: { readonly run: Run; readonly gate: PromiseWithResolvers<void> }[]
}

function newCache(options: Partial<BlockShelfOptions> = {}): Source {
  const reads: Source['reads'] = []
  const cache = new BlockShelf({
    maxBytes: 10 * journalBytes().length,
    readsMax: 3,
    aheadMax: 2,
    source: {
      async read(run) {
        const gate = Promise.withResolvers<void>()
        reads.push({ run, gate })
        await gate.promise
        return { kind: 'journal', bytes: journalBytes() }
      },
    },
    ...options,
  })
  return { cache, reads }
}

/** Reads a run; storage answers at once. */
async function readNow({ cache, reads }: Source, position: number): Promise<void> {
  const block = cache.read(runAt(position))
  await settle()
  reads.at(-1)?.gate.resolve()
  await block
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('one read however many ask, and none for what is cached', async () => {
  const { cache, reads } = newCache()
  const asked = [cache.read(runAt(0)), cache.read(runAt(0)), cache.read(runAt(0))]
  await settle()
  assert.equal(reads.length, 1)
  reads[0]?.gate.resolve()
  const blocks = await Promise.all(asked)
  assert.equal(new Set(blocks).size, 1)
  assert.equal(await cache.read(runAt(0)), blocks[0])
  assert.deepEqual(cache.stats, { bytes: journalBytes().length, hits: 1, misses: 3, ahead: 0 })
})

test('a read that fails is asked again', async () => {
  const { cache, reads } = newCache()
  const asked = [cache.read(runAt(0)), cache.read(runAt(0))]
  await settle()
  reads[0]?.gate.reject(new Failure('not-found', 'gone'))
  for (const each of asked) await assert.rejects(each, (error) => isFailure(error, 'not-found'))
  const again = cache.read(runAt(0))
  await settle()
  assert.equal(reads.length, 2)
  reads[1]?.gate.resolve()
  assert.equal((await again).positions.length, 3)
})

test('reads under way are bounded, also when some end and others come', async () => {
  const { cache, reads } = newCache()
  const asked = Array.from({ length: 8 }, (_, index) => cache.read(runAt(index * 1_000)))
  await settle()
  assert.equal(reads.length, 3)
  for (let ended = 0; ended < 8; ended++) {
    reads[ended]?.gate.resolve()
    asked.push(cache.read(runAt(100_000 + ended)))
    await settle()
    assert.ok(reads.length - ended - 1 <= 3, `${reads.length - ended - 1} at once`)
  }
  for (let index = 8; index < 16; index++) {
    reads[index]?.gate.resolve()
    await settle()
  }
  await Promise.all(asked)
})

test('what was used longest ago goes first', async () => {
  const size = journalBytes().length
  const { cache, reads } = newCache({ maxBytes: 2 * size })
  const get = (position: number): Promise<void> => readNow({ cache, reads }, position)
  await get(0)
  await get(1_000)
  await get(0)
  await get(2_000)
  assert.equal(reads.length, 3)
  assert.equal(cache.stats.bytes, 2 * size)
  await get(0)
  assert.equal(reads.length, 3, 'the first was used again')
  await get(1_000)
  assert.equal(reads.length, 4, 'the second was not')
})

test('a cache without room keeps nothing', async () => {
  const { cache, reads } = newCache({ maxBytes: 0 })
  const block = cache.read(runAt(0))
  await settle()
  reads[0]?.gate.resolve()
  await block
  assert.equal(cache.stats.bytes, 0)
})

test('what is read ahead is there when it is asked for, and is bounded', async () => {
  const size = journalBytes().length
  const { cache, reads } = newCache({ maxBytes: 4 * size, readsMax: 3, aheadMax: 3 })
  assert.ok(cache.readAhead(runAt(0)))
  assert.ok(cache.readAhead(runAt(0)), 'it is on its way')
  assert.ok(cache.readAhead(runAt(1_000)))
  assert.equal(cache.readAhead(runAt(2_000)), false, 'half of the shelf is guessed')
  await settle()
  assert.equal(reads.length, 2)
  const asked = cache.read(runAt(0))
  await settle()
  assert.equal(reads.length, 2, 'the reader waits for the guess')
  reads[0]?.gate.resolve()
  await asked
  assert.ok(cache.readAhead(runAt(2_000)), 'what was asked for is no guess any more')
  reads[1]?.gate.reject(new Failure('unavailable', 'the store is away'))
  await settle()
  const again = cache.read(runAt(1_000))
  await settle()
  reads.at(-1)?.gate.resolve()
  assert.equal((await again).positions.length, 3)
})

test('reads ahead leave room for readers', async () => {
  const { cache, reads } = newCache({ readsMax: 3, aheadMax: 2 })
  for (const position of [0, 1_000]) assert.ok(cache.readAhead(runAt(position)))
  assert.equal(cache.readAhead(runAt(2_000)), false)
  const asked = cache.read(runAt(3_000))
  await settle()
  assert.equal(reads.length, 3)
  assert.equal(reads.at(-1)?.run.position, 3_000)
  reads.at(-1)?.gate.resolve()
  await asked
})

test('what was read to its end goes first', async () => {
  const size = journalBytes().length
  const { cache, reads } = newCache({ maxBytes: 2 * size })
  const get = (position: number): Promise<void> => readNow({ cache, reads }, position)
  await get(0)
  await get(1_000)
  cache.end(runAt(1_000))
  await get(2_000)
  assert.ok(cache.has(runAt(0)), 'older, and not read to its end')
  assert.equal(cache.has(runAt(1_000)), false)
  assert.equal(cache.stats.bytes, 2 * size)
})
