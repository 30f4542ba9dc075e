/** Which runs share a packed object, and where extents end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from '../base/crc32c.ts'
import { isFailure } from '../base/errors.ts'
import { markerRun, type Run } from '../catalog/manifest.ts'
import { baseOffsetOf, leaderEpochOf } from '../record/batch-header.ts'
import { buildBatch } from '../record/build-batch.ts'
import { readMarker } from '../record/control.ts'
import { markerBatch } from './marker-batch.ts'
import { ExtentCutter, extentBytesMax, extentSpanMsMax } from './pack-extents.ts'
import { type ObjectPlan, type PackTopic, planObjects } from './pack-plan.ts'
import { PartitionLog } from './partition-log.ts'

const day = 86_400_000
const topic: PackTopic = { name: 't', retentionMs: 7 * day, segmentMs: 7 * day }

const run = (baseOffset: number, objectId: string, length = 100): Run => ({
  partitionId: 1,
  baseOffset,
  nextOffset: baseOffset + 10,
  objectId,
  position: 0,
  length,
  maxTimestampMs: 0,
  leaderEpoch: 0,
})

function logOf(partitionId: number, runs: readonly Run[], changes = {}): PartitionLog {
  const ends = { logStart: 0, logEnd: 0, packedEnd: 0, leaderEpoch: 0, ...changes }
  const log = new PartitionLog({
    partitionId,
    topicId: `${partitionId}`,
    partitionIndex: 0,
    ...ends,
  })
  for (const each of runs) log.addRun(each)
  return log
}

const plan = (
  logs: readonly PartitionLog[],
  bytesMax = 1_000,
  topicOf: (id: string) => PackTopic | undefined = () => topic,
): ObjectPlan[] => planObjects(logs, new Set(['a', 'b']), topicOf, bytesMax)

const shape = (objects: readonly ObjectPlan[]): unknown =>
  objects.map(({ parts, byteLength }) => [
    byteLength,
    ...parts.map(({ log, fromOffset, toOffset, runs }) => [
      log.partitionId,
      fromOffset,
      toOffset,
      runs.length,
    ]),
  ])

test('a partition is packed up to the first run outside of the window', () => {
  const log = logOf(1, [run(0, 'a'), run(10, 'b'), run(20, 'active'), run(30, 'a')])
  assert.deepEqual(shape(plan([log])), [[200, [1, 0, 20, 2]]])
})

test('a partition is packed up to the first gap, which is closed from the catalog first', () => {
  const log = logOf(1, [run(0, 'a'), run(20, 'a')])
  assert.deepEqual(shape(plan([log])), [[100, [1, 0, 10, 1]]])
  assert.deepEqual(plan([logOf(1, [run(10, 'a')])]), [])
})

test('markers are packed where they stand, whatever object is beside them', () => {
  const said = { producerId: 3, producerEpoch: 1, coordinatorEpoch: 0, timestampMs: 5 } as const
  const marker = (offset: number): Run =>
    markerRun(1, offset, { type: 'abort', ...said, transactionVersion: 0 }, 0)
  const log = logOf(1, [marker(0), { ...run(1, 'a'), nextOffset: 11 }, marker(11), marker(12)])
  const [only] = plan([log])
  const size = markerBatch(marker(0)).length
  assert.deepEqual(shape(plan([log])), [[100 + 3 * size, [1, 0, 13, 4]]])
  const bytes = Buffer.concat((only?.parts[0]?.runs ?? []).slice(2).map(markerBatch))
  const cutter = new ExtentCutter(bytes, 48, 10_000)
  cutter.add(marker(11), 0)
  cutter.add(marker(12), size)
  const [extent] = cutter.finish()
  assert.deepEqual([extent?.baseOffset, extent?.nextOffset, extent?.length], [11, 13, 2 * size])
  assert.deepEqual(bytes, Buffer.concat([markerBatch(marker(11)), markerBatch(marker(12))]))
  const { type, producerId } = readMarker(bytes, size) ?? {}
  assert.deepEqual([type, producerId], ['abort', 3])
})

test('what lies below the log start is passed over', () => {
  const log = logOf(1, [run(0, 'a'), run(10, 'a'), run(20, 'a')], { logStart: 15 })
  assert.deepEqual(shape(plan([log])), [[200, [1, 0, 30, 2]]])
  const gone = logOf(1, [run(0, 'a')], { logStart: 10 })
  assert.deepEqual(shape(plan([gone])), [[0, [1, 0, 10, 0]]])
})

test('deleted topics are left out', () => {
  const topicOf = (id: string): PackTopic | undefined => (id === '1' ? undefined : topic)
  const logs = [logOf(1, [run(0, 'a')]), logOf(2, [run(0, 'a')])]
  assert.deepEqual(shape(plan(logs, 1_000, topicOf)), [[100, [2, 0, 10, 1]]])
})

test('objects are filled, and much of one partition is divided', () => {
  const logs = [
    logOf(2, [run(0, 'a', 300)]),
    logOf(1, [run(0, 'a', 600), run(10, 'a', 500), run(20, 'b', 1_200), run(30, 'b', 100)]),
    logOf(3, [run(0, 'b', 500)]),
  ]
  assert.deepEqual(shape(plan(logs)), [
    [600, [1, 0, 10, 1]],
    [500, [1, 10, 20, 1]],
    [1_200, [1, 20, 30, 1]],
    [900, [1, 30, 40, 1], [2, 0, 10, 1], [3, 0, 10, 1]],
  ])
})

test('what is kept for about as long shares objects', () => {
  const kept: Record<string, number> = { 1: 7 * day, 2: day / 24, 3: -1, 4: 7 * day, 5: day / 24 }
  const topicOf = (id: string): PackTopic => ({ ...topic, retentionMs: kept[id] ?? 0 })
  const logs = [1, 2, 3, 4, 5].map((id) => logOf(id, [run(0, 'a')]))
  const ids = plan(logs, 1_000, topicOf).map(({ parts }) => parts.map((p) => p.log.partitionId))
  assert.deepEqual(ids, [[2, 5], [1, 4], [3]])
})

test('an object takes a bounded number of runs', () => {
  const runs = Array.from({ length: 20_000 }, (_, index) => run(index * 10, 'a', 1))
  const counts = plan([logOf(1, runs)], 1e9).map(({ parts }) => parts[0]?.runs.length)
  assert.deepEqual(counts, [16_384, 3_616])
})

const batch = (timestampMs: number, bytes = 10): Uint8Array =>
  buildBatch([{ key: null, value: new Uint8Array(bytes), timestampMs }])

interface Cut {
  readonly extents: ReturnType<ExtentCutter['finish']>
  readonly bytes: Uint8Array
}

/** Each list of batches is a run; epochs by run. */
function cut(runs: readonly (readonly Uint8Array[])[], epochs: readonly number[] = []): Cut {
  const bytes = Buffer.concat(runs.flat())
  const cutter = new ExtentCutter(bytes, 48, 10_000)
  let at = 0
  let offset = 50
  for (const [index, batches] of runs.entries()) {
    const length = batches.reduce((sum, each) => sum + each.length, 0)
    const offsets = { baseOffset: offset, nextOffset: offset + batches.length }
    const leaderEpoch = epochs[index] ?? 0
    cutter.add({ ...run(0, 'a', length), ...offsets, leaderEpoch }, at)
    at += length
    offset += batches.length
  }
  return { extents: cutter.finish(), bytes }
}

