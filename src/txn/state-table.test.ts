/** Kafka's table of transactional ids, row by row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransactionRow } from '../catalog/schema-transactions.ts'
import {
  abortTimedOut,
  endTransaction,
  initProducer,
  joinTransaction,
  type Verdict,
  verifyTransaction,
} from './state-table.ts'

const pid = 7
const fresh = 900
const nowMs = 1_000

function row(changes: Partial<TransactionRow> = {}): TransactionRow {
  return {
    transactionalId: 'tx',
    producerId: pid,
    producerEpoch: 5,
    previousProducerId: -1,
    lastProducerEpoch: -1,
    state: 'Empty',
    serial: 3,
    timeoutMs: 100,
    startedMs: -1,
    changedMs: 0,
    clientVersion: 0,
    coordinatorVersion: 0,
    coordinatorIncarnation: 0,
    ...changes,
  }
}

const ongoing = (changes: Partial<TransactionRow> = {}): TransactionRow =>
  row({ state: 'Ongoing', startedMs: 500, ...changes })

/** What is seen of a verdict: 'reason', or 'state id/epoch' with the marker behind it. */
function seen(verdict: Verdict): string {
  if (verdict.outcome === 'refused') return verdict.reason
  if (verdict.outcome === 'needs-producer-id') return verdict.outcome
  const { producer, next, marker } = verdict
  const told = `${next?.state ?? 'same'} ${producer.producerId}/${producer.producerEpoch}`
  if (marker === undefined) return told
  return `${told} ${marker.type} ${marker.producerId}/${marker.producerEpoch}`
}

function init(
  before: TransactionRow | undefined,
  known?: readonly [number, number],
  freshProducerId: number | undefined = fresh,
): string {
  const [producerId = -1, producerEpoch = -1] = known ?? []
  const has = known === undefined ? undefined : { producerId, producerEpoch }
  const request = { transactionalId: 'tx', timeoutMs: 60, known: has, freshProducerId, nowMs }
  return seen(initProducer(before, request))
}

test('InitProducerId: a new id, a higher epoch, an open transaction aborted', () => {
  assert.equal(init(undefined), 'Empty 900/0')
  assert.equal(init(undefined, [pid, 3]), 'Empty 900/0', 'KIP-360: it was forgotten')
  for (const state of ['Empty', 'CompleteCommit', 'CompleteAbort'] as const) {
    assert.equal(init(row({ state })), 'Empty 7/6')
  }
  assert.equal(init(ongoing()), 'Empty 7/7 abort 7/6', 'marker above data, producer above marker')
})

test('InitProducerId: KIP-360 recovery takes the current epoch, and its retry', () => {
  assert.equal(init(row(), [pid, 5]), 'Empty 7/6')
  assert.equal(init(row({ producerEpoch: 6, lastProducerEpoch: 5 }), [pid, 5]), 'Empty 7/6')
  assert.equal(init(row(), [pid, 4]), 'fenced')
  assert.equal(init(row(), [pid, 6]), 'fenced')
  assert.equal(init(row(), [8, 5]), 'fenced')
  assert.equal(init(ongoing(), [pid, 5]), 'Empty 7/6 abort 7/6', 'it goes on with the marker’s')
  const last = ongoing({ producerEpoch: 32_766 })
  assert.equal(init(last, [pid, 32_766]), 'Empty 900/0 abort 7/32767')
  assert.equal(init(ongoing(), [pid, 4]), 'fenced')
  for (const state of ['Empty', 'CompleteCommit', 'CompleteAbort'] as const) {
    const second = row({ state, producerEpoch: 6, lastProducerEpoch: 5 })
    assert.equal(init(second, [pid, 5]), 'Empty 7/6', 'the same again, whatever ended between')
  }
})

test('InitProducerId: when epochs run out a new id begins', () => {
  assert.equal(init(row({ producerEpoch: 32_765 })), 'Empty 7/32766')
  assert.equal(init(row({ producerEpoch: 32_766 })), 'Empty 900/0')
  assert.equal(init(row({ producerEpoch: 32_767 })), 'Empty 900/0')
  const missing = initProducer(row({ producerEpoch: 32_766 }), {
    ...{ transactionalId: 'tx', timeoutMs: 60, known: undefined, nowMs },
    freshProducerId: undefined,
  })
  assert.equal(seen(missing), 'needs-producer-id')
  assert.equal(init(ongoing({ producerEpoch: 32_765 })), 'Empty 900/0 abort 7/32766')
  assert.equal(init(ongoing({ producerEpoch: 32_766 })), 'Empty 900/0 abort 7/32767')
  const rotated = { producerId: 8, producerEpoch: 0, lastProducerEpoch: 32_766 }
  assert.equal(init(row({ ...rotated, previousProducerId: pid }), [pid, 32_766]), 'Empty 8/0')
  assert.equal(init(row({ ...rotated, previousProducerId: 6 }), [pid, 32_766]), 'fenced')
})

