/**
 * Says in words where in a request a byte stands. Done only once something is wrong, so that
 * walking need not keep track.
 */
import type { Field, Message } from './otlp-messages.ts'
import { BadProtobuf, ProtobufReader } from './protobuf-reader.ts'

interface Place {
  readonly field: Field | undefined
  readonly name: string
  /** Where the content of a length-delimited field starts and ends. */
  readonly start: number
  readonly end: number
}

/**
 * The path of the field around byte `at`, as `resourceSpans[0].scopeSpans[2].spans[7].name`; '' for
 * the request itself.
 */
export function locate(bytes: Uint8Array, root: Message, at: number): string {
  const reader = new ProtobufReader(bytes)
  const path: string[] = []
  let message = root
  let start = 0
  let end = bytes.length
  for (;;) {
    reader.at = start
    const place = findField(reader, message, end, at)
    if (place === undefined) break
    path.push(place.name)
    const type = place.field?.type
    if (type === undefined || typeof type === 'string' || at < place.start) break
    message = type
    start = place.start
    end = place.end
  }
  return path.join('.')
}

/** The field of `message` around byte `at`; undefined where not even a tag can be read there. */
function findField(
  reader: ProtobufReader,
  message: Message,
  end: number,
  at: number,
): Place | undefined {
  const counts = new Map<number, number>()
  while (reader.at < end) {
    let number: number
    try {
      number = reader.tag(end)
    } catch (error) {
      if (error instanceof BadProtobuf) return undefined
      throw error
    }
    const field = message.byNumber[number]
    const index = counts.get(number) ?? 0
    counts.set(number, index + 1)
    const name = field === undefined ? `field ${number}` : field.name
    const here = { field, name: field?.isRepeated === true ? `${name}[${index}]` : name }
    let start = end
    try {
      if (reader.wireType === 2) {
        const length = reader.length(end)
        start = reader.at
        reader.at += length
      } else {
        reader.skip(end)
      }
    } catch (error) {
      if (error instanceof BadProtobuf) return { ...here, start: end, end }
      throw error
    }
    if (at < reader.at) return { ...here, start, end: reader.at }
  }
  return undefined
}
