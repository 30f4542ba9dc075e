/**
 * From the bytes of a request to the records that are to be appended: all the work on a request
 * that takes processor time, and nothing else, so that it can be done in another thread.
 */
import { openEnvelope, problemsShownMax, TooManyElements } from './envelope.ts'
import type { Answer } from './export-answer.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import type { OtlpLimits } from './limits.ts'
import { locate } from './locate.ts'
import { OutputTooLarge } from './protobuf-writer.ts'
import { BadProtobuf } from './protobuf-reader.ts'
import { type Signal, type SignalName, signals } from './signal.ts'
import { type Plan, planRecords, recordByteCount, writeRecords } from './split.ts'

export interface PrepareRequest {
  readonly signalName: SignalName
  readonly body: Uint8Array
  readonly isJson: boolean
  /** The largest value that a record of the topic may have. */
  readonly valueBytesMax: number
  readonly limits: Pick<
    OtlpLimits,
    'bodyBytesMax' | 'elementsMax' | 'recordsMax' | 'recordsBytesMax'
  >
}

export interface PreparedRecord {
  readonly traceId: string | undefined
  readonly itemCount: number
  readonly byteCount: number
}

/** Nothing in it but data: it travels between threads. */
export type Prepared =
  | {
      readonly outcome: 'prepared'
      /** The values of the records, one after another. */
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly records: readonly PreparedRecord[]
      readonly rejectedCount: number
      /** Why items are rejected; the first few. */
      readonly reasons: readonly string[]
      readonly warning: string
    }
  | { readonly outcome: 'refused'; readonly answer: Answer }

export interface Preparer {
  /** @throws Failure 'unavailable': it could not be done now; nothing is wrong with the request. */
  prepare(request: PrepareRequest): Promise<Prepared>
}

/** In the thread of who asks. */
export const inlinePreparer: Preparer = {
  prepare: (request) => Promise.resolve(prepare(request)),
}

export function prepare(request: PrepareRequest): Prepared {
  const signal = signals[request.signalName]
  let bytes = request.body
  let warning = ''
  try {
    if (request.isJson) {
      const { bodyBytesMax } = request.limits
      const converted = jsonToProtobuf(request.body, signal.message, bodyBytesMax)
      if (converted.outcome === 'bad') return badData(converted.path, converted.reason)
      bytes = converted.bytes
      warning = converted.warning
    }
    return prepareProtobuf(bytes, signal, request, warning)
  } catch (error) {
    if (error instanceof BadProtobuf) {
      const path = locate(bytes, signal.message, error.at)
      return badData(path, `${error.message}, at byte ${error.at}`)
    }
    const { elementsMax, bodyBytesMax } = request.limits
    if (error instanceof TooManyElements) {
      return tooLarge(`more than ${elementsMax} resources, scopes and ${signal.itemName}s`)
    }
    if (error instanceof OutputTooLarge) {
      return tooLarge(`the request takes more than ${bodyBytesMax} bytes as protobuf`)
    }
    throw error
  }
}

function prepareProtobuf(
  bytes: Uint8Array,
  signal: Signal,
  request: PrepareRequest,
  warning: string,
): Prepared {
  const { limits, valueBytesMax } = request
  const envelope = openEnvelope(bytes, signal, limits.elementsMax)
  const locateIn = (at: number): string => locate(bytes, signal.message, at)
  const reasons = envelope.problems.map(({ at, reason }) => `${locateIn(at)}: ${reason}`)
  const plan = planRecords(envelope.items, valueBytesMax)
  for (const item of plan.tooLarge.slice(0, problemsShownMax)) {
    const path = locateIn(item.start - 1) // its length, so that the item itself is named
    reasons.push(
      `${path}: ${recordByteCount(item)} bytes with resource and scope, but topic ` +
        `${signal.topic} takes at most ${valueBytesMax}`,
    )
  }
  const excess = excessOf(plan, limits)
  if (excess !== undefined) return excess
  return {
    outcome: 'prepared',
    bytes: writeRecords(bytes, plan),
    records: plan.records.map(({ traceId, items, byteCount }) => ({
      traceId,
      itemCount: items.length,
      byteCount,
    })),
    rejectedCount: envelope.rejectedCount + plan.tooLarge.length,
    reasons,
    warning,
  }
}

function excessOf(plan: Plan, limits: PrepareRequest['limits']): Prepared | undefined {
  const { records, byteCount } = plan
  if (records.length > limits.recordsMax) {
    return tooLarge(
      `split by trace, the request becomes ${records.length} records, ` +
        `more than ${limits.recordsMax}`,
    )
  }
  if (byteCount <= limits.recordsBytesMax) return undefined
  return tooLarge(
    `split by trace, each record with its resource and scope, the request becomes ` +
      `${records.length} records of ${byteCount} bytes, more than ${limits.recordsBytesMax}`,
  )
}

function badData(path: string, reason: string): Prepared {
  const message = path === '' ? reason : `${path}: ${reason}`
  return { outcome: 'refused', answer: { status: 400, field: path, message } }
}

function tooLarge(reason: string): Prepared {
  const message = `${reason}; send smaller batches`
  return { outcome: 'refused', answer: { status: 413, message } }
}
