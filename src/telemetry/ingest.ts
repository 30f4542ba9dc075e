/**
 * One export request from its bytes to its answer: prepare records, append them, say what became of
 * it. Nothing here knows of HTTP; what can go wrong becomes an answer, never an exception.
 */
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { type Failure, isFailure } from '../base/errors.ts'
import { type Appended, appendIsolating } from './append-isolating.ts'
import type { ByteReservation } from './byte-budget.ts'
import type { Answer } from './export-answer.ts'
import type { OtlpLimits } from './limits.ts'
import type { Prepared, PreparedRecord, Preparer } from './prepare.ts'
import type { Signal } from './signal.ts'
import type { TelemetryRecord, TelemetrySink } from './sink.ts'

export interface IngestParts {
  readonly sink: TelemetrySink
  readonly preparer: Preparer
  readonly clock: Clock
  readonly limits: OtlpLimits
}

export interface IngestRequest {
  readonly signal: Signal
  readonly body: Uint8Array
  readonly isJson: boolean
  /** Memory for what is made of the body; the caller releases it. */
  readonly memory: ByteReservation
}

export interface Ingested {
  readonly answer: Answer
  /** Items of the request that are stored. */
  readonly acceptedCount: number
  readonly recordCount: number
  /** What the sink failed with, for the log. */
  readonly failure?: Failure
}

/**
 * What a batch of one record needs besides the value: batch header 61, record fields at most 30, a
 * key of 32.
 */
export const recordOverheadBytes = 128

/**
 * Resolves when the items that the answer counts as stored are durable and committed, or with the
 * reason why not. The body may not be used afterwards.
 */
export async function ingest(parts: IngestParts, request: IngestRequest): Promise<Ingested> {
  const { signal, body, memory, isJson } = request
  if (body.length === 0) return refused({ status: 200, rejectedCount: 0, message: '' })
  // Its protobuf, and what is kept of it while it is split.
  if (isJson && !memory.grow(body.length)) return refused(overloaded)
  let prepared: Prepared
  try {
    const valueBytesMax = (await parts.sink.maxRecordBytes(signal.topic)) - recordOverheadBytes
    const { limits, preparer } = parts
    const signalName = signal.name
    prepared = await preparer.prepare({ signalName, body, isJson, valueBytesMax, limits })
  } catch (error) {
    return fromFailure(error, signal)
  }
  if (prepared.outcome === 'refused') return refused(prepared.answer)
  // They exist already: one request's records at a time, which recordsBytesMax bounds.
  if (!memory.grow(prepared.bytes.length)) return refused(overloaded)
  const records = toRecords(prepared.bytes, prepared.records, parts.clock.nowMs())
  const appended = await appendIsolating(parts.sink, signal.topic, prepared.records, records)
  if (appended.failure !== undefined) return fromFailure(appended.failure, signal)
  return settle(signal, prepared, appended)
}

function toRecords(
  bytes: Uint8Array,
  prepared: readonly PreparedRecord[],
  timestampMs: number,
): TelemetryRecord[] {
  let end = 0
  const records = prepared.map(({ traceId, byteCount }) => {
    const start = end
    end += byteCount
    const key = traceId === undefined ? null : Buffer.from(traceId, 'latin1')
    return { key, value: bytes.subarray(start, end), headers: [], timestampMs }
  })
  assert(end === bytes.length, 'records lie one after another')
  return records
}

/**
 * Telemetry that was sent again may be there twice: OTLP has no way to tell (its "Known
 * limitations").
 */
function fromFailure(error: unknown, signal: Signal): Ingested {
  if (!isFailure(error)) throw error
  const said = `${signal.name} were not stored: ${error.message}`
  switch (error.kind) {
    case 'overloaded':
      return { ...refused({ status: 429, message: said }), failure: error }
    case 'unavailable':
    case 'closed':
    case 'fenced':
    case 'unknown-outcome':
      return { ...refused({ status: 503, message: said }), failure: error }
    case 'invalid':
    case 'conflict':
    case 'not-found':
    case 'corrupt':
      return { ...refused({ status: 500, message: said }), failure: error }
  }
}

function settle(
  signal: Signal,
  prepared: Prepared & { outcome: 'prepared' },
  appended: Appended,
): Ingested {
  const { records, warning } = prepared
  const itemCount = records.reduce((sum, record) => sum + record.itemCount, 0)
  const rejectedCount = prepared.rejectedCount + appended.rejectedCount
  const reasons = [...prepared.reasons, appended.reason].filter((reason) => reason !== '')
  const items = `${rejectedCount} ${signal.itemName}${rejectedCount === 1 ? '' : 's'}`
  const message = rejectedCount > 0 ? `${items} refused: ${reasons.join('; ')}` : warning
  return {
    answer: { status: 200, rejectedCount, message },
    acceptedCount: itemCount - appended.rejectedCount,
    recordCount: records.length,
  }
}

function refused(answer: Answer): Ingested {
  return { answer, acceptedCount: 0, recordCount: 0 }
}

const overloaded: Answer = { status: 429, message: 'too many bytes are in flight; try again' }
