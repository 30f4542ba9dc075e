/**
 * Our notation for Kafka's messages: one literal gives the type, the encoder and the decoder of
 * every version.
 *
 * A message is an object of fields in wire order. A field is a spec, or, where it is a struct, an
 * object of fields whose own spec stands under `_`:
 *
 *     request: {
 *       transactionalId: 'string? = null',
 *       acks: 'int16',
 *       topicData: {
 *         _: 'struct[]',
 *         name: 'string 3-12 ignorable',
 *         topicId: 'uuid 13+ ignorable',
 *         partitionData: { _: 'struct[]', index: 'int32', records: 'records?' },
 *       },
 *     }
 *
 * A spec reads `type[?nullableVersions] [versions] [tag n] [= default] [ignorable]`:
 *
 * - `type` is a name of `Scalars` or `struct`, with `[]` behind it for an array of it.
 * - `?` lets it be null; `?7+` or `?2-7` from or within these versions only.
 * - `versions` (`7+`, `0-12`, `4`) says where the field is on the wire. Without it: wherever its
 *   parent is. A field that is absent decodes to its default. Encoding another value for it fails,
 *   unless it is `ignorable`.
 * - `tag n` makes it a tagged field of flexible versions (KIP-482): sent only where it differs from
 *   its default.
 * - `= x` is the default: a number, true, false or null. Without it: 0, false, '', no bytes, no
 *   items, or a struct of defaults.
 *
 * A spec with anything behind its type is optional to the encoder, the others must be given. From
 * `flexibleFrom` on, lengths are compact and structs end with tagged fields; that is the message's
 * property, not the fields'. All this is read at first use: loading a message costs one object
 * literal, and no type needs to be written twice.
 */
import { assert } from '../base/assert.ts'

/** What each type of the wire is in memory. */
export interface Scalars {
  boolean: boolean
  int8: number
  int16: number
  uint16: number
  int32: number
  uint32: number
  /** Beyond the safe range it is clamped to ±Number.MAX_SAFE_INTEGER: comparisons stay right. */
  int64: number
  float64: number
  /** 22 characters of base64url, as Kafka prints them. */
  uuid: string
  /** UTF-8; what is not UTF-8 decodes to U+FFFD, as in Java. */
  string: string
  /** A view of the frame: copy what is kept beyond the frame. */
  bytes: Uint8Array
  /**
   * A view of the frame. The encoder also takes a list of chunks and sends them as one, without a
   * copy.
   */
  records: Uint8Array
}

type TypeName = keyof Scalars | 'struct'
type Head = TypeName | `${TypeName}[]` | `${TypeName}?${string}` | `${TypeName}[]?${string}`
export type Spec = Head | `${Head} ${string}`

/** The fields of a message, in wire order. */
export interface Fields {
  readonly [name: string]: Spec | Struct
}

/** The fields of a struct, in wire order, behind the spec of the struct itself. */
export interface Struct {
  readonly _: Spec
  readonly [name: string]: Spec | Struct
}

type HeadOf<S extends string> = S extends `${infer H} ${string}` ? H : S
type Shape<H extends string, Item> = H extends `${string}[]?${string}`
  ? readonly Item[] | null
  : H extends `${string}[]`
    ? readonly Item[]
    : H extends `${string}?${string}`
      ? Item | null
      : Item
type NameOf<H extends string> = H extends `${infer N}[]${string}`
  ? N
  : H extends `${infer N}?${string}`
    ? N
    : H
type Scalar<H extends string, All> = NameOf<H> extends keyof All ? Shape<H, All[NameOf<H>]> : never

/** What decoding gives: every field, whatever the version. */
export type ValueOf<F> = {
  readonly [N in keyof F as N extends '_' ? never : N]: Value<F[N]>
}
type Value<E> = E extends { readonly _: infer S extends string }
  ? Shape<HeadOf<S>, ValueOf<E>>
  : E extends string
    ? Scalar<HeadOf<E>, Scalars>
    : never

/**
 * What encoding takes: fields with a default or with versions may be left out. Every `ValueOf` is
 * one, too.
 */
export type InputOf<F> = {
  readonly [N in keyof F as N extends '_' ? never : F[N] extends Optional ? never : N]: Input<F[N]>
} & {
  readonly [N in keyof F as N extends '_' ? never : F[N] extends Optional ? N : never]?:
    | Input<F[N]>
    | undefined
}
type Optional = `${string} ${string}` | { readonly _: `${string} ${string}` }
type Input<E> = E extends { readonly _: infer S extends string }
  ? Shape<HeadOf<S>, InputOf<E>>
  : E extends string
    ? Scalar<HeadOf<E>, Inputs>
    : never
interface Inputs extends Omit<Scalars, 'records'> {
  readonly records: Uint8Array | readonly Uint8Array[]
}

/** Versions, both ends included. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** A spec, read. */
export interface Field {
  readonly name: string
  readonly type: TypeName
  readonly array: boolean
  readonly nullable: Range | undefined
  readonly versions: Range
  readonly tag: number | undefined
  readonly default: number | boolean | null | undefined
  /** Without `default`, versions or tag: the encoder insists on a value. */
  readonly required: boolean
  readonly ignorable: boolean
  /** With its fields, if it is one. */
  readonly struct: Struct | undefined
}

const grammar = new RegExp(
  [
    /^(?<type>[a-z]+\d*)(?<array>\[\])?/,
    /(?:(?<nullable>\?)(?<nullVersions>\d[\d+-]*)?)?/,
    /(?: (?<versions>\d[\d+-]*))?/,
    /(?: tag (?<tag>\d+))?/,
    /(?: = (?<default>\S+))?/,
    /(?<ignorable> ignorable)?$/,
  ]
    .map(({ source }) => source)
    .join(''),
)
const everywhere: Range = { min: 0, max: Infinity }

/** Reads one entry of `Fields`. */
export function parseField(name: string, entry: Spec | Struct): Field {
  const spec = typeof entry === 'string' ? entry : entry._
  const groups = grammar.exec(spec)?.groups
  assert(groups !== undefined, `field ${name}: '${spec}' follows the notation`)
  const struct = typeof entry === 'string' ? undefined : entry
  assert((groups['type'] === 'struct') === (struct !== undefined), `${name}: structs have fields`)
  return {
    name,
    type: groups['type'] as TypeName,
    array: groups['array'] !== undefined,
    nullable: groups['nullable'] === undefined ? undefined : parseRange(groups['nullVersions']),
    versions: parseRange(groups['versions']),
    tag: groups['tag'] === undefined ? undefined : Number(groups['tag']),
    default: parseDefault(groups['default']),
    required: !spec.includes(' '),
    ignorable: groups['ignorable'] !== undefined,
    struct,
  }
}

function parseRange(text: string | undefined): Range {
  if (text === undefined) return everywhere
  if (text.endsWith('+')) return { min: Number.parseInt(text, 10), max: Infinity }
  const [min = NaN, max = min] = text.split('-').map(Number)
  assert(min <= max, `'${text}' is a range of versions`)
  return { min, max }
}

function parseDefault(text: string | undefined): Field['default'] {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isNaN(number)) return Math.min(number, Number.MAX_SAFE_INTEGER)
  const value = JSON.parse(text) as unknown
  assert(value === null || typeof value === 'boolean', `'${text}' is a default`)
  return value
}

/** True where the range holds the version; a missing range holds none. */
export function holds(range: Range | undefined, version: number): boolean {
  return range !== undefined && version >= range.min && version <= range.max
}
