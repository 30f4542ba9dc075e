import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import { buildBatch } from '../record/build-batch.ts'
import { type Codec, CODECS } from '../record/codec.ts'
import { repackBatch } from '../record/repack-batch.ts'
import { SOME_NOW_MS, someRecords, someRules } from '../record/some-rules.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { RepackThread } from './repack-thread.ts'

const thread = new RepackThread(systemClock, silentLog)
after(() => thread.close())

const rules = someRules()

test('a thread says the same as no thread, of views of larger memory too', async () => {
  for (const from of CODECS) {
    const sent = buildBatch(someRecords(40), { codec: from })
    const memory = Buffer.alloc(sent.length + 200, 1)
    memory.set(sent, 100)
    const view = memory.subarray(100, 100 + sent.length)
    const all = CODECS.map((codec) => thread.repack(view, rules, { codec, level: 1 }))
    for (const [at, verdict] of (await Promise.all(all)).entries()) {
      assert.deepEqual(verdict, repackBatch(sent, rules, { codec: CODECS[at] as Codec, level: 1 }))
    }
    assert.deepEqual(view, Buffer.from(sent), 'what was sent is left alone')
  }
  const damaged = buildBatch(someRecords(3)).fill(3, 70)
  const refused = await thread.repack(damaged, rules, { codec: 'zstd' })
  assert.deepEqual(refused, repackBatch(damaged, rules, { codec: 'zstd' }))
})

test('this thread goes on meanwhile', async () => {
  const value = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => `${i} `).join(''))
  const sent = buildBatch([{ key: null, value, timestampMs: SOME_NOW_MS }])
  const large = someRules({ batchBytesMax: sent.length, decompressedBytesMax: sent.length })
  let ticks = 0
  const ticking = setInterval(() => ticks++, 5)
  const verdict = await thread.repack(sent, large, { codec: 'gzip', level: 9 })
  clearInterval(ticking)
  assert.ok(verdict.ok)
  assert.ok(ticks > 5, `${ticks} ticks`)
})

test('what waits at the stop fails as closed, and so does what comes after', async () => {
  const other = new RepackThread(systemClock, silentLog)
  const sent = buildBatch(someRecords(3))
  const waiting = [1, 2, 3].map(() => other.repack(sent, rules, { codec: 'gzip' }))
  const failed = Promise.all(waiting.map((each) => assert.rejects(each, { kind: 'closed' })))
  await other.close()
  await failed
  await assert.rejects(other.repack(sent, rules, { codec: 'gzip' }), { kind: 'closed' })
})

test('a job that breaks the thread fails alone', async () => {
  const other = new RepackThread(systemClock, silentLog)
  const sent = buildBatch(someRecords(3))
  // A level that no codec has is what nothing but a fault of ours could ask for.
  const broken = assert.rejects(other.repack(sent, rules, { codec: 'gzip', level: 99 }), {
    kind: 'unavailable',
  })
  const next = other.repack(sent, rules, { codec: 'gzip' })
  await broken
  assert.ok((await next).ok)
  await other.close()
})

test('a thread without work ends, and the next batch has a new one', async () => {
  const clock = new VirtualClock()
  const other = new RepackThread(clock, silentLog)
  const sent = buildBatch(someRecords(3))
  assert.ok((await other.repack(sent, rules, { codec: 'lz4' })).ok)
  await clock.advance(60_000)
  assert.ok((await other.repack(sent, rules, { codec: 'lz4' })).ok)
  await other.close()
})
