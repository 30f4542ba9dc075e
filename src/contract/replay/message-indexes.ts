/**
 * Which message of a Protobuf file a payload is, as serializers of schema registries say it behind
 * the schema's id: a count and so many indexes, outermost first, as zigzag varints. A count of 0
 * stands for the first message.
 */

/** Messages in each other: more than anybody nests. */
const indexesMax = 100
/** Of a 32 bit varint. */
const varintBytesMax = 5

export interface MessageIndexes {
  readonly indexes: readonly number[]
  /** Behind them. */
  readonly rest: Uint8Array
}

/** Undefined where the bytes do not begin with indexes. */
export function readMessageIndexes(bytes: Uint8Array): MessageIndexes | undefined {
  let at = 0
  const next = (): number => {
    let value = 0
    for (let read = 0; read < varintBytesMax; read++) {
      const byte = bytes[at++]
      if (byte === undefined) return -1
      value += (byte & 0x7f) * 2 ** (7 * read)
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -1
    }
    return -1
  }
  const count = next()
  if (count < 0 || count > indexesMax) return undefined
  const indexes = Array.from({ length: count }, next)
  if (indexes.some((index) => index < 0)) return undefined
  return { indexes: count === 0 ? [0] : indexes, rest: bytes.subarray(at) }
}