test('what joins begins a transaction with a serial number of its own', () => {
  const at = (before: TransactionRow | undefined, epoch = 5, id = pid): Verdict =>
    joinTransaction(before, { producerId: id, producerEpoch: epoch }, 2, nowMs)
  for (const state of ['Empty', 'CompleteCommit', 'CompleteAbort'] as const) {
    const verdict = at(row({ state }))
    assert.ok(verdict.outcome === 'granted')
    const { serial, startedMs, clientVersion } = verdict.next ?? row()
    assert.deepEqual([seen(verdict), serial, startedMs], ['Ongoing 7/5', 4, nowMs])
    assert.equal(clientVersion, 2)
  }
  assert.equal(seen(at(ongoing())), 'same 7/5')
  assert.equal(seen(at(undefined)), 'wrong-producer-id')
  assert.equal(seen(at(row(), 5, 8)), 'wrong-producer-id')
  assert.equal(seen(at(row(), 4)), 'fenced')
  assert.equal(seen(at(row(), 6)), 'fenced')
})

test('only an open transaction is verified', () => {
  const producer = { producerId: pid, producerEpoch: 5 }
  assert.equal(seen(verifyTransaction(ongoing(), producer)), 'same 7/5')
  assert.equal(seen(verifyTransaction(row(), producer)), 'invalid-state')
  assert.equal(seen(verifyTransaction(ongoing({ producerEpoch: 6 }), producer)), 'fenced')
  assert.equal(seen(verifyTransaction(undefined, producer)), 'wrong-producer-id')
})

type Type = 'commit' | 'abort'

function end(
  before: TransactionRow | undefined,
  type: Type,
  clientVersion: number,
  producerEpoch = 5,
  producerId = pid,
): string {
  const request = { producerId, producerEpoch, type, clientVersion, nowMs }
  return seen(endTransaction(before, { ...request, freshProducerId: fresh }))
}

test('EndTxn of clients that keep their epoch (TV1)', () => {
  assert.equal(end(ongoing(), 'commit', 0), 'CompleteCommit 7/5 commit 7/5')
  assert.equal(end(ongoing(), 'abort', 0), 'CompleteAbort 7/5 abort 7/5')
  assert.equal(end(row(), 'commit', 0), 'invalid-state')
  assert.equal(end(row(), 'abort', 0), 'invalid-state')
  assert.equal(end(row({ state: 'CompleteCommit' }), 'commit', 0), 'same 7/5')
  assert.equal(end(row({ state: 'CompleteCommit' }), 'abort', 0), 'invalid-state')
  assert.equal(end(row({ state: 'CompleteAbort' }), 'abort', 0), 'same 7/5')
  assert.equal(end(row({ state: 'CompleteAbort' }), 'commit', 0), 'invalid-state')
  assert.equal(end(ongoing(), 'commit', 0, 4), 'fenced')
  assert.equal(end(ongoing(), 'commit', 0, 6), 'fenced')
  assert.equal(end(ongoing(), 'commit', 0, 5, 8), 'wrong-producer-id')
  assert.equal(end(undefined, 'commit', 0), 'wrong-producer-id')
})

test('EndTxn of clients whose epoch rises with it (TV2, KIP-890)', () => {
  assert.equal(end(ongoing(), 'commit', 2), 'CompleteCommit 7/6 commit 7/6')
  assert.equal(end(ongoing(), 'abort', 2), 'CompleteAbort 7/6 abort 7/6')
  assert.equal(end(row(), 'commit', 2), 'invalid-state')
  assert.equal(end(row(), 'abort', 2), 'CompleteAbort 7/6', 'nothing to mark, but a new epoch')
  const committed = row({ state: 'CompleteCommit', clientVersion: 2 })
  const aborted = row({ state: 'CompleteAbort', clientVersion: 2 })
  assert.equal(end(committed, 'commit', 2, 4), 'same 7/5', 'a retry with the older epoch')
  assert.equal(end(committed, 'abort', 2, 4), 'invalid-state')
  assert.equal(end(committed, 'commit', 2, 5), 'invalid-state', 'nothing was added')
  assert.equal(end(committed, 'abort', 2, 5), 'CompleteAbort 7/6')
  assert.equal(end(committed, 'commit', 2, 3), 'fenced')
  assert.equal(end(aborted, 'abort', 2, 4), 'same 7/5')
  assert.equal(end(aborted, 'commit', 2, 4), 'invalid-state')
  assert.equal(end(aborted, 'commit', 2, 5), 'invalid-state')
  assert.equal(end(aborted, 'abort', 2, 5), 'CompleteAbort 7/6')
  assert.equal(end(ongoing({ clientVersion: 2 }), 'commit', 2, 4), 'fenced', 'late by one')
})

