/**
 * A message ready for use, and an API: the request and response that share a key and their
 * versions.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { structCodec } from './codec.ts'
import { Malformed } from './malformed.ts'
import { holds } from './notation.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'
import type { Codec } from './codec.ts'
import type { Fields, InputOf, Range, ValueOf } from './notation.ts'

export interface Message<Value, Input> {
  readonly name: string
  readonly versions: Range
  /** The first flexible version (KIP-482), if there is one. */
  readonly flexibleFrom: number | undefined
  readonly fields: Fields
  /**
   * Reads a message that begins at `at`. Bytes and records are views of `bytes`. Bytes behind the
   * message are ignored, as Kafka does: some clients send them.
   *
   * @throws Failure 'corrupt': says which message, version, field and byte.
   */
  decode(version: number, bytes: Uint8Array, at?: number): Value
  /**
   * The message as chunks, to be sent in order; large bytes and records are passed on by reference.
   *
   * @throws Failure 'invalid': a value does not fit its type, or this version cannot carry it.
   */
  encode(version: number, value: Input): Uint8Array[]
  /** As `encode`, into a writer that may hold a header already. */
  write(version: number, value: Input, writer: Writer): void
}

/** Any message, for tables: what it decodes to and what it takes is not known. */
export type AnyMessage = Message<object, never>

export interface MessageDefinition {
  readonly name: string
  /** Lowest and highest version that are read and written. */
  readonly versions: readonly [number, number]
  readonly flexibleFrom?: number
  readonly fields: Fields
}

/** Makes a definition usable. Versions are compiled at first use, so that start-up pays for nothing. */
export function message<const D extends MessageDefinition>(
  definition: D,
): Message<ValueOf<D['fields']>, InputOf<D['fields']>> {
  const { name, fields, flexibleFrom } = definition
  const versions: Range = { min: definition.versions[0], max: definition.versions[1] }
  const compiled: (Codec | undefined)[] = []

  function codec(version: number): Codec {
    const known = compiled[version]
    if (known !== undefined) return known
    assert(holds(versions, version), `${name} v${version} is a version that the caller has checked`)
    const flexible = flexibleFrom !== undefined && version >= flexibleFrom
    return (compiled[version] = structCodec(fields, { number: version, flexible }))
  }

  function write(version: number, value: unknown, writer: Writer): void {
    const whole = codec(version)
    try {
      whole.write(writer, value)
    } catch (error) {
      throw explain(error, 'invalid', `${name} v${version}`, writer.length)
    }
  }

  return {
    name,
    versions,
    flexibleFrom,
    fields,
    write,
    decode(version, bytes, at = 0) {
      const reader = new Reader(bytes, at)
      const whole = codec(version)
      try {
        return whole.read(reader) as ValueOf<D['fields']>
      } catch (error) {
        throw explain(error, 'corrupt', `${name} v${version}`, reader.at)
      }
    },
    encode(version, value) {
      const writer = new Writer()
      write(version, value, writer)
      return writer.finish()
    },
  }
}

function explain(error: unknown, kind: 'corrupt' | 'invalid', what: string, at: number): unknown {
  if (!(error instanceof Malformed)) return error
  const field = error.path === '' ? '' : `, field ${error.path}`
  return new Failure(kind, `${what}${field}, byte ${at}: ${error.message}`, error)
}

export interface ApiDefinition {
  readonly key: number
  readonly name: string
  readonly versions: readonly [number, number]
  readonly flexibleFrom?: number
  /** Told to clients as the lowest version where that differs from what is read. */
  readonly advertisedMin?: number
  readonly request: Fields
  readonly response: Fields
}

export interface Api<D extends ApiDefinition> {
  readonly key: D['key']
  readonly name: D['name']
  readonly versions: Range
  readonly advertised: Range
  readonly flexibleFrom: number | undefined
  readonly request: Message<ValueOf<D['request']>, InputOf<D['request']>>
  readonly response: Message<ValueOf<D['response']>, InputOf<D['response']>>
}

/** Any API, for tables. */
export interface AnyApi {
  readonly key: number
  readonly name: string
  readonly versions: Range
  readonly advertised: Range
  readonly flexibleFrom: number | undefined
  readonly request: AnyMessage
  readonly response: AnyMessage
}

export type RequestOf<D extends ApiDefinition> = ValueOf<D['request']>
export type ResponseOf<D extends ApiDefinition> = ValueOf<D['response']>
/** What a response is encoded from: a handler leaves out what has a default. */
export type ReplyOf<D extends ApiDefinition> = InputOf<D['response']>

/** Makes both messages of an API usable. */
export function api<const D extends ApiDefinition>(definition: D): Api<D> {
  const { key, name, versions, flexibleFrom, advertisedMin = versions[0] } = definition
  const shared = { versions, ...(flexibleFrom === undefined ? {} : { flexibleFrom }) }
  const request = message({ ...shared, name: `${name}Request`, fields: definition.request })
  const response = message({ ...shared, name: `${name}Response`, fields: definition.response })
  return {
    key,
    name,
    versions: request.versions,
    advertised: { min: advertisedMin, max: versions[1] },
    flexibleFrom,
    request,
    response,
  }
}
