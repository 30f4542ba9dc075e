/** A schema with what it refers to, made ready to hold payloads to it. */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type {
  NamedSchema,
  ParsedSchema,
  SchemaFormat,
  SchemaType,
  ValidatorOutcome,
} from '../../registry/schema/schema-format.ts'

/** As it travels to where records are checked. */
export interface SchemaText {
  readonly type: SchemaType
  readonly text: string
  /** Transitive ones too, dependencies first. */
  readonly references: readonly NamedSchema[]
}

export class UsableSchema {
  readonly #format: SchemaFormat
  readonly #parsed: ParsedSchema
  /** By message indexes; as many as the schema has messages. */
  readonly #validators = new Map<string, ValidatorOutcome>()

  constructor(format: SchemaFormat, parsed: ParsedSchema) {
    this.#format = format
    this.#parsed = parsed
  }

  get isProtobuf(): boolean {
    return this.#format.type === 'PROTOBUF'
  }

  /** @param indexes of a Protobuf message; other languages take none. */
  validator(indexes: readonly number[] = [0]): ValidatorOutcome {
    const isIndexed = this.isProtobuf
    const key = isIndexed ? indexes.join() : ''
    const known = this.#validators.get(key)
    if (known !== undefined) return known
    const made = isIndexed
      ? this.#format.validator(this.#parsed, indexes)
      : this.#format.validator(this.#parsed)
    // Indexes that lead nowhere are a producer's to make up.
    if (made.ok || !isIndexed) this.#validators.set(key, made)
    return made
  }
}

/** A text: why it cannot be used. */
export async function usableSchema(
  { type, text, references }: SchemaText,
  formats: SchemaFormats,
): Promise<UsableSchema | string> {
  const load = formats[type]
  if (load === undefined) return `there is no ${type}`
  const format = await load()
  const outcome = format.parse({ text, references }, { validateNew: false })
  return outcome.ok ? new UsableSchema(format, outcome.schema) : outcome.message
}
