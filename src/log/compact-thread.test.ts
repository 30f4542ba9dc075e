/** A pass in a thread says what it says where it is called, and its errors stay what they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { patchBatch } from '../record/batch-header.ts'
import { buildBatch } from '../record/build-batch.ts'
import type { PassRules } from './compact-pass.ts'
import { openPassWithThread, PassThread } from './compact-thread.ts'
import { openInlinePass } from './compaction-pass.ts'

const rules: PassRules = {
  dirtyFrom: 0,
  mapBytesMax: 65_536,
  nowMs: 1_000,
  tombstoneHorizonMs: 2_000,
  markerHorizonMs: 2_000,
}

/** Batches of one record each, whose keys come again and again. */
function log(batches: number): Uint8Array {
  const bytes: Uint8Array[] = []
  for (let at = 0; at < batches; at++) {
    const batch = buildBatch(
      [{ key: Buffer.from(`k${at % 3}`), value: Buffer.from(`${at}`), timestampMs: at }],
      { codec: at % 2 === 0 ? 'none' : 'zstd' },
    )
    patchBatch(batch, 0, at, 0)
    bytes.push(batch)
  }
  return Buffer.concat(bytes)
}

test('as where it is called', async () => {
  const bytes = log(20)
  const input = { bytes, baseOffset: 0, nextOffset: 20, aborted: [] }
  const thread = new PassThread(rules)
  const inline = openInlinePass(rules, 0)
  assert.deepEqual(await thread.map(input), await inline.map(input))
  const cleanInput = { ...input, logStart: 0, keepsLast: true }
  const cleaned = await thread.clean(cleanInput)
  const expected = await inline.clean(cleanInput)
  assert.deepEqual(Buffer.from(cleaned.bytes), Buffer.from(expected.bytes))
  assert.deepEqual({ ...cleaned, bytes: 0 }, { ...expected, bytes: 0 })
  assert.deepEqual(
    cleaned.batches.map(({ baseOffset }) => baseOffset),
    [17, 18, 19],
  )
  assert.equal(bytes.length, log(20).length, 'the bytes are the caller’s still')
  await thread.close()
})

test('damage is damage, and what is closed is closed', async () => {
  const bytes = log(3)
  bytes[70] = (bytes[70] ?? 0) ^ 1
  const thread = new PassThread(rules)
  const input = { bytes, baseOffset: 0, nextOffset: 3, aborted: [] }
  await assert.rejects(thread.map(input), (error) => isFailure(error, 'corrupt'))
  const next = thread.map({ ...input, bytes: log(3) })
  const refused = assert.rejects(next, (error) => isFailure(error, 'closed'))
  await thread.close()
  await refused
  await assert.rejects(thread.map(input), (error) => isFailure(error, 'closed'))
})

test('a thread is for what takes long', async () => {
  const small = openPassWithThread(rules, 1_000)
  assert.ok(!(small instanceof PassThread))
  const large = openPassWithThread(rules, 100 * 1_024 * 1_024)
  assert.ok(large instanceof PassThread)
  await large.close()
})
