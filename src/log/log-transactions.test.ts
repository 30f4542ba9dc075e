/** Open and aborted transactions of a partition, against a model that keeps everything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { partitions } from '../catalog/schema.ts'
import { abortedRanges } from '../catalog/schema-transactions.ts'
import { partitionRow } from '../catalog/contract-subject.ts'
import { systemClock } from '../base/system-clock.ts'
import type { TransactionChange } from '../catalog/commit-groups.ts'
import { type AbortedAnswer, abortedIn } from './aborted-reader.ts'
import type { AbortedRange } from './log-transactions.ts'
import { abortedKeptMax, LogTransactions, overlapping } from './log-transactions.ts'
import { PartitionLog } from './partition-log.ts'

const partitionId = 1

type Step = readonly [what: 'write' | 'commit' | 'abort', producerId: number]

interface Known {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
}

/** What the steps leave, each of which takes one offset, beside a naive account of it. */
function play(
  steps: readonly Step[],
  seen: (change: TransactionChange, logEnd: number) => void,
): { open: Map<number, number>; aborted: Known[]; logEnd: number } {
  const open = new Map<number, number>()
  const aborted: Known[] = []
  for (const [at, [what, producerId]] of steps.entries()) {
    const first = open.get(producerId)
    if (what === 'write') {
      if (first === undefined) open.set(producerId, at)
      seen({ change: 'written', partitionId, producerId, firstOffset: at }, at + 1)
      continue
    }
    const change = what === 'commit' ? 'committed' : 'aborted'
    const firstOffset = first ?? null
    seen({ change, partitionId, producerId, firstOffset, markerOffset: at }, at + 1)
    open.delete(producerId)
    if (what === 'abort' && first !== undefined) {
      aborted.push({ producerId, firstOffset: first, lastOffset: at })
    }
  }
  return { open, aborted, logEnd: steps.length }
}

const steps = fc.array(fc.tuple(fc.constantFrom('write', 'write', 'commit', 'abort'), fc.nat(4)), {
  maxLength: 60,
})

const bare = ({ producerId, firstOffset, lastOffset }: Known): Known => {
  return { producerId, firstOffset, lastOffset }
}

test('what overlaps a range is told, all of it and nothing else, by first offset (T2)', () => {
  fc.assert(
    fc.property(steps, fc.nat(60), fc.nat(60), (all, a, b) => {
      const known = new LogTransactions(0)
      const model = play(all, (change, logEnd) => known.apply([change], logEnd))
      const firstOpen = Math.min(...model.open.values())
      assert.equal(known.firstOpen ?? Infinity, firstOpen)
      const stable = Math.min(firstOpen, model.logEnd)
      const [from, to] = [Math.min(a, stable), Math.min(b, stable)]
      const expected = model.aborted
        .filter(
          ({ firstOffset, lastOffset }) => from < to && lastOffset >= from && firstOffset < to,
        )
        .toSorted((x, y) => x.firstOffset - y.firstOffset)
      assert.deepEqual(known.abortedIn(from, to)?.map(bare), expected)
    }),
  )
})

test('a commit that is taken in again from the catalog changes nothing', () => {
  const known = new LogTransactions(0)
  const written = { change: 'written', partitionId, producerId: 7, firstOffset: 3 } as const
  known.apply([written], 5)
  known.restore([], 4)
  assert.equal(known.firstOpen, 3, 'an older version is not taken')
  known.restore([{ producerId: 8, firstOffset: 6 }], 9)
  assert.equal(known.firstOpen, 6)
  assert.equal(known.abortedIn(8, 9), undefined, 'what was aborted before is not known')
  const lost = { change: 'aborted', partitionId, producerId: 8, firstOffset: null } as const
  known.apply([{ ...lost, markerOffset: 9 }], 10)
  const whole = { producerId: 8, firstOffset: 6, lastOffset: 9, stableOffset: 10 }
  assert.deepEqual(known.abortedIn(9, 10), [whole], 'the begin is known here')
})

test('what a log start has passed is forgotten', () => {
  const known = new LogTransactions(0)
  play(
    [
      ['write', 1],
      ['abort', 1],
      ['write', 2],
      ['abort', 2],
    ],
    (change, logEnd) => known.apply([change], logEnd),
  )
  known.forgetBelow(1)
  assert.equal(known.abortedIn(0, 4)?.length, 2, 'its marker is still in the log')
  known.forgetBelow(2)
  assert.deepEqual(
    known.abortedIn(2, 4)?.map(({ producerId }) => producerId),
    [2],
  )
  known.forgetBelow(4)
  assert.deepEqual(known.abortedIn(3, 4), [])
})

