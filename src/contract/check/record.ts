/** A record as checks see it. */

export type RecordPart = 'key' | 'value'

export interface CheckedRecord {
  /** Null where the record has none. */
  readonly key: Uint8Array | null
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

export interface RecordHeader {
  readonly name: string
  readonly value: Uint8Array | null
}

/** What is wrong with a record: one thing, the first that was found. */
export interface Violation {
  /** `schema`, `schema-id`, `fact:tenant`, `rule:known label`, `encoding`, `key` … */
  readonly rule: string
  /** JSON pointer into the value, the header's name, or '' for all of it. */
  readonly at: string
  /** To the developer of the producer: what is wrong, and what to do. */
  readonly message: string
}

/** What was read, or why it could not be. */
export type Read<Value> = Value | { readonly violation: Violation }

export const refused = (
  rule: string,
  at: string,
  message: string,
): { readonly violation: Violation } => ({ violation: { rule, at, message } })

/** `order.total: … (rule fact:tenant)`, as error_message of the record in an answer. */
export function violationText({ rule, at, message }: Violation): string {
  return `${at === '' ? '' : `${at}: `}${message} (${rule})`
}

/**
 * The last header of each name: Kafka's readers take that one. Values that are no UTF-8 are left
 * out.
 */
export function headerTexts(headers: readonly RecordHeader[]): ReadonlyMap<string, string> {
  if (headers.length === 0) return noTexts
  const texts = new Map<string, string>()
  for (const { name, value } of headers) {
    if (value === null) continue
    const text = utf8(value)
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}

const noTexts: ReadonlyMap<string, string> = new Map()

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Undefined where the bytes are no UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
