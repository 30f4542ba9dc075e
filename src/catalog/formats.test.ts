/** What the catalog stores as bytes: golden bytes, and bytes that are not what they claim to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../base/errors.ts'
import { decodeManifest, encodeManifest, markerRun, type Run } from './manifest.ts'
import { type AppendOutcome, decodeOutcomes, encodeOutcomes } from './outcomes.ts'
import { decodeWindow, encodeWindow, judgeSequence, rememberBatch } from './producer-window.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const isCorrupt = (error: unknown): boolean => isFailure(error, 'corrupt')

const runs: readonly Run[] = [
  {
    partitionId: 258,
    baseOffset: 2 ** 40 + 1,
    nextOffset: 2 ** 40 + 101,
    objectId: 'journal-3',
    position: 5_000,
    length: 700,
    maxTimestampMs: -1,
    leaderEpoch: 2,
  },
]

test('a manifest, version 2', () => {
  const bytes = encodeManifest(runs, 4_096)
  assert.equal(
    hex(bytes),
    '020000000000000200000001' +
      '00000102' +
      '0000010000000001' +
      '00000064' +
      '00000388' +
      '000002bc' +
      'ffffffffffffffff',
  )
  assert.deepEqual(decodeManifest(bytes, 'journal-3', 4_096), runs)
  assert.deepEqual(decodeManifest(new Uint8Array(0), 'x', 0), [])
  assert.deepEqual(decodeManifest(encodeManifest([], 0), 'x', 0), [])
  for (const damaged of [bytes.subarray(0, 43), bytes.subarray(0, 7), Buffer.from('03', 'hex')]) {
    assert.throws(() => decodeManifest(damaged, 'x', 0), isCorrupt)
  }
})

test('a manifest with markers', () => {
  const marker = { type: 'commit', producerId: 2 ** 33, producerEpoch: 7 } as const
  const rest = { coordinatorEpoch: 1, timestampMs: 5, transactionVersion: 2 }
  const committed = markerRun(259, 2 ** 40, { ...marker, ...rest }, 2)
  const bytes = encodeManifest([committed, ...runs], 4_096)
  assert.equal(
    hex(bytes.subarray(12 + 32)),
    '000001030000010000000000' +
      '0102' +
      '0007' +
      '0000000200000000' +
      '00000001' +
      '0000000000000005',
  )
  const aborted = markerRun(1, 9, { ...marker, ...rest, type: 'abort' }, 2)
  const all = encodeManifest([aborted, committed, ...runs], 4_096)
  assert.deepEqual(decodeManifest(all, 'journal-3', 4_096), [...runs, aborted, committed])
  assert.throws(() => decodeManifest(all.subarray(0, -1), 'x', 0), isCorrupt)
})

test('outcomes, version 1', () => {
  const reasons = [
    'unknown-partition',
    'config-changed',
    'out-of-order-sequence',
    'stale-producer-epoch',
    'wrong-producer-id',
    'wrong-transaction',
  ] as const
  const outcomes: readonly AppendOutcome[] = [
    { outcome: 'appended', baseOffset: 2 ** 33 },
    { outcome: 'duplicate', baseOffset: 1, timestampMs: 2 },
    ...reasons.map((reason) => ({ outcome: 'refused', reason }) as const),
  ]
  const bytes = encodeOutcomes(outcomes)
  const none = 'ffffffffffffffff'
  assert.equal(
    hex(bytes),
    `01000000000200000000${none}0100000000000000010000000000000002` +
      ['02', '03', '04', '05', '06', '07'].map((kind) => kind + none + none).join(''),
  )
  assert.deepEqual(decodeOutcomes(bytes), outcomes)
  assert.deepEqual(decodeOutcomes(encodeOutcomes([])), [])
  const unknownKind = Uint8Array.from(bytes)
  unknownKind[1] = 8
  for (const damaged of [new Uint8Array(0), bytes.subarray(0, 17), unknownKind]) {
    assert.throws(() => decodeOutcomes(damaged), isCorrupt)
  }
})

test('the window of a producer', () => {
  const batch = { baseSequence: 1, lastSequence: 2 ** 31 - 1, baseOffset: 2 ** 33, timestampMs: -1 }
  const bytes = encodeWindow({ epoch: 3, batches: [batch] })
  assert.equal(hex(bytes), '01' + '000000017fffffff0000000200000000ffffffffffffffff')
  assert.deepEqual(decodeWindow(3, bytes), { epoch: 3, batches: [batch] })
  const next = { baseSequence: 0, lastSequence: 0, baseOffset: 2 ** 33 + 300, timestampMs: -66 }
  const near = encodeWindow({ epoch: 3, batches: [next, batch] })
  const newest = '00000000000000000000000200000' + '12cffffffffffffffbe'
  assert.equal(hex(near), `01${newest}` + 'feffffff07' + 'ac02' + '8101')
  assert.deepEqual(decodeWindow(3, near), { epoch: 3, batches: [next, batch] })
  const whole = encodeWindow({ epoch: 3, batches: [batch, batch] })
  assert.equal(hex(whole), '02' + hex(bytes.subarray(1)).repeat(2))
  assert.deepEqual(encodeWindow({ epoch: 3, batches: [] }), new Uint8Array(0))
  assert.deepEqual(decodeWindow(3, new Uint8Array(0)), { epoch: 3, batches: [] })
  const tooMany = new Uint8Array(1 + 6 * 24).fill(2, 0, 1)
  for (const damaged of [bytes.subarray(1), bytes.subarray(0, 24), near.subarray(0, 30), tooMany]) {
    assert.throws(() => decodeWindow(0, damaged), isCorrupt)
  }
})

test('any window comes back as it was written', () => {
  const sequence = fc.oneof(fc.nat(2 ** 31 - 1), fc.constantFrom(0, 1, 2 ** 31 - 1))
  const far = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 })
  const number = fc.oneof(
    far,
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(2 ** 30, -(2 ** 30)),
  )
  const shape = { follows: fc.boolean(), span: sequence, distance: number, later: number }
  fc.assert(
    fc.property(sequence, fc.array(fc.record(shape), { maxLength: 4 }), (first, steps) => {
      const batches = [
        { baseSequence: first, lastSequence: first, baseOffset: 2 ** 40, timestampMs: 2 ** 41 },
      ]
      for (const { follows, span, distance, later } of steps) {
        const newer = batches.at(-1)!
        const last = newer.baseSequence === 0 ? 2 ** 31 - 1 : newer.baseSequence - 1
        const lastSequence = follows ? last : span
        const baseSequence = Math.max(0, lastSequence - span)
        const [baseOffset, timestampMs] = [newer.baseOffset - distance, newer.timestampMs - later]
        if (!Number.isSafeInteger(baseOffset) || !Number.isSafeInteger(timestampMs)) continue
        batches.push({ baseSequence, lastSequence, baseOffset, timestampMs })
      }
      const bytes = encodeWindow({ epoch: 1, batches })
      assert.deepEqual(decodeWindow(1, bytes), { epoch: 1, batches })
    }),
    { numRuns: 1_000 },
  )
})

test('KIP-98: in any order of arrival, each batch is taken once and in sequence', () => {
  const batches = Array.from({ length: 12 }, (_, index) => {
    return { epoch: 0, baseSequence: index * 3, lastSequence: index * 3 + 2 }
  })
  fc.assert(
    fc.property(fc.array(fc.nat(11), { maxLength: 60 }), (arrivals) => {
      let window = rememberBatch(undefined, batches[0]!, 0, 0)
      const taken = [0]
      for (const index of arrivals) {
        const batch = batches[index]!
        const judged = judgeSequence(window, batch)
        if (judged.verdict === 'next') {
          assert.equal(index, taken.length)
          window = rememberBatch(window, batch, index, 0)
          taken.push(index)
        } else if (judged.verdict === 'duplicate') {
          assert.equal(judged.of.baseOffset, index)
          assert.ok(taken.includes(index) && index >= taken.length - 5)
        } else assert.ok(index > taken.length || index < taken.length - 5)
      }
    }),
  )
})

test('a new epoch begins at sequence 0', () => {
  const window = rememberBatch(undefined, { epoch: 1, baseSequence: 5, lastSequence: 9 }, 0, 0)
  const verdict = (epoch: number, baseSequence: number): string =>
    judgeSequence(window, { epoch, baseSequence, lastSequence: baseSequence }).verdict
  assert.equal(verdict(2, 0), 'next')
  assert.equal(verdict(2, 10), 'out-of-order-sequence')
  assert.equal(verdict(0, 10), 'stale-producer-epoch')
  assert.equal(verdict(1, 10), 'next')
  assert.equal(verdict(1, 0), 'out-of-order-sequence')
  const next = rememberBatch(window, { epoch: 2, baseSequence: 0, lastSequence: 0 }, 7, 0)
  assert.equal(next.batches.length, 1, 'what an older epoch wrote is no duplicate of it')
})
