/** A record as one line for people: where it is, when, its key and its value, between tabs. */
import { formatIsoTime } from '../base/iso-time.ts'
import type { BatchRecord } from '../record/records.ts'
import { utf8Text } from './record-json.ts'
import { escaped } from './table-text.ts'

/** `2:17 2026-11-20T12:30:00.000Z key value [header=text …]`, between tabs. */
export function recordToText(partition: number, record: BatchRecord): string {
  const { offset, timestampMs, key, value, headers } = record
  const time = timestampMs < 0 ? '-' : formatIsoTime(timestampMs)
  const cells = [`${partition}:${offset}`, time, shown(key), shown(value)]
  const pairs = headers.map((header) => `${escaped(header.key)}=${shown(header.value)}`)
  if (pairs.length > 0) cells.push(pairs.join(' '))
  return cells.join('\t')
}

/** The value alone, as it was sent; nothing where it is null. */
export function valueToText({ value }: BatchRecord): string {
  return value === null ? '' : (utf8Text(value) ?? base64(value))
}

export function shown(bytes: Uint8Array | null): string {
  if (bytes === null) return '(null)'
  const text = utf8Text(bytes)
  return text === undefined ? base64(bytes) : escaped(text)
}

const base64 = (bytes: Uint8Array): string => `base64:${Buffer.from(bytes).toString('base64')}`
