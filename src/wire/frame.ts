/**
 * Frames: a size, a header and a message. The header's version follows from the API's: flexible
 * ones end with tags.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { structCodec } from './codec.ts'
import { Malformed } from './malformed.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'
import type { Message } from './message.ts'

/** ApiVersions is asked before versions are known: its response header is never flexible (KIP-511). */
const apiVersionsKey = 18

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** Never compact, in no version. */
  readonly clientId: string | null
}

/** The part of an API that framing looks at. */
export interface Framed {
  readonly key: number
  readonly flexibleFrom: number | undefined
}

interface Requested<Input> extends Framed {
  readonly request: Pick<Message<unknown, Input>, 'write'>
}

interface Answered<Input> extends Framed {
  readonly response: Pick<Message<unknown, Input>, 'write'>
}

const tags = structCodec({}, { number: 0, flexible: true })

/**
 * Reads the header of a request frame (without its size). `find` gives the API of a key, to know
 * whether tagged fields follow; where it knows none, `bodyAt` is where the header of version 1
 * ends.
 *
 * @throws Failure 'corrupt': the header is cut short or malformed.
 */
export function decodeRequestHeader(
  frame: Uint8Array,
  find: (apiKey: number) => Framed | undefined,
): { readonly header: RequestHeader; readonly bodyAt: number } {
  const reader = new Reader(frame)
  return orCorrupt('request header', reader, () => {
    const apiKey = reader.int16()
    const apiVersion = reader.int16()
    const correlationId = reader.int32()
    const size = reader.int16()
    if (size < -1) throw new Malformed(`has a client id of ${size} bytes`)
    const clientId = size === -1 ? null : reader.text(size)
    const found = find(apiKey)
    if (found !== undefined && isFlexible(found, apiVersion)) tags.read(reader)
    return { header: { apiKey, apiVersion, correlationId, clientId }, bodyAt: reader.at }
  })
}

/**
 * Reads the header of a response frame (without its size).
 *
 * @throws Failure 'corrupt': the header is cut short or malformed.
 */
export function decodeResponseHeader(
  frame: Uint8Array,
  api: Framed,
  apiVersion: number,
): { readonly correlationId: number; readonly bodyAt: number } {
  const reader = new Reader(frame)
  return orCorrupt('response header', reader, () => {
    const correlationId = reader.int32()
    if (hasResponseTags(api, apiVersion)) tags.read(reader)
    return { correlationId, bodyAt: reader.at }
  })
}

/**
 * A whole request frame with its size, as chunks to be sent in order.
 *
 * @throws Failure 'invalid': see Message.encode.
 */
export function encodeRequest<Input>(
  api: Requested<Input>,
  header: Omit<RequestHeader, 'apiKey'>,
  body: Input,
): Uint8Array[] {
  const writer = new Writer()
  const size = writer.hole(4)
  writer.int16(api.key)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  const id = header.clientId
  const idBytes = id === null ? -1 : Buffer.byteLength(id)
  assert(idBytes <= 0x7fff, 'a client id has at most 32,767 bytes')
  writer.int16(idBytes)
  if (id !== null) writer.text(id, idBytes)
  if (isFlexible(api, header.apiVersion)) writer.varint(0)
  api.request.write(header.apiVersion, body, writer)
  size.writeInt32BE(writer.length - 4)
  return writer.finish()
}

/**
 * A whole response frame with its size, as chunks to be sent in order.
 *
 * @throws Failure 'invalid': see Message.encode.
 */
export function encodeResponse<Input>(
  api: Answered<Input>,
  apiVersion: number,
  correlationId: number,
  body: Input,
): Uint8Array[] {
  const writer = new Writer()
  const size = writer.hole(4)
  writer.int32(correlationId)
  if (hasResponseTags(api, apiVersion)) writer.varint(0)
  api.response.write(apiVersion, body, writer)
  size.writeInt32BE(writer.length - 4)
  return writer.finish()
}

function isFlexible(api: Framed, version: number): boolean {
  return api.flexibleFrom !== undefined && version >= api.flexibleFrom
}

function hasResponseTags(api: Framed, version: number): boolean {
  return api.key !== apiVersionsKey && isFlexible(api, version)
}

function orCorrupt<T>(what: string, reader: Reader, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new Failure('corrupt', `${what}, byte ${reader.at}: ${error.message}`, error)
  }
}
