/**
 * What may happen to a transactional id, as a pure function of its row: Kafka's table
 * (TransactionCoordinator, 4.3) where a transaction ends in one step, so that its Prepare states
 * are never seen. KIPs: 98 (transactions), 360 (recovery), 588 (fencing), 890 (an epoch per
 * transaction).
 */
import type { RunMarker } from '../catalog/manifest.ts'
import type { TransactionRow } from '../catalog/schema-transactions.ts'

/** Why a transactional request is refused. */
export type TransactionRefusal =
  | 'invalid-request'
  | 'invalid-timeout'
  /** There is no such transactional id, or it has another producer id. */
  | 'wrong-producer-id'
  /** A newer producer has taken the transactional id over. */
  | 'fenced'
  | 'invalid-state'
  /** More partitions or groups than one transaction may have. */
  | 'too-large'
  /** The catalog did not answer: ask again. */
  | 'unavailable'
  /** Another broker coordinates the transactional id by now. */
  | 'not-coordinator'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export type Verdict =
  | { readonly outcome: 'refused'; readonly reason: TransactionRefusal }
  /** An id must be drawn first; then judge again. */
  | { readonly outcome: 'needs-producer-id' }
  | {
      readonly outcome: 'granted'
      readonly producer: ProducerIdentity
      /** The open transaction, where one is. */
      readonly serial: number
      /** The row as it becomes; nothing changes without. */
      readonly next?: TransactionRow
      /** Its open transaction ends with this marker. */
      readonly marker?: Omit<RunMarker, 'timestampMs'>
    }

/** 'Kafka's Short.MaxValue': the epoch of the last marker of a producer id. */
const epochMax = 32_767
/** Clients never get a higher one: one is kept for the marker that fences it. */
const clientEpochMax = epochMax - 1

/** The transaction version of clients for which the epoch rises with every transaction. */
export const bumpingVersion = 2

const refused = (reason: TransactionRefusal): Verdict => ({ outcome: 'refused', reason })

function granted(row: TransactionRow, more: Partial<Verdict> = {}): Verdict {
  const { producerId, producerEpoch, serial } = row
  return { outcome: 'granted', producer: { producerId, producerEpoch }, serial, ...more } as Verdict
}

const changed = (next: TransactionRow, marker?: Omit<RunMarker, 'timestampMs'>): Verdict =>
  granted(next, marker === undefined ? { next } : { next, marker })

export interface InitRequest {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** What the producer has (KIP-360); undefined for a new one. */
  readonly known: ProducerIdentity | undefined
  /** An id that nobody has; undefined: none was drawn yet. */
  readonly freshProducerId: number | undefined
  readonly nowMs: number
}

/**
 * InitProducerId. An open transaction is aborted in the same step: its marker has the epoch above
 * its data, a new producer the one above the marker's.
 */
export function initProducer(row: TransactionRow | undefined, request: InitRequest): Verdict {
  if (row === undefined) return created(request)
  const { known } = request
  if (known !== undefined) {
    const isCurrent = known.producerId === row.producerId
    const isRetry =
      known.producerEpoch === row.lastProducerEpoch &&
      (isCurrent || known.producerId === row.previousProducerId)
    if (isRetry && row.state !== 'Ongoing') return retried(row, request)
    if (!isCurrent || known.producerEpoch !== row.producerEpoch) return refused('fenced')
  }
  const isOpen = row.state === 'Ongoing'
  const fenced = isOpen ? row.producerEpoch + 1 : row.producerEpoch
  const next = raised(row, fenced, request)
  if (next === undefined) return { outcome: 'needs-producer-id' }
  return isOpen ? changed(next, markerOf(row, 'abort', fenced, 0)) : changed(next)
}

function created({ freshProducerId, ...request }: InitRequest): Verdict {
  if (freshProducerId === undefined) return { outcome: 'needs-producer-id' }
  return changed({
    transactionalId: request.transactionalId,
    producerId: freshProducerId,
    producerEpoch: 0,
    previousProducerId: -1,
    lastProducerEpoch: -1,
    state: 'Empty',
    serial: 0,
    timeoutMs: request.timeoutMs,
    startedMs: -1,
    changedMs: request.nowMs,
    clientVersion: 0,
    coordinatorVersion: 0,
    coordinatorIncarnation: 0,
  })
}

/** The answer of a call that was made before was lost: the producer gets the same again. */
function retried(row: TransactionRow, { timeoutMs, nowMs }: InitRequest): Verdict {
  return changed({ ...row, state: 'Empty', startedMs: -1, timeoutMs, changedMs: nowMs })
}

/** `fenced`: the highest epoch that is in use. Undefined: a new id is needed. */
function raised(
  row: TransactionRow,
  fenced: number,
  { known, timeoutMs, nowMs: changedMs, freshProducerId }: InitRequest,
): TransactionRow | undefined {
  const lastProducerEpoch = known === undefined ? -1 : known.producerEpoch
  const empty = { ...row, state: 'Empty', startedMs: -1, timeoutMs, changedMs } as const
  // Who recovers goes on with the marker's epoch; a new producer gets one of its own (KIP-360).
  if (row.state === 'Ongoing' && known !== undefined && fenced <= clientEpochMax) {
    return { ...empty, producerEpoch: fenced, lastProducerEpoch }
  }
  if (fenced < clientEpochMax) {
    return { ...empty, producerEpoch: fenced + 1, lastProducerEpoch }
  }
  if (freshProducerId === undefined) return undefined
  const previousProducerId = row.producerId
  const fresh = { producerId: freshProducerId, producerEpoch: 0 }
  return { ...empty, ...fresh, previousProducerId, lastProducerEpoch }
}

