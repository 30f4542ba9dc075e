/**
 * How serializers of the schema registry say which schema a key or a value is of: its id or GUID,
 * and of Protobuf the message, in front of the payload or in a header.
 */
import { formatUuid } from '../../base/format-uuid.ts'
import { type CheckedRecord, type Read, type RecordPart, refused } from './record.ts'

/** As a producer tells it. */
export type SchemaId =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'guid'; readonly guid: string }

export const schemaIdText = (schema: SchemaId): string =>
  schema.kind === 'id' ? `id ${schema.id}` : `GUID ${schema.guid}`

export interface FramedPayload {
  readonly schema: SchemaId
  /** What follows the id where it was found. */
  readonly behind: Uint8Array
  /** The payload, where the id is in a header; else it is in `behind`. */
  readonly bare: Uint8Array | undefined
}

/** Of an id in front of a payload: the magic byte, and how long it is with that. */
export const schemaIdPrefix = { magic: 0, bytes: 5 } as const
const { magic: idMagic, bytes: idBytes } = schemaIdPrefix
const guidMagic = 1
const guidBytes = 17

export const schemaIdHeader = (part: RecordPart): string => `__${part}_schema_id`

/** `__value_schema_id` or `__key_schema_id`, else magic byte 0 and an int32, or 1 and a GUID. */
export function readSchemaId(
  part: RecordPart,
  bytes: Uint8Array,
  headers: CheckedRecord['headers'],
): Read<FramedPayload> {
  const name = schemaIdHeader(part)
  const header = headers.findLast((each) => each.name === name)?.value
  if (header !== undefined && header !== null) {
    const found = idIn(header)
    if (found !== undefined) return { ...found, bare: bytes }
    return refused('encoding', name, 'must hold 0 and a schema’s id, or 1 and its GUID')
  }
  const found = idIn(bytes)
  if (found !== undefined) return { ...found, bare: undefined }
  const first = bytes.length === 0 ? 'it is empty' : `it begins with byte ${bytes[0]}`
  const text = `the ${part} tells no schema: ${first}. Use a serializer of the schema registry`
  return refused('encoding', '', text)
}

function idIn(bytes: Uint8Array): Omit<FramedPayload, 'bare'> | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes[0] === idMagic && bytes.length >= idBytes) {
    return { schema: { kind: 'id', id: view.readInt32BE(1) }, behind: view.subarray(idBytes) }
  }
  if (bytes[0] === guidMagic && bytes.length >= guidBytes) {
    const guid = formatUuid(bytes.subarray(1, guidBytes))
    return { schema: { kind: 'guid', guid }, behind: view.subarray(guidBytes) }
  }
  return undefined
}

export interface IndexedPayload {
  /** Where the message stands in its file, outermost first; empty of other languages. */
  readonly indexes: readonly number[]
  readonly payload: Uint8Array
}

/** Takes the indexes of a Protobuf message off, where there are any to be. */
export function readIndexes(
  part: RecordPart,
  { behind, bare }: FramedPayload,
  isProtobuf: boolean,
): Read<IndexedPayload> {
  const at = bare === undefined ? '' : `__${part}_schema_id`
  const read = isProtobuf ? indexesIn(behind) : { indexes: [], length: 0 }
  if (read === undefined) {
    const shape = `0, or how many there are (at most ${indexesMax}) and each, as zigzag varints`
    return refused('encoding', at, `the message indexes behind the schema’s id are not ${shape}`)
  }
  const rest = behind.subarray(read.length)
  if (bare === undefined) return { indexes: read.indexes, payload: rest }
  if (rest.length === 0) return { indexes: read.indexes, payload: bare }
  const extra = `${rest.length} ${rest.length === 1 ? 'byte' : 'bytes'}`
  return refused('encoding', at, `has ${extra} too many behind the schema’s id`)
}

/** Messages in each other: nobody nests as many. */
const indexesMax = 32

function indexesIn(
  bytes: Uint8Array,
): { readonly indexes: readonly number[]; readonly length: number } | undefined {
  const count = zigzagAt(bytes, 0)
  // The first message of a file is said so often that it has a short form.
  if (count?.value === 0) return { indexes: [0], length: count.end }
  if (count === undefined || count.value < 0 || count.value > indexesMax) return undefined
  const indexes: number[] = []
  let end = count.end
  while (indexes.length < count.value) {
    const index = zigzagAt(bytes, end)
    if (index === undefined || index.value < 0) return undefined
    indexes.push(index.value)
    end = index.end
  }
  return { indexes, length: end }
}

/** Of a varint of 32 bits. */
const varintBytesMax = 5

function zigzagAt(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let taken = 0; taken < varintBytesMax; taken++) {
    const byte = bytes[at + taken]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * taken)
    if (byte < 0x80) {
      const isNegative = value % 2 === 1
      return { value: isNegative ? -(value + 1) / 2 : value / 2, end: at + taken + 1 }
    }
  }
  return undefined
}
