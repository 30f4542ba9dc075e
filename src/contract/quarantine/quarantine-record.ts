/**
 * A record in a quarantine topic. Its value and its own headers are those that were sent; two
 * headers of the broker stand behind them: why it was set aside and where it would have stood, as
 * JSON, and the key that it had. Its key here is its place, so that setting it aside twice, as a
 * retry does, leaves one.
 */
import { utf8 } from '../check/record.ts'
import type { TakenRecord } from '../check/split-batch.ts'
import type { RecordHeader } from '../../record/records.ts'

/** Where a record would have stood. */
export interface Coordinates {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

/** Why a record was set aside. */
export interface QuarantineReason extends Coordinates {
  /** ID@VERSION of the contract that it breaks, and ID@REVISION of what was in force. */
  readonly contract: string
  readonly revision: string
  /** See Violation. */
  readonly rule: string
  readonly at: string
  readonly message: string
  /** When it was set aside, milliseconds since 1970. */
  readonly setAsideMs: number
}

/** As it was sent, and why it is here. */
export interface QuarantinedRecord {
  readonly reason: QuarantineReason
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** A record of the quarantine topic, as it is stored. */
export interface StoredRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: number
}

const reasonHeader = 'karst.quarantine'
const keyHeader = 'karst.quarantine.key'
/** Of a message that quotes what is in a record, characters. */
const messageMax = 2_000
const formatVersion = 1
/** Beyond the year 73000 no batch can be built; producers may send it. Milliseconds. */
const timestampMsEnd = 2 ** 51

/** The same record at the same place has the same key. */
export function quarantineKey({ topicId, partition, offset }: Coordinates): Buffer {
  return Buffer.from(`${topicId}/${partition}/${offset}`)
}

export function toStored(
  { key, value, headers, timestampMs, violation }: TakenRecord,
  place: Omit<QuarantineReason, 'rule' | 'at' | 'message'>,
): StoredRecord {
  const { rule, at, message: whole } = violation
  const message = whole.slice(0, messageMax)
  const reason = { v: formatVersion, ...place, rule, at, message, isNull: value === null }
  const said: RecordHeader[] = [
    ...headers,
    { key: reasonHeader, value: Buffer.from(JSON.stringify(reason)) },
    ...(key === null ? [] : [{ key: keyHeader, value: key }]),
  ]
  // A null value would delete what the topic has of this key.
  return {
    key: quarantineKey(place),
    value: value ?? new Uint8Array(0),
    headers: said,
    timestampMs: writable(timestampMs),
  }
}

/** Undefined where no broker has written it. */
export function fromStored(stored: {
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: number
}): QuarantinedRecord | undefined {
  const { headers, timestampMs } = stored
  // What a producer may have sent under the same name stands in front.
  const cut = headers.findLastIndex(({ key }) => key === reasonHeader)
  const [said, ...behind] = headers.slice(Math.max(cut, 0))
  const text = cut === -1 ? undefined : utf8(said?.value ?? new Uint8Array(0))
  const found = text === undefined ? undefined : reasonIn(text)
  if (found === undefined) return undefined
  const { isNull, reason } = found
  return {
    ...{ reason, timestampMs: writable(timestampMs) },
    key: behind.find(({ key }) => key === keyHeader)?.value ?? null,
    value: isNull ? null : stored.value,
    headers: headers.slice(0, cut),
  }
}

const writable = (timestampMs: number): number =>
  timestampMs >= 0 && timestampMs < timestampMsEnd ? timestampMs : -1

const texts = ['topic', 'topicId', 'contract', 'revision', 'rule', 'at', 'message'] as const
const numbers = ['partition', 'offset', 'setAsideMs'] as const

function reasonIn(
  text: string,
): { readonly reason: QuarantineReason; readonly isNull: boolean } | undefined {
  try {
    const said = JSON.parse(text) as Readonly<Record<string, unknown>>
    const isWhole =
      said['v'] === formatVersion &&
      texts.every((name) => typeof said[name] === 'string') &&
      numbers.every((name) => Number.isSafeInteger(said[name]))
    if (!isWhole) return undefined
    const { v: _, isNull, ...reason } = said
    return { reason: reason as unknown as QuarantineReason, isNull: isNull === true }
  } catch {
    return undefined
  }
}
