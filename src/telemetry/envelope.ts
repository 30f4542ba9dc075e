/**
 * A request taken apart into its items (spans, log records, data points) and the frames around
 * them, as positions in the sender's bytes: nothing is decoded, so unknown fields and the sender's
 * encoding stay as they are.
 */
import type { Message } from './otlp-messages.ts'
import { BadProtobuf, type Problem, ProtobufReader } from './protobuf-reader.ts'
import type { Signal } from './signal.ts'

/** A message around items: everything in it except what lies on the way to them. */
export interface Frame {
  /** Undefined for those directly in the request. */
  readonly parent: Frame | undefined
  /** How many frames are around this one. */
  readonly level: number
  /** The field of the message around it. */
  readonly fieldNumber: number
  /** Start, end, start, end… of its bytes. */
  readonly slices: number[]
  byteCount: number
  problem: Problem | undefined
}

export interface Item {
  readonly frame: Frame
  readonly fieldNumber: number
  readonly start: number
  readonly end: number
  /** Hexadecimal trace id, where there is one. */
  readonly traceId: string | undefined
}

export interface Envelope {
  /** In the order of the request. */
  readonly items: readonly Item[]
  /** Items that can't be stored, whatever their number; the first problems only, for the answer. */
  readonly rejectedCount: number
  readonly problems: readonly Problem[]
}

/** More elements than a request may have. */
export class TooManyElements extends Error {
  override readonly name = 'TooManyElements'
}

export const problemsShownMax = 5

/**
 * Takes a request apart, and holds all of it to the tables on the way.
 *
 * @throws BadProtobuf the bytes are not such a request.
 * @throws TooManyElements the request has more than `elementsMax` resources, scopes, metrics and
 *   items.
 */
export function openEnvelope(bytes: Uint8Array, signal: Signal, elementsMax: number): Envelope {
  const opener = new EnvelopeOpener(bytes, signal, elementsMax)
  opener.open()
  return opener
}

class EnvelopeOpener implements Envelope {
  items: Item[] = []
  rejectedCount = 0
  readonly problems: Problem[] = []
  readonly #reader: ProtobufReader
  readonly #signal: Signal
  readonly #elementsMax: number
  #elementCount = 0
  #hasFrameProblem = false

  constructor(bytes: Uint8Array, signal: Signal, elementsMax: number) {
    this.#reader = new ProtobufReader(bytes)
    this.#signal = signal
    this.#elementsMax = elementsMax
  }

  open(): void {
    this.#openMessage(this.#signal.message, undefined, this.#reader.bytes.length)
    if (this.#hasFrameProblem) this.#rejectInBadFrames()
  }

  #openMessage(message: Message, frame: Frame | undefined, end: number): void {
    const reader = this.#reader
    const depth = frame === undefined ? 0 : frame.level + 1
    while (reader.at < end) {
      const tagAt = reader.at
      const number = reader.tag(end)
      const field = message.byNumber[number]
      if (field === undefined || !field.isSpine || typeof field.type === 'string') {
        reader.problem = undefined
        reader.checkValue(field, tagAt, end, depth)
        if (frame !== undefined) this.#keep(frame, tagAt, reader.at)
        continue
      }
      if (reader.wireType !== 2) {
        throw new BadProtobuf(tagAt, `wire type ${reader.wireType} where 2 is expected`)
      }
      const stop = reader.length(end) + reader.at
      if (++this.#elementCount > this.#elementsMax) throw new TooManyElements()
      if (field.type.hasSpine) {
        const slices: number[] = []
        const level = depth
        const inner: Frame = {
          parent: frame,
          level,
          fieldNumber: number,
          slices,
          byteCount: 0,
          problem: undefined,
        }
        this.#openMessage(field.type, inner, stop)
      } else if (frame !== undefined) {
        this.#openItem(field.type, frame, number, tagAt, stop)
      }
    }
  }

  #keep(frame: Frame, start: number, end: number): void {
    const { slices } = frame
    if (slices.at(-1) === start) slices[slices.length - 1] = end
    else slices.push(start, end)
    frame.byteCount += end - start
    const { problem } = this.#reader
    if (problem === undefined) return
    frame.problem ??= problem
    this.#hasFrameProblem = true
  }

  #openItem(message: Message, frame: Frame, fieldNumber: number, tagAt: number, end: number): void {
    const reader = this.#reader
    const start = reader.at
    reader.problem = undefined
    reader.checkMessage(message, end, frame.level + 2)
    const { traceIdField, spanIdField, idsRequired } = this.#signal
    const traceId = traceIdField === undefined ? undefined : this.#readId(traceIdField, start, end)
    const problem =
      reader.problem ??
      (idsRequired ? this.#missingId(traceId, spanIdField, start, end, tagAt) : undefined)
    if (problem === undefined) this.items.push({ frame, fieldNumber, start, end, traceId })
    else this.#reject(problem)
  }

  #missingId(
    traceId: string | undefined,
    spanIdField: number | undefined,
    start: number,
    end: number,
    at: number,
  ): Problem | undefined {
    if (traceId === undefined) return { at, reason: 'the trace id is missing or zero' }
    if (spanIdField === undefined || this.#readId(spanIdField, start, end) !== undefined) return
    return { at, reason: 'the span id is missing or zero' }
  }

  /**
   * The id in the last field with this number of an item that was checked before; undefined if
   * empty or zero.
   */
  #readId(fieldNumber: number, start: number, end: number): string | undefined {
    const reader = this.#reader
    let id: Uint8Array | undefined
    reader.at = start
    while (reader.at < end) {
      const number = reader.tag(end)
      if (number === fieldNumber) {
        const length = reader.length(end)
        id = reader.bytes.subarray(reader.at, reader.at + length)
        reader.at += length
      } else {
        reader.skip(end)
      }
    }
    return id === undefined || id.every((byte) => byte === 0)
      ? undefined
      : Buffer.from(id).toString('hex')
  }

  #reject(problem: Problem): void {
    this.rejectedCount++
    if (this.problems.length < problemsShownMax) this.problems.push(problem)
  }

  /** The fields of a frame may stand behind its items, so this waits for the end of the request. */
  #rejectInBadFrames(): void {
    const shown = new Set<Problem>()
    this.items = this.items.filter((item) => {
      const problem = frameProblem(item.frame)
      if (problem === undefined) return true
      this.rejectedCount++
      if (!shown.has(problem) && this.problems.length < problemsShownMax) {
        shown.add(problem)
        this.problems.push(problem)
      }
      return false
    })
  }
}

function frameProblem(frame: Frame): Problem | undefined {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    if (at.problem !== undefined) return at.problem
  }
  return undefined
}
