/** An Avro schema as types that refer to each other: names resolved, namespaces applied. */
import type { Json } from '../exact-json.ts'

export const avroPrimitives = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
] as const
export type AvroPrimitive = (typeof avroPrimitives)[number]

/** Attributes that Avro does not know, in the order given: logical types, tags, anything. */
export type AvroProps = ReadonlyMap<string, Json>

interface Attributed {
  readonly props: AvroProps
}

/** Names are full names; aliases too. */
interface Named extends Attributed {
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc: Json | undefined
}

export interface AvroPrimitiveType extends Attributed {
  readonly kind: AvroPrimitive
}
export interface AvroArray extends Attributed {
  readonly kind: 'array'
  readonly items: AvroType
}
export interface AvroMap extends Attributed {
  readonly kind: 'map'
  readonly values: AvroType
}
export interface AvroUnion {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}
export interface AvroFixed extends Named {
  readonly kind: 'fixed'
  readonly size: number
}
export interface AvroEnum extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}
export interface AvroField extends Attributed {
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc: Json | undefined
  readonly type: AvroType
  /** Undefined where there is none; a default of null is null. */
  readonly default: Json | undefined
  readonly order: 'ascending' | 'descending' | 'ignore'
}
export interface AvroRecord extends Named {
  readonly kind: 'record'
  readonly isError: boolean
  /** Empty until the record is read to its end, for it may name itself. */
  fields: readonly AvroField[]
}

export type AvroNamed = AvroRecord | AvroEnum | AvroFixed
export type AvroType = AvroPrimitiveType | AvroArray | AvroMap | AvroUnion | AvroNamed

export const isNamed = (type: AvroType): type is AvroNamed =>
  type.kind === 'record' || type.kind === 'enum' || type.kind === 'fixed'

/** `a.b.C` is C to whoever compares without namespaces. */
export const unqualified = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

export const namespaceOf = (name: string): string =>
  name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
