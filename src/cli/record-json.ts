/**
 * A record as one line of JSON: what `consume --json` prints and `produce --json` reads. Bytes that
 * are UTF-8 are strings, others `{"base64": "…"}`.
 */
import { parseIsoTime } from '../base/iso-time.ts'
import type { BatchRecord, RecordHeader } from '../record/records.ts'

type JsonBytes = string | null | { readonly base64: string }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of `bytes`, or undefined where they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function toJsonBytes(bytes: Uint8Array | null): JsonBytes {
  if (bytes === null) return null
  return utf8Text(bytes) ?? { base64: Buffer.from(bytes).toString('base64') }
}

/** One line, without its end. */
export function recordToJson(topic: string, partition: number, record: BatchRecord): string {
  return JSON.stringify({
    topic,
    partition,
    offset: record.offset,
    timestamp: record.timestampMs,
    key: toJsonBytes(record.key),
    value: toJsonBytes(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: toJsonBytes(value) })),
  })
}

export interface JsonRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly partition: number | undefined
  readonly timestampMs: number | undefined
}

/** What a line (untrusted) says, or why it cannot be a record. */
export function parseRecord(line: string): JsonRecord | { readonly fault: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return { fault: 'not JSON: each line must be an object such as {"key":"k","value":"v"}' }
  }
  if (!isObject(parsed)) return { fault: 'must be a JSON object such as {"key":"k","value":"v"}' }
  const { key = null, value = null, headers = [], partition, timestamp } = parsed
  try {
    return {
      key: bytesOf('key', key),
      value: bytesOf('value', value),
      headers: headersOf(headers),
      partition: partitionOf(partition),
      timestampMs: timestampOf(timestamp),
    }
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message }
    throw error
  }
}

class Fault extends Error {}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function bytesOf(where: string, value: unknown): Uint8Array | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  const base64 = isObject(value) ? value['base64'] : undefined
  if (typeof base64 === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    return Buffer.from(base64, 'base64')
  }
  throw new Fault(`${where} must be a string, null or {"base64": "…"}`)
}

/** `[{"key": …, "value": …}]`, or an object where no name comes twice. */
function headersOf(value: unknown): RecordHeader[] {
  const pairs = isObject(value)
    ? Object.entries(value).map(([key, each]) => ({ key, value: each }))
    : value
  if (!Array.isArray(pairs)) throw new Fault('headers must be an object or an array')
  return pairs.map((each: unknown, at) => {
    const key = isObject(each) ? each['key'] : undefined
    if (!isObject(each) || typeof key !== 'string') {
      throw new Fault(`headers[${at}] must be {"key": "…", "value": "…"}`)
    }
    return { key, value: bytesOf(`headers[${at}].value`, each['value'] ?? null) }
  })
}

function partitionOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw new Fault('partition must be a whole number from 0')
}

function timestampOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const timeMs = typeof value === 'string' ? parseIsoTime(value) : value
  const isTime = typeof timeMs === 'number' && Number.isInteger(timeMs)
  if (isTime && timeMs >= -1 && timeMs < timestampMsEnd) return timeMs
  throw new Fault('timestamp must be milliseconds since 1970, or a time such as 2026-11-20T12:00Z')
}

/** Beyond it differences of timestamps are not exact; the year 73000. */
const timestampMsEnd = 2 ** 51
