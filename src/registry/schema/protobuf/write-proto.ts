/** Encodes plain values as a message of a type: only what descriptors are made of. */
import { assert } from '../../../base/assert.ts'
import type { FieldType, MessageType } from './proto-types.ts'

type Values = Readonly<Record<string, unknown>>

/** Fields by name; undefined ones and those the type does not have are left out. */
export function writeMessage(values: object, type: MessageType): readonly number[] {
  const out: number[] = []
  for (const field of type.fields.values()) {
    const value = (values as Values)[field.source.name]
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      writeField(out, field, each)
  }
  return out
}

function writeField(out: number[], field: FieldType, value: unknown): void {
  const { type, source } = field
  if (type.kind === 'message') {
    const inner = writeMessage(value as object, type)
    writeVarint(out, source.number * 8 + 2)
    writeVarint(out, inner.length)
    for (const byte of inner) out.push(byte)
  } else if (typeof value === 'string' && type.kind === 'scalar') {
    const bytes = Buffer.from(value)
    writeVarint(out, source.number * 8 + 2)
    writeVarint(out, bytes.length)
    for (const byte of bytes) out.push(byte)
  } else {
    const number =
      type.kind === 'enum'
        ? type.source.values.find(({ name }) => name === value)?.number
        : Number(value)
    if (number === undefined) return // of an edition or option that is newer than we are
    writeVarint(out, source.number * 8)
    writeVarint(out, number)
  }
}

/** Negative numbers are sign-extended to 64 bits. */
function writeVarint(out: number[], number: number): void {
  assert(Number.isSafeInteger(number), 'descriptors hold whole numbers')
  let left = BigInt.asUintN(64, BigInt(number))
  while (left >= 0x80n) {
    out.push(Number(left & 0x7fn) | 0x80)
    left >>= 7n
  }
  out.push(Number(left))
}