async function aborts(count: number): Promise<{
  database: ReturnType<typeof openMemoryDatabase>
  log: PartitionLog
}> {
  const database = openMemoryDatabase({ clock: systemClock })
  const logEnd = 2 * count
  const row = partitionRow(partitionId, { logEnd })
  const log = new PartitionLog(row)
  log.restoreTransactions([], logEnd)
  await database.transaction('fill', async (tx) => {
    await tx.put(partitions, [row])
    const rows = Array.from({ length: count }, (_, index) => {
      const [firstOffset, lastOffset] = [2 * index, 2 * index + 1]
      return { partitionId, lastOffset, firstOffset, producerId: 5, stableOffset: lastOffset + 1 }
    })
    await tx.put(abortedRanges, rows)
  })
  return { database, log }
}

const rangesOf = (answer: AbortedAnswer): readonly AbortedRange[] =>
  answer.outcome === 'known' ? answer.ranges : assert.fail(answer.outcome)

test('few aborts are read from the catalog once, many each time', async () => {
  for (const [count, isKept] of [
    [abortedKeptMax - 1, true],
    [3 * abortedKeptMax, false],
  ] as const) {
    const { database, log } = await aborts(count)
    const { logEnd } = log
    assert.equal(log.transactions.abortedIn(0, logEnd), undefined)
    const all = rangesOf(await abortedIn(database, log, 0, logEnd))
    assert.equal(all.length, count)
    assert.equal(log.transactions.abortedIn(0, logEnd)?.length, isKept ? count : undefined)
    const some = rangesOf(await abortedIn(database, log, 11, 15))
    assert.deepEqual(
      some.map(({ firstOffset }) => firstOffset),
      [10, 12, 14],
    )
    const last = rangesOf(await abortedIn(database, log, logEnd - 2, logEnd))
    assert.equal(last.length, 1)
  }
})

test('behind a log start that rose meanwhile nothing is told', async () => {
  for (const count of [5, 3 * abortedKeptMax]) {
    const { database, log } = await aborts(count)
    const tellsAt = async (offset: number): Promise<boolean> =>
      (await abortedIn(database, log, offset, log.logEnd)).outcome === 'known'
    const row = partitionRow(partitionId, { logEnd: log.logEnd, logStart: 4 })
    await database.transaction('raise', (tx) => tx.put(partitions, [row]))
    assert.deepEqual([await tellsAt(3), await tellsAt(4)], [false, true])
    await database.transaction('raise', (tx) => tx.put(partitions, [{ ...row, logStart: 6 }]))
    log.raiseStart(6)
    assert.deepEqual([await tellsAt(4), await tellsAt(6)], [false, true])
  }
})

test('memory keeps a bounded number, and knows how far back it reaches', () => {
  const known = new LogTransactions(0)
  const many = Array.from({ length: 2 * (abortedKeptMax + 1) }, (_, at): Step => {
    return [at % 2 === 0 ? 'write' : 'abort', 1]
  })
  const { aborted, logEnd } = play(many, (change, end) => known.apply([change], end))
  assert.equal(known.abortedIn(0, logEnd), undefined)
  const from = known.knownFrom
  assert.deepEqual(
    known.abortedIn(from, logEnd)?.map(bare),
    aborted.filter(({ lastOffset }) => lastOffset >= from),
  )
  assert.deepEqual(overlapping([], 0, 5), [])
})

test('the last stable offset is never below the log start, and wakes who waits for it', () => {
  const log = new PartitionLog(partitionRow(partitionId))
  let stable = 0
  let growth = 0
  const arm = (): void => {
    log.onGrowth(() => stable++, 'committed')
    log.onGrowth(() => growth++)
  }
  arm()
  log.advance(5, [{ change: 'written', partitionId, producerId: 1, firstOffset: 2 }])
  assert.deepEqual([log.logEnd, log.stableEnd, stable, growth], [5, 2, 1, 1])
  arm()
  log.advance(7)
  assert.deepEqual([log.logEnd, log.stableEnd, stable, growth], [7, 2, 1, 2])
  log.raiseStart(4)
  assert.deepEqual([log.stableEnd, stable], [4, 2], 'readers behind it may go on')
  const end = { change: 'committed', partitionId, producerId: 1, firstOffset: 2 } as const
  arm()
  log.advance(8, [{ ...end, markerOffset: 7 }])
  assert.deepEqual([log.logEnd, log.stableEnd], [8, 8])
  assert.equal(stable, 3)
})