function markerOf(
  { producerId }: TransactionRow,
  type: RunMarker['type'],
  producerEpoch: number,
  transactionVersion: number,
): Omit<RunMarker, 'timestampMs'> {
  return { type, producerId, producerEpoch, coordinatorEpoch: 0, transactionVersion }
}

/** undefined where the producer is the one that the transactional id belongs to. */
function refuseProducer(
  row: TransactionRow | undefined,
  { producerId, producerEpoch }: ProducerIdentity,
): Verdict | undefined {
  if (row?.producerId !== producerId) return refused('wrong-producer-id')
  return row.producerEpoch === producerEpoch ? undefined : refused('fenced')
}

/** AddPartitionsToTxn, AddOffsetsToTxn, and what joins by itself (KIP-890): begins a transaction. */
export function joinTransaction(
  row: TransactionRow | undefined,
  producer: ProducerIdentity,
  clientVersion: number,
  nowMs: number,
): Verdict {
  const refusal = refuseProducer(row, producer)
  if (refusal !== undefined || row === undefined) return refusal ?? refused('wrong-producer-id')
  if (row.state === 'Ongoing') return granted(row)
  const begun = { state: 'Ongoing', serial: row.serial + 1, startedMs: nowMs } as const
  return changed({ ...row, ...begun, changedMs: nowMs, clientVersion })
}

/** Whether the producer's transaction is open (KIP-890 for clients that add partitions themselves). */
export function verifyTransaction(
  row: TransactionRow | undefined,
  producer: ProducerIdentity,
): Verdict {
  const refusal = refuseProducer(row, producer)
  if (refusal !== undefined || row === undefined) return refusal ?? refused('wrong-producer-id')
  return row.state === 'Ongoing' ? granted(row) : refused('invalid-state')
}

export interface EndRequest extends ProducerIdentity {
  readonly type: RunMarker['type']
  /** `bumpingVersion` for EndTxn 5 and later, else 0. */
  readonly clientVersion: number
  readonly freshProducerId: number | undefined
  readonly nowMs: number
}

/** EndTxn. A retry whose answer was lost gets the same answer. */
export function endTransaction(row: TransactionRow | undefined, request: EndRequest): Verdict {
  if (row === undefined) return refused('wrong-producer-id')
  const { producerId, producerEpoch: epoch, type } = request
  const wasBumped = row.clientVersion >= bumpingVersion
  const isBumping = request.clientVersion >= bumpingVersion
  const hasEnded = row.state === 'CompleteCommit' || row.state === 'CompleteAbort'
  const isOverflowRetry =
    wasBumped &&
    isBumping &&
    hasEnded &&
    row.previousProducerId === producerId &&
    row.producerEpoch === 0 &&
    epoch === row.lastProducerEpoch
  if (!isOverflowRetry && row.producerId !== producerId) return refused('wrong-producer-id')
  const isBumpRetry = wasBumped && isBumping && hasEnded && row.producerEpoch === epoch + 1
  const isRetry = isOverflowRetry || isBumpRetry
  if (!isRetry && row.producerEpoch !== epoch) return refused('fenced')
  if (row.state === 'Ongoing') return ended(row, request)
  if (row.state === 'Empty') {
    return isBumping && type === 'abort' ? ended(row, request) : refused('invalid-state')
  }
  const isSame = (row.state === 'CompleteCommit') === (type === 'commit')
  if (isRetry || !isBumping) return isSame ? granted(row) : refused('invalid-state')
  // A transaction to which nothing was added: Kafka lets it be aborted, for the sake of the epoch.
  return type === 'abort' ? ended(row, request) : refused('invalid-state')
}

function ended(row: TransactionRow, request: EndRequest): Verdict {
  const { type, clientVersion, freshProducerId, nowMs } = request
  const isBumping = clientVersion >= bumpingVersion
  const epoch = isBumping ? row.producerEpoch + 1 : row.producerEpoch
  const state = type === 'commit' ? 'CompleteCommit' : 'CompleteAbort'
  const startedMs = row.startedMs === -1 ? nowMs : row.startedMs
  const after = { ...row, state, startedMs, changedMs: nowMs, clientVersion } as const
  const marker = row.state === 'Ongoing' ? markerOf(row, type, epoch, clientVersion) : undefined
  if (!isBumping) return changed(after, marker)
  const lastProducerEpoch = row.producerEpoch
  if (epoch <= clientEpochMax) {
    return changed({ ...after, producerEpoch: epoch, lastProducerEpoch }, marker)
  }
  if (freshProducerId === undefined) return { outcome: 'needs-producer-id' }
  const fresh = { producerId: freshProducerId, producerEpoch: 0 }
  const previousProducerId = row.producerId
  return changed({ ...after, ...fresh, previousProducerId, lastProducerEpoch }, marker)
}

/**
 * A transaction that is open for too long is aborted, and its producer fenced by a higher epoch: it
 * may recover with InitProducerId, or with an abort of its own where that raises the epoch.
 */
export function abortTimedOut(row: TransactionRow | undefined, nowMs: number): Verdict {
  if (row?.state !== 'Ongoing' || nowMs < row.startedMs + row.timeoutMs) {
    return refused('invalid-state')
  }
  const producerEpoch = row.producerEpoch + 1
  const fenced = { producerEpoch, lastProducerEpoch: row.producerEpoch }
  const after = { ...row, ...fenced, state: 'CompleteAbort', changedMs: nowMs }
  return changed(after as TransactionRow, markerOf(row, 'abort', producerEpoch, row.clientVersion))
}
