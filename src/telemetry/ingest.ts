/**
 * One export request from its bytes to its answer: take apart, split into records, append, say what
 * became of it. Nothing here knows of HTTP; what can go wrong becomes an answer, never an
 * exception.
 */
import type { Clock } from '../base/clock.ts'
import { type Failure, isFailure } from '../base/errors.ts'
import { appendIsolating } from './append-isolating.ts'
import type { ByteReservation } from './byte-budget.ts'
import { type Envelope, openEnvelope, problemsShownMax, TooManyElements } from './envelope.ts'
import type { Answer } from './export-answer.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import type { OtlpLimits } from './limits.ts'
import { locate } from './locate.ts'
import { OutputTooLarge } from './protobuf-writer.ts'
import { BadProtobuf } from './protobuf-reader.ts'
import type { Signal } from './signal.ts'
import type { TelemetryRecord, TelemetrySink } from './sink.ts'
import {
  type Plan,
  planRecords,
  type PlannedRecord,
  recordByteCount,
  writeRecord,
} from './split.ts'

export interface IngestParts {
  readonly sink: TelemetrySink
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
 * reason why not.
 */
export async function ingest(parts: IngestParts, request: IngestRequest): Promise<Ingested> {
  const opened = open(parts.limits, request)
  if ('status' in opened) return refused(opened)
  const { bytes, envelope, warning } = opened
  if (envelope.items.length === 0) return settle([], envelope.rejectedCount, opened)
  let valueBytesMax: number
  try {
    valueBytesMax = (await parts.sink.maxRecordBytes(request.signal.topic)) - recordOverheadBytes
  } catch (error) {
    return fromFailure(error, request.signal)
  }
  const plan = planRecords(envelope.items, valueBytesMax)
  const reasons = [...opened.reasons]
  for (const item of plan.tooLarge.slice(0, problemsShownMax)) {
    const path = opened.locate(item.start - 1) // its length, so that the item itself is named
    reasons.push(
      `${path}: ${recordByteCount(item)} bytes with resource and scope, but topic ` +
        `${request.signal.topic} takes at most ${valueBytesMax}`,
    )
  }
  const noMemory = reserveRecords(plan, parts.limits, request)
  if (noMemory !== undefined) return refused(noMemory)
  const timestampMs = parts.clock.nowMs()
  const records = plan.records.map((planned) => toRecord(bytes, planned, timestampMs))
  const appended = await appendIsolating(parts.sink, request.signal.topic, plan.records, records)
  if (appended.failure !== undefined) return fromFailure(appended.failure, request.signal)
  const rejected = envelope.rejectedCount + plan.tooLarge.length + appended.rejectedCount
  if (appended.reason !== '') reasons.push(appended.reason)
  return settle(
    plan.records,
    rejected,
    { reasons, warning, signal: request.signal },
    appended.rejectedCount,
  )
}

interface Opened {
  readonly bytes: Uint8Array
  readonly envelope: Envelope
  readonly reasons: readonly string[]
  readonly warning: string
  readonly signal: Signal
  locate(at: number): string
}

/** The request as protobuf, taken apart; or the answer that says why it can't be. */
function open(limits: OtlpLimits, request: IngestRequest): Opened | Answer {
  const { signal, memory } = request
  let bytes = request.body
  let warning = ''
  try {
    if (request.isJson) {
      // The writer doubles; what it grew to is known only later, and at most twice the body's.
      if (!memory.grow(request.body.length)) return overloaded()
      const converted = jsonToProtobuf(request.body, signal.message, limits.bodyBytesMax)
      if (converted.outcome === 'bad') return badData(converted.path, converted.reason)
      bytes = converted.bytes
      warning = converted.warning
    }
    const envelope = openEnvelope(bytes, signal, limits.elementsMax)
    const locateIn = (at: number): string => locate(bytes, signal.message, at)
    const reasons = envelope.problems.map(({ at, reason }) => `${locateIn(at)}: ${reason}`)
    return { bytes, envelope, reasons, warning, signal, locate: locateIn }
  } catch (error) {
    if (error instanceof BadProtobuf) {
      return badData(
        locate(bytes, signal.message, error.at),
        `${error.message}, at byte ${error.at}`,
      )
    }
    if (error instanceof TooManyElements) {
      return tooLarge(`more than ${limits.elementsMax} resources, scopes and ${signal.itemName}s`)
    }
    if (error instanceof OutputTooLarge) {
      return tooLarge(`the request takes more than ${limits.bodyBytesMax} bytes as protobuf`)
    }
    throw error
  }
}

function reserveRecords(
  plan: Plan,
  limits: OtlpLimits,
  request: IngestRequest,
): Answer | undefined {
  if (plan.byteCount > limits.recordsBytesMax) {
    return tooLarge(
      `split by trace, each record with its resource and scope, the request becomes ` +
        `${plan.records.length} records of ${plan.byteCount} bytes, ` +
        `more than ${limits.recordsBytesMax}`,
    )
  }
  return request.memory.grow(plan.byteCount) ? undefined : overloaded()
}

function toRecord(
  source: Uint8Array,
  planned: PlannedRecord,
  timestampMs: number,
): TelemetryRecord {
  const key = planned.traceId === undefined ? null : Buffer.from(planned.traceId, 'latin1')
  return { key, value: writeRecord(source, planned), headers: [], timestampMs }
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
  records: readonly PlannedRecord[],
  rejectedCount: number,
  said: { readonly reasons: readonly string[]; readonly warning: string; readonly signal: Signal },
  refusedBySink = 0,
): Ingested {
  const itemCount = records.reduce((sum, record) => sum + record.items.length, 0)
  const reasons = said.reasons.join('; ')
  const plural = rejectedCount === 1 ? '' : 's'
  const refusal = `${rejectedCount} ${said.signal.itemName}${plural} refused: ${reasons}`
  const message = rejectedCount > 0 ? refusal : said.warning
  return {
    answer: { status: 200, rejectedCount, message },
    acceptedCount: itemCount - refusedBySink,
    recordCount: records.length,
  }
}

function refused(answer: Answer): Ingested {
  return { answer, acceptedCount: 0, recordCount: 0 }
}

function badData(path: string, reason: string): Answer {
  return { status: 400, field: path, message: path === '' ? reason : `${path}: ${reason}` }
}

function tooLarge(reason: string): Answer {
  return { status: 413, message: `${reason}; send smaller batches` }
}

function overloaded(): Answer {
  return { status: 429, message: 'too many bytes are in flight; try again' }
}
