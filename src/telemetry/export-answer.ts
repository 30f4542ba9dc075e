/**
 * What the receiver answers, as data, and its two encodings: the Export response for success and
 * google.rpc.Status for everything else (OTLP specification, "OTLP/HTTP Response").
 */
import type { Signal } from './signal.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

export type ContentType = 'application/x-protobuf' | 'application/json'

export type Answer =
  | {
      readonly status: 200
      /** Items refused for good; the others are durable. */
      readonly rejectedCount: number
      /** Why; '' only where nothing was refused and there is nothing to warn of. */
      readonly message: string
    }
  | {
      readonly status: 400 | 404 | 405 | 413 | 415 | 429 | 500 | 503
      readonly message: string
      /** Of bad data: the field with it, as a path. */
      readonly field?: string
    }

/** Messages are for people; the specification asks for less than 4 MiB in an answer. */
export const messageCharsMax = 4_096
const answerBytesMax = 1024 * 1024

/** google.rpc.Code of each status; OTLP does not use it, people do. */
const rpcCodes = {
  400: 3,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
} as const

const badRequestType = 'type.googleapis.com/google.rpc.BadRequest'

/** The body of `answer`. `signal` is undefined only where no success is possible. */
export function encodeAnswer(
  answer: Answer,
  signal: Signal | undefined,
  type: ContentType,
): Uint8Array {
  const value = clipped(answer)
  if (type === 'application/json') return Buffer.from(JSON.stringify(toJson(value, signal)))
  const writer = new ProtobufWriter(answerBytesMax)
  if (value.status === 200) writeSuccess(writer, value)
  else writeStatus(writer, value)
  return writer.bytes()
}

function clipped(answer: Answer): Answer {
  if (answer.message.length <= messageCharsMax) return answer
  return { ...answer, message: `${answer.message.slice(0, messageCharsMax - 1)}…`.toWellFormed() }
}

function toJson(answer: Answer, signal: Signal | undefined): object {
  const { message } = answer
  if (answer.status !== 200) {
    const status = { code: rpcCodes[answer.status], message }
    if (answer.field === undefined) return status
    const violation = { field: answer.field, description: message }
    return { ...status, details: [{ '@type': badRequestType, fieldViolations: [violation] }] }
  }
  if (message === '') return {}
  const rejected = { [signal?.rejectedName ?? '']: String(answer.rejectedCount) }
  const count = answer.rejectedCount === 0 ? {} : rejected
  return { partialSuccess: { ...count, errorMessage: message } }
}

function writeSuccess(writer: ProtobufWriter, answer: Answer & { status: 200 }): void {
  if (answer.message === '') return
  writeMessage(writer, 1, () => {
    if (answer.rejectedCount > 0) {
      writer.tag(1, 0)
      writer.varint(answer.rejectedCount)
    }
    writeText(writer, 2, answer.message)
  })
}

function writeStatus(writer: ProtobufWriter, answer: Exclude<Answer, { status: 200 }>): void {
  const { field, message } = answer
  writer.tag(1, 0)
  writer.varint(rpcCodes[answer.status])
  writeText(writer, 2, message)
  if (field === undefined) return
  writeMessage(writer, 3, () => {
    writeText(writer, 1, badRequestType)
    writeMessage(writer, 2, () => {
      writeMessage(writer, 1, () => {
        writeText(writer, 1, field)
        writeText(writer, 2, message)
      })
    })
  })
}

function writeMessage(writer: ProtobufWriter, number: number, content: () => void): void {
  writer.tag(number, 2)
  const start = writer.open()
  content()
  writer.close(start)
}

function writeText(writer: ProtobufWriter, number: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  writer.tag(number, 2)
  writer.varint(bytes.length)
  writer.raw(bytes)
}