test('runs that touch become one extent, with final offsets', () => {
  const { extents, bytes } = cut([[batch(1), batch(5)], [batch(-1)]])
  assert.equal(extents.length, 1)
  const [extent] = extents
  assert.deepEqual(extent, {
    baseOffset: 50,
    nextOffset: 53,
    position: 48,
    length: bytes.length,
    maxTimestampMs: 5,
    leaderEpoch: 0,
    checksum: crc32c(bytes),
  })
  assert.equal(baseOffsetOf(bytes, 0), 50)
  assert.equal(baseOffsetOf(bytes, 2 * batch(1).length), 52)
})

test('an extent has one leader epoch', () => {
  const { extents, bytes } = cut([[batch(1)], [batch(1)], [batch(1)]], [3, 3, 4])
  assert.deepEqual(
    extents.map(({ leaderEpoch, baseOffset }) => [leaderEpoch, baseOffset]),
    [
      [3, 50],
      [4, 52],
    ],
  )
  assert.equal(leaderEpochOf(bytes, 2 * batch(1).length), 4)
})

test('an extent ends by bytes, but takes a batch of any size', () => {
  const large = batch(1, extentBytesMax - 1_000)
  const larger = batch(1, extentBytesMax + 1)
  const { extents } = cut([[large, batch(1), batch(1, 2_000), larger, batch(1)]])
  assert.deepEqual(
    extents.map(({ baseOffset, nextOffset }) => [baseOffset, nextOffset]),
    [
      [50, 52],
      [52, 53],
      [53, 54],
      [54, 55],
    ],
  )
})

test('an extent ends by the time that it spans, where it is not tiny', () => {
  const { extents } = cut([
    [batch(0, 20_000), batch(10_000, 20_000), batch(10_001, 100), batch(-1, 100), batch(90_000)],
  ])
  assert.deepEqual(
    extents.map(({ baseOffset, maxTimestampMs }) => [baseOffset, maxTimestampMs]),
    [
      [50, 10_000],
      [52, 90_000],
    ],
  )
  const minute = 60_000
  assert.equal(extentSpanMsMax({ retentionMs: 100 * minute, segmentMs: day }), 10 * minute)
  assert.equal(extentSpanMsMax({ retentionMs: -1, segmentMs: day }), day)
  assert.equal(extentSpanMsMax({ retentionMs: 5, segmentMs: day }), 1_000)
})

test('of a damaged run nothing is taken', () => {
  const damaged = Uint8Array.from(batch(1))
  damaged[70] = (damaged[70] ?? 0) ^ 1
  const bytes = Buffer.concat([batch(1), batch(1), damaged])
  const cutter = new ExtentCutter(bytes, 0, 10_000)
  const { length } = batch(1)
  cutter.add({ ...run(0, 'a', length), nextOffset: 1 }, 0)
  const second = { ...run(0, 'a', 2 * length), baseOffset: 1, nextOffset: 3 }
  assert.throws(
    () => cutter.add(second, length),
    (error) => isFailure(error, 'corrupt'),
  )
  assert.deepEqual(
    cutter.finish().map((extent) => [extent.baseOffset, extent.nextOffset]),
    [[0, 1]],
  )
})
