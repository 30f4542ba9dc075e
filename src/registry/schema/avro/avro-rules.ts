/**
 * Which data a reader cannot read: the rules of "Schema Resolution" (specification 1.12), asked of
 * two schemas instead of a schema and bytes. Names of rules are those of Avro's
 * SchemaCompatibility.
 */
import type { Incompatibility } from '../schema-format.ts'
import { judgePairs } from '../pair-memo.ts'
import type { PairMemo } from '../pair-memo.ts'
import {
  decimalScale,
  fieldSources,
  isPromoted,
  namesMatch,
  scalesDiffer,
  typeText,
} from './avro-match.ts'
import { isNamed } from './avro-type.ts'
import type {
  AvroEnum,
  AvroField,
  AvroFixed,
  AvroNamed,
  AvroRecord,
  AvroType,
  AvroUnion,
} from './avro-type.ts'

export type AvroRule =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH'
  // Of the specification, under "Decimal"; SchemaCompatibility does not ask.
  | 'DECIMAL_SCALE_MISMATCH'

export function avroIncompatibilities(
  reader: AvroType,
  writer: AvroType,
): readonly Incompatibility[] {
  return judgePairs((memo) => new AvroResolution(memo).pair(reader, writer, ''))
}

class AvroResolution {
  readonly #memo: PairMemo

  constructor(memo: PairMemo) {
    this.#memo = memo
  }

  pair(reader: AvroType, writer: AvroType, at: string): readonly Incompatibility[] {
    if (!isNamed(reader) && reader.kind !== 'union') return this.#judge(reader, writer, at)
    return this.#memo.judge(reader, writer, () => this.#judge(reader, writer, at))
  }

  #judge(reader: AvroType, writer: AvroType, at: string): readonly Incompatibility[] {
    if (writer.kind === 'union')
      return reader.kind === 'union'
        ? writer.branches.flatMap((branch, index) => this.#intoUnion(reader, branch, at, index))
        : writer.branches.flatMap((branch) => this.pair(reader, branch, at))
    if (reader.kind === 'union') return this.#intoUnion(reader, writer, at)
    if (reader.kind === 'array' && writer.kind === 'array')
      return this.pair(reader.items, writer.items, `${at}/items`)
    if (reader.kind === 'map' && writer.kind === 'map')
      return this.pair(reader.values, writer.values, `${at}/values`)
    if (reader.kind === 'record' && writer.kind === 'record')
      return [...nameMismatch(reader, writer, at), ...this.#fields(reader, writer, at)]
    if (reader.kind === 'enum' && writer.kind === 'enum')
      return [...nameMismatch(reader, writer, at), ...missingSymbols(reader, writer, at)]
    if (reader.kind === 'fixed' && writer.kind === 'fixed')
      return [
        ...nameMismatch(reader, writer, at),
        ...sizeMismatch(reader, writer, at),
        ...scaleMismatch(reader, writer, at),
      ]
    if (reader.kind === writer.kind) return scaleMismatch(reader, writer, at)
    return typeMismatch(reader, writer, at)
  }

  /** One branch that reads all of it is enough; which one is the reader's business. */
  #intoUnion(
    reader: AvroUnion,
    writer: AvroType,
    at: string,
    branch?: number,
  ): readonly Incompatibility[] {
    const readable = reader.branches.some(
      (each) => mayRead(each, writer) && this.pair(each, writer, at).length === 0,
    )
    if (readable) return []
    const of = branch === undefined ? '' : ` (branch ${branch} of the writer's union)`
    return breach(
      'MISSING_UNION_BRANCH',
      branch === undefined ? at : `${at}/${branch}`,
      `the reader's union ${typeText(reader)} has no branch for the writer's ` +
        `${typeText(writer)}${of}: such values cannot be read`,
    )
  }

  #fields(reader: AvroRecord, writer: AvroRecord, at: string): readonly Incompatibility[] {
    const sources = fieldSources(reader, writer)
    return reader.fields.flatMap((field, index) => {
      const here = `${at}/fields/${index}`
      const source = sources.get(field)
      if (source !== undefined) return this.pair(field.type, source.type, `${here}/type`)
      return missingDefault(field, reader, here)
    })
  }
}

/** Most branches of a large union are told apart by their names alone. */
const mayRead = (reader: AvroType, writer: AvroType): boolean =>
  !isNamed(reader) || (isNamed(writer) && writer.kind === reader.kind && namesMatch(reader, writer))

const breach = (rule: AvroRule, path: string, message: string): readonly Incompatibility[] => [
  { rule, path: path === '' ? '/' : path, message },
]

function nameMismatch(reader: AvroNamed, writer: AvroNamed, at: string) {
  if (namesMatch(reader, writer)) return []
  return breach(
    'NAME_MISMATCH',
    `${at}/name`,
    `data was written as ${writer.name}, and the reader expects ${reader.name}: ` +
      `keep the name, or add ${writer.name} to its aliases`,
  )
}

function missingDefault(field: AvroField, reader: AvroRecord, at: string) {
  if (field.default !== undefined) return []
  return breach(
    'READER_FIELD_MISSING_DEFAULT_VALUE',
    at,
    `the reader wants ${field.name} of ${reader.name}, data written without it has ` +
      'none, and there is no default: give it one',
  )
}

function missingSymbols(reader: AvroEnum, writer: AvroEnum, at: string) {
  if (reader.default !== undefined) return []
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol))
  if (missing.length === 0) return []
  return breach(
    'MISSING_ENUM_SYMBOLS',
    `${at}/symbols`,
    `readers of ${reader.name} fail on the symbols ${missing.join(', ')}: keep ` +
      'them, or give the enum a default',
  )
}

function sizeMismatch(reader: AvroFixed, writer: AvroFixed, at: string) {
  if (reader.size === writer.size) return []
  return breach(
    'FIXED_SIZE_MISMATCH',
    `${at}/size`,
    `${writer.name} was written with ${writer.size} bytes, and the reader wants ${reader.size}`,
  )
}

function scaleMismatch(reader: AvroType, writer: AvroType, at: string) {
  if (!scalesDiffer(reader, writer)) return []
  const [read, written] = [decimalScale(reader), decimalScale(writer)]
  return breach(
    'DECIMAL_SCALE_MISMATCH',
    `${at}/scale`,
    `decimals were written with ${written} digits after the point, and a reader ` +
      `with ${read} would take each for another amount: add a field instead`,
  )
}

function typeMismatch(reader: AvroType, writer: AvroType, at: string) {
  if (isPromoted(reader, writer)) return []
  return breach(
    'TYPE_MISMATCH',
    at,
    `data was written as ${typeText(writer)}, which a reader of ${typeText(reader)} cannot read`,
  )
}
