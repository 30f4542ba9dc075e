/**
 * Which types of a writer a reader's types stand for ("Schema Resolution", specification 1.12): one
 * answer for the rules that compare schemas and for the reader that resolves values.
 */
import { numberOf } from '../exact-json.ts'
import { isNamed, unqualified } from './avro-type.ts'
import type { AvroField, AvroNamed, AvroPrimitive, AvroRecord, AvroType } from './avro-type.ts'

/** Which kinds of the writer a reader of another kind takes ("promotion"). */
const promotions: Readonly<Partial<Record<AvroType['kind'], readonly AvroPrimitive[]>>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
}

export const isPromoted = (reader: AvroType, writer: AvroType): boolean =>
  promotions[reader.kind]?.some((kind) => kind === writer.kind) === true

/** Namespaces do not count, and the reader may know the writer's name as an alias. */
export const namesMatch = (reader: AvroNamed, writer: AvroNamed): boolean =>
  unqualified(reader.name) === unqualified(writer.name) || reader.aliases.includes(writer.name)

/**
 * The writer's field for each of the reader's that has one: by name first, then by the reader's
 * aliases for what no name has taken.
 */
export function fieldSources(
  reader: AvroRecord,
  writer: AvroRecord,
): ReadonlyMap<AvroField, AvroField> {
  const free = new Map(writer.fields.map((field) => [field.name, field]))
  const sources = new Map<AvroField, AvroField>()
  const take = (field: AvroField, name: string): void => {
    const source = free.get(name)
    if (source === undefined || sources.has(field)) return
    sources.set(field, source)
    free.delete(name)
  }
  for (const field of reader.fields) take(field, field.name)
  for (const field of reader.fields) for (const alias of field.aliases) take(field, alias)
  return sources
}

/** Undefined for what is no decimal; the scale is 0 where none is said. */
export function decimalScale(type: AvroType): number | undefined {
  if (type.kind === 'union' || type.props.get('logicalType') !== 'decimal') return undefined
  return numberOf(type.props.get('scale') ?? 0)
}

/** True where both are decimals, and one amount would be taken for another. */
export function scalesDiffer(reader: AvroType, writer: AvroType): boolean {
  const [read, written] = [decimalScale(reader), decimalScale(writer)]
  return read !== undefined && written !== undefined && read !== written
}

/** As messages name a type. */
export const typeText = (type: AvroType): string => {
  if (type.kind === 'union') return `[${type.branches.map(typeText).join(', ')}]`
  return isNamed(type) ? `${type.kind} ${type.name}` : type.kind
}
