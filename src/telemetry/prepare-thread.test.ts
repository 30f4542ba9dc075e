import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import { defaultOtlpLimits } from './limits.ts'
import { encode } from './otlp-oracle.ts'
import { prepare, type PrepareRequest } from './prepare.ts'
import { inlineBytesMax, PrepareThread } from './prepare-thread.ts'

const thread = new PrepareThread(systemClock, silentLog)
after(() => thread.close())

const spans = Array.from({ length: 3_000 }, (_, index) => ({
  traceId: Buffer.alloc(16, (index % 7) + 1),
  spanId: Buffer.alloc(8, index % 5), // some are zero
  name: 'x'.repeat(index % 200),
}))

function requestOf(body: Uint8Array, isJson = false): PrepareRequest {
  const limits = defaultOtlpLimits
  return { signalName: 'traces', body, isJson, valueBytesMax: 50_000, limits }
}

function large(): Buffer {
  const body = encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] })
  assert.ok(body.length > inlineBytesMax)
  return Buffer.from(new Uint8Array(body).buffer)
}

test('a thread says the same as no thread', async () => {
  const hex = spans.map(({ traceId, spanId, name }) => {
    return { traceId: traceId.toString('hex'), spanId: spanId.toString('hex'), name }
  })
  const json = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: hex }] }] }))
  for (const [body, isJson] of [
    [large(), false],
    [json, true],
    [large().subarray(0, -1), false],
    [json.subarray(0, -1), true],
    [Buffer.from('small'), false],
  ] as const) {
    const expected = prepare(requestOf(Buffer.from(body), isJson))
    const prepared = await thread.prepare(requestOf(body, isJson))
    assert.deepEqual(prepared, expected)
  }
})

test('many at once are each answered', async () => {
  const bodies = Array.from({ length: 10 }, large)
  const all = await Promise.all(bodies.map((body) => thread.prepare(requestOf(body))))
  for (const prepared of all) assert.equal(prepared.outcome, 'prepared')
})

test('this thread goes on meanwhile', async () => {
  const body = Buffer.alloc(48 * 1024 * 1024, '[],')
  body.write('{"a":[')
  let ticks = 0
  const ticking = setInterval(() => ticks++, 5)
  const prepared = await thread.prepare(requestOf(body, true))
  clearInterval(ticking)
  assert.equal(prepared.outcome, 'refused')
  assert.ok(ticks > 5, `${ticks} ticks`)
})

test('what is under way at the stop fails as closed, and a new thread may begin', async () => {
  const other = new PrepareThread(systemClock, silentLog)
  const failed = assert.rejects(other.prepare(requestOf(large())), { kind: 'closed' })
  await other.close()
  await failed
  assert.equal((await other.prepare(requestOf(large()))).outcome, 'prepared')
  await other.close()
})
