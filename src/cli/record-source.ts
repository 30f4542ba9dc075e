/** How `karst produce` makes a record of a line, as its flags say. */
import type { RecordHeader } from '../record/records.ts'
import { type JsonRecord, parseRecord } from './record-json.ts'
import { UsageError } from './usage-error.ts'

export interface RecordSource {
  /** In place of standard input. */
  readonly given: readonly string[] | undefined
  readonly parse: (line: string) => JsonRecord | { readonly fault: string }
  /** How the n-th, from 1, is called in messages. */
  readonly place: (line: number) => string
}

/** The flags of `karst produce` that say what a line is. */
export interface SourceFlags {
  readonly key: string | undefined
  readonly value: readonly string[]
  readonly 'key-separator': string | undefined
  readonly 'null-value': boolean
  readonly header: readonly string[]
  readonly json: boolean
}

/** @throws UsageError flags that contradict each other. */
export function recordSource(flags: SourceFlags): RecordSource {
  const { key, value: values, 'key-separator': separator, 'null-value': isNull } = flags
  const headers = flags.header.map(headerOf)
  if (flags.json && (key ?? separator) !== undefined) {
    throw new UsageError('--json records bring their keys: no --key, no --key-separator')
  }
  if (flags.json && values.length + headers.length > 0) {
    throw new UsageError('--json records bring their values and headers: no --value, no --header')
  }
  if (key !== undefined && separator !== undefined) {
    throw new UsageError('--key and --key-separator: a record has one key')
  }
  if (separator === '') throw new UsageError('--key-separator must not be empty')
  const isTombstone = isNull && key !== undefined && values.length === 0
  const given = isTombstone ? [''] : values.length > 0 ? values : undefined
  const place = (line: number): string => `${given === undefined ? 'line' : 'value'} ${line}`
  if (flags.json) return { given, parse: parseRecord, place }
  const bytes = (text: string): Uint8Array | null =>
    isNull && text === '' ? null : Buffer.from(text)
  const shared = { headers, partition: undefined, timestampMs: undefined }
  const parse = (line: string): JsonRecord | { readonly fault: string } => {
    if (separator === undefined) {
      return { ...shared, key: key === undefined ? null : Buffer.from(key), value: bytes(line) }
    }
    const at = line.indexOf(separator)
    if (at === -1 && isNull) return { ...shared, key: Buffer.from(line), value: null }
    if (at === -1) return { fault: `no ${JSON.stringify(separator)} between key and value` }
    const value = bytes(line.slice(at + separator.length))
    return { ...shared, key: Buffer.from(line.slice(0, at)), value }
  }
  return { given, parse, place }
}

function headerOf(text: string): RecordHeader {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--header ${text}: must be NAME=TEXT`)
  return { key: text.slice(0, at), value: Buffer.from(text.slice(at + 1)) }
}
