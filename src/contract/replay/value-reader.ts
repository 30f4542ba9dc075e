/**
 * Values through the eyes of the contract's schema: as they are, or, where each tells the schema
 * that wrote it, resolved from that schema into the contract's.
 */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type {
  ParsedSchema,
  PayloadValidator,
  SchemaFormat,
  SchemaType,
} from '../../registry/schema/schema-format.ts'
import { Failure } from '../../base/errors.ts'
import type { CheckedRecord, Violation } from '../check/record.ts'
import { readIndexes, readSchemaId, schemaIdText, type SchemaId } from '../check/schema-frame.ts'
import type { FindSchema, WriterSchema } from './writer-schemas.ts'

/** Who wrote a value, for the report. */
export type Writer = Pick<WriterSchema, 'id' | 'guid' | 'version'> & {
  /** Undefined where the registry does not have it. */
  readonly type: SchemaType | undefined
}

/** A value whose bytes are known to be of a schema, not yet read. */
export interface FramedValue {
  readonly writer: Writer | undefined
  readonly payload: Uint8Array
  /** Of the writer and message; the same object for the same ones. */
  readonly validator: PayloadValidator
  /** Header that tells the schema; undefined where the value does. */
  readonly schemaHeader: string | undefined
}

export type Framed =
  | FramedValue
  | { readonly writer: Writer | undefined; readonly violation: Violation }

/** Compiled readers that are kept; some hundred kilobytes each. */
const readersMax = 500
/** Schemas that are kept with their text. */
const schemasMax = 2_000
const schemaHeader = '__value_schema_id'

interface KnownSchema {
  readonly writer: Writer
  /** Undefined where the registry does not have it. */
  readonly parsed: ParsedSchema | undefined
  readonly fault: string
}

type Compiled = ReturnType<SchemaFormat['resolver']>

export class ValueReader {
  readonly #format: SchemaFormat
  readonly #schema: ParsedSchema
  readonly #find: FindSchema
  readonly #own: PayloadValidator
  /** Of Protobuf: the message that the contract is about, the first of its file. */
  readonly #messageName: string | undefined
  /** By id or GUID, in the order of use. */
  readonly #schemas = new Map<string, KnownSchema>()
  /** By schema and message, in the order of use. */
  readonly #readers = new Map<string, Compiled>()

  private constructor(
    format: SchemaFormat,
    schema: ParsedSchema,
    own: Extract<Compiled, { ok: true }>,
    find: FindSchema,
  ) {
    this.#format = format
    this.#schema = schema
    this.#own = own.validator
    this.#messageName = own.messageName
    this.#find = find
  }

  /** @throws Failure 'invalid': the contract's schema cannot be used. */
  static async open(
    { type, text }: { readonly type: SchemaType; readonly text: string },
    formats: SchemaFormats,
    find: FindSchema,
  ): Promise<ValueReader> {
    const load = formats[type]
    if (load === undefined) throw new Failure('invalid', `there are no schemas of type ${type}`)
    const format = await load()
    const parsed = format.parse({ text, references: [] })
    if (!parsed.ok) throw new Failure('invalid', `the contract’s schema: ${parsed.message}`)
    const made = format.validator(parsed.schema)
    if (!made.ok) throw new Failure('invalid', `the contract’s schema: ${made.message}`)
    return new ValueReader(format, parsed.schema, made, find)
  }

  /** Of values that do not tell their schema. */
  get validator(): PayloadValidator {
    return this.#own
  }

  /**
   * Which schema wrote the value, and how it is read.
   *
   * @throws Failure as FindSchema.
   */
  async framed(record: CheckedRecord, value: Uint8Array): Promise<Framed> {
    const read = readSchemaId('value', value, record.headers)
    if ('violation' in read) return { writer: undefined, violation: read.violation }
    const known = await this.#schemaOf(read.schema)
    const { writer, parsed, fault } = known
    if (parsed === undefined) return { writer, violation: violationOf('schema-id', fault) }
    const isProtobuf = parsed.type === 'PROTOBUF'
    const indexed = readIndexes('value', read, isProtobuf)
    if ('violation' in indexed) return { writer, violation: indexed.violation }
    const indexes = isProtobuf ? indexed.indexes : undefined
    const compiled = this.#readerOf(keyOf(read.schema), parsed, indexes)
    if (!compiled.ok) return { writer, violation: violationOf('schema', compiled.message) }
    const { validator, messageName } = compiled
    if (messageName !== this.#messageName) {
      const text = `the message is ${messageName}, and ${this.#messageName} is agreed on`
      return { writer, violation: violationOf('schema', text) }
    }
    const where = read.bare === undefined ? undefined : schemaHeader
    return { writer, payload: indexed.payload, validator, schemaHeader: where }
  }

  async #schemaOf(schema: SchemaId): Promise<KnownSchema> {
    const key = keyOf(schema)
    const known = this.#schemas.get(key) ?? (await this.#ask(schema))
    remember(this.#schemas, key, known, schemasMax)
    return known
  }

  async #ask(schema: SchemaId): Promise<KnownSchema> {
    const found = await this.#find(schema)
    if (found === undefined) {
      const id = schema.kind === 'id' ? schema.id : undefined
      const guid = schema.kind === 'guid' ? schema.guid : undefined
      const writer = { id, guid, version: undefined, type: undefined }
      const told = schemaIdText(schema)
      const fault = `the registry has no schema of ${told}: nobody can tell what was written`
      return { writer, parsed: undefined, fault }
    }
    const { id, guid, version, type, text, references } = found
    const writer = { id, guid, version, type }
    if (type !== this.#schema.type) {
      const fault = `written with a schema of type ${type}: the contract’s is ${this.#schema.type}`
      return { writer, parsed: undefined, fault }
    }
    const parsed = this.#format.parse({ text, references }, { validateNew: false })
    if (parsed.ok) return { writer, parsed: parsed.schema, fault: '' }
    return { writer, parsed: undefined, fault: `the writer’s schema: ${parsed.message}` }
  }

  #readerOf(schema: string, parsed: ParsedSchema, indexes?: readonly number[]): Compiled {
    const key = indexes === undefined ? schema : `${schema}:${indexes.join('.')}`
    const compiled = this.#readers.get(key) ?? this.#format.resolver(this.#schema, parsed, indexes)
    remember(this.#readers, key, compiled, readersMax)
    return compiled
  }
}

const keyOf = (schema: SchemaId): string => (schema.kind === 'id' ? String(schema.id) : schema.guid)

const violationOf = (rule: string, message: string): Violation => ({ rule, at: '', message })

/** As the newest; the oldest goes where there are too many. */
function remember<Value>(kept: Map<string, Value>, key: string, value: Value, max: number): void {
  kept.delete(key)
  kept.set(key, value)
  for (const oldest of kept.keys()) {
    if (kept.size <= max) break
    kept.delete(oldest)
  }
}
