/** Groups that travel in their commit, among those that are stored before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { inlineObjectId } from '../catalog/group-objects.ts'
import { readInline } from '../catalog/inline-data.ts'
import { appended, assertIdle, type Bench, newBench, send } from '../../test/log/lane-bench.ts'
import type { InlinePolicy } from './inline-policy.ts'

const small: InlinePolicy = { isReady: () => true, take: (byteLength) => byteLength <= 300 }
const limits = { groupBytesMax: 300, groupBatchesMax: 50, lingerMs: 100, inlineLingerMs: 5 }

const bench = (changes: object = {}): Promise<Bench> =>
  newBench({ ...limits, ...changes }, { inline: small })

const inlineBytes = ({ database }: Bench, groupNumber: number): Promise<Uint8Array> =>
  readInline(database, inlineObjectId({ incarnation: 1, groupNumber }))

test('a small group is durable with its commit, and no journal sees it', async () => {
  const lane = await bench()
  const first = Buffer.alloc(100, 1)
  const second = Buffer.alloc(50, 2)
  const sent = [
    send(lane, { partitionId: 1, bytes: first }),
    send(lane, { partitionId: 0, bytes: second, byteLength: 50 }),
  ]
  await lane.clock.advance(4)
  assert.deepEqual(lane.decided, [], 'it gathers')
  await lane.clock.advance(1)
  assert.deepEqual(await Promise.all(sent), [appended(0), appended(0)])
  assert.deepEqual(lane.journal.writes, [])
  const stored = Buffer.from(await inlineBytes(lane, 0))
  assert.deepEqual(stored, Buffer.concat([second, first]), 'in the order of partitions')
  await assertIdle(lane)
})

test('W4: a small group waits for a large one that was sealed before', async () => {
  const lane = await bench()
  const large = send(lane, { byteLength: 301 })
  const after = send(lane)
  await lane.clock.advance(50)
  assert.deepEqual(lane.decided, [])
  assert.equal(lane.journal.writes.length, 1)
  lane.journal.end(0)
  assert.deepEqual(await Promise.all([large, after]), [appended(0), appended(1)])
  await assertIdle(lane)
})

test('what is written into the bytes before an answer that was lost is not stored', async () => {
  const lane = await bench()
  const bytes = Buffer.alloc(100, 1)
  let commits = 0
  lane.fault = ({ at }) => {
    if (at !== 'commit' || ++commits > 1) return undefined
    bytes.fill(9) // as offsets are
    return { fault: 'fail' }
  }
  const refused = send(lane, { bytes })
  await lane.clock.advance(5)
  assert.ok(isFailure(await refused, 'unavailable'))
  await assert.rejects(inlineBytes(lane, 0), { kind: 'not-found' })
  const patched = Buffer.alloc(100, 3)
  lane.fault = ({ at }) => {
    if (at === 'commit') patched.fill(9)
    return undefined
  }
  const sent = send(lane, { bytes: patched })
  await lane.clock.advance(5)
  assert.deepEqual(await sent, appended(0))
  assert.deepEqual(Buffer.from(await inlineBytes(lane, 1)), Buffer.alloc(100, 3))
  await assertIdle(lane)
})

test('one commit carries a mebibyte', async () => {
  const take = (): boolean => true
  const inline = { isReady: take, take }
  const large = { groupBytesMax: 200_000, flightsMax: 20, queuedBytesMax: 10_000_000 }
  const lane = await newBench({ ...limits, ...large }, { inline })
  const commits: number[] = []
  lane.fault = ({ at, transaction }) => {
    if (at === 'commit' && transaction === 'commit-groups') commits.push(lane.decided.length)
    return undefined
  }
  const sent = Array.from({ length: 8 }, () => send(lane, { byteLength: 200_000 }))
  assert.deepEqual(
    await Promise.all(sent),
    sent.map((_, at) => appended(at)),
  )
  assert.deepEqual(commits, [0, 1, 6], 'the first alone, then five, then the rest')
  await assertIdle(lane)
})