test('EndTxn of one kind of client after the other, as Kafka answers', () => {
  const byNew = (state: TransactionRow['state']): TransactionRow => row({ state, clientVersion: 2 })
  const byOld = (state: TransactionRow['state']): TransactionRow => row({ state })
  assert.equal(end(byNew('CompleteAbort'), 'abort', 0), 'same 7/5')
  assert.equal(end(byNew('CompleteAbort'), 'commit', 0), 'invalid-state')
  assert.equal(end(byNew('CompleteCommit'), 'commit', 0, 4), 'fenced', 'no retry of its own')
  assert.equal(end(byOld('CompleteCommit'), 'commit', 2), 'invalid-state')
  assert.equal(end(byOld('CompleteCommit'), 'abort', 2), 'CompleteAbort 7/6')
  assert.equal(end(byOld('CompleteAbort'), 'abort', 2), 'CompleteAbort 7/6')
  assert.equal(end(byOld('CompleteCommit'), 'commit', 2, 4), 'fenced', 'it was fenced meanwhile')
})

test('when a transaction began is told until a producer begins anew', () => {
  const began = (verdict: Verdict): number | undefined =>
    verdict.outcome === 'granted' ? verdict.next?.startedMs : undefined
  const request = { producerId: pid, producerEpoch: 5, freshProducerId: fresh, nowMs } as const
  const abort = { ...request, type: 'abort', clientVersion: 2 } as const
  assert.equal(began(endTransaction(ongoing(), abort)), 500)
  assert.equal(began(endTransaction(row(), abort)), nowMs)
  assert.equal(began(abortTimedOut(ongoing(), 600)), 500)
  const asked = { transactionalId: 'tx', timeoutMs: 60, known: undefined, nowMs }
  assert.equal(began(initProducer(ongoing(), { ...asked, freshProducerId: fresh })), -1)
})

test('EndTxn: when epochs run out a new id begins, and a retry is told of it', () => {
  const last = ongoing({ producerEpoch: 32_766 })
  const told = 'CompleteCommit 900/0 commit 7/32767'
  assert.equal(end(last, 'commit', 2, 32_766), told)
  const request = { producerId: pid, producerEpoch: 32_766, type: 'commit', clientVersion: 2 }
  const missing = { ...request, type: 'commit', freshProducerId: undefined, nowMs } as const
  assert.equal(seen(endTransaction(last, missing)), 'needs-producer-id')
  const verdict = endTransaction(last, { ...missing, freshProducerId: fresh })
  assert.ok(verdict.outcome === 'granted')
  assert.equal(end(verdict.next, 'commit', 2, 32_766), 'same 900/0')
  assert.equal(end(verdict.next, 'abort', 2, 32_766), 'invalid-state')
  assert.equal(end(verdict.next, 'commit', 2, 32_765), 'wrong-producer-id')
})

test('one that is open for too long is aborted, and its producer fenced', () => {
  assert.equal(seen(abortTimedOut(ongoing(), 599)), 'invalid-state')
  assert.equal(seen(abortTimedOut(row(), nowMs)), 'invalid-state')
  assert.equal(seen(abortTimedOut(undefined, nowMs)), 'invalid-state')
  for (const clientVersion of [0, 2]) {
    const verdict = abortTimedOut(ongoing({ clientVersion }), 600)
    assert.equal(seen(verdict), 'CompleteAbort 7/6 abort 7/6')
    assert.ok(verdict.outcome === 'granted')
    const isBumping = clientVersion === 2
    assert.equal(end(verdict.next, 'commit', clientVersion), isBumping ? 'invalid-state' : 'fenced')
    assert.equal(end(verdict.next, 'abort', clientVersion), isBumping ? 'same 7/6' : 'fenced')
    assert.equal(init(verdict.next, [pid, 5]), 'Empty 7/6', 'who recovers goes on')
    assert.equal(init(verdict.next), 'Empty 7/7')
  }
})
