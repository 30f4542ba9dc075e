/**
 * What the registry asks of a schema language. One object of this shape per language, all of them
 * pure.
 */

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

/** A reference, resolved: the name it has in the schema that refers to it, and the text behind it. */
export interface NamedSchema {
  readonly name: string
  readonly text: string
}

export interface SchemaSource {
  readonly text: string
  /** Transitive ones too, dependencies first. */
  readonly references: readonly NamedSchema[]
}

/** A schema that was understood. Each format keeps its own model in it, and reads only its own. */
export interface ParsedSchema {
  readonly type: SchemaType
  /**
   * What is stored and compared. Avro and JSON Schema: the JSON as given, without insignificant
   * white space. Protobuf: printed from what was parsed, in the order given and without comments,
   * so that a text and the serialized descriptor of the same file are one schema.
   */
  readonly canonical: string
  /** For `normalize=true`: two texts that mean the same become one. */
  readonly normalized: string
  /** Fully qualified name of the record or of the first message; the title of a JSON Schema. */
  readonly recordName: string | undefined
}

export interface ParseOptions {
  /**
   * True for a schema that someone registers now: defaults must fit their types. False for one that
   * is already stored, which is never refused for a rule that came later. Default: true.
   */
  readonly validateNew?: boolean
}

/** `message` says what is wrong, where, and what to do. */
export type ParseOutcome =
  | { readonly ok: true; readonly schema: ParsedSchema }
  | { readonly ok: false; readonly message: string }

/** A change that makes data of the writer unreadable for the reader. */
export interface Incompatibility {
  /** Closed per format, with the names that clients of other registries know. */
  readonly rule: string
  /**
   * Where in the reader's schema: a JSON pointer for Avro and JSON, `#/message/number` for
   * Protobuf.
   */
  readonly path: string
  /** What breaks, and for whom. */
  readonly message: string
}

/** The rule where a comparison is given up. */
export const tooComplexRule = 'SCHEMA_TOO_COMPLEX'

/**
 * `lenient` lets a JSON Schema add and remove optional properties as if every object said what it
 * allows. It means nothing to the other formats.
 */
export interface CompatibilityOptions {
  readonly policy: 'strict' | 'lenient'
  /** Given up early, as too complex: to be asked again where nobody waits for the thread. */
  readonly isBrief?: boolean
}

/** `at` is a JSON pointer into the value; empty for the value itself. */
export type PayloadVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly at: string; readonly message: string }

export type PayloadValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly at: string; readonly message: string }

/** Of one schema; made once, used often. Never throws, and ends within named limits. */
export interface PayloadValidator {
  /** Parts of the schema that are not checked, one sentence each. Empty for nearly all schemas. */
  readonly unchecked: readonly string[]
  /** `payload` is what follows the prefix of the wire format: id and message indexes are not in it. */
  check: (payload: Uint8Array) => PayloadVerdict
  /**
   * The payload as plain values, as rules and governance see it: null, boolean, number, bigint for
   * what is 64 bits wide, string, Uint8Array, array, object without prototype. Checked as by
   * `check`.
   */
  toValue: (payload: Uint8Array) => PayloadValue
}

export type ValidatorOutcome =
  | {
      readonly ok: true
      readonly validator: PayloadValidator
      /** Of Protobuf: the full name of the message that was chosen. */
      readonly messageName?: string
    }
  | { readonly ok: false; readonly message: string }

export interface SchemaFormat {
  readonly type: SchemaType
  parse: (source: SchemaSource, options?: ParseOptions) => ParseOutcome
  /** Empty where data written with `writer` can be read with `reader`. Both are of this format. */
  incompatibilities: (
    reader: ParsedSchema,
    writer: ParsedSchema,
    options: CompatibilityOptions,
  ) => readonly Incompatibility[]
  /**
   * `indexes` choose the message of a Protobuf file, outermost first, and default to the first one;
   * other formats take none. Not ok where the indexes lead nowhere.
   */
  validator: (schema: ParsedSchema, indexes?: readonly number[]) => ValidatorOutcome
  /**
   * Reads payloads of `writer` as values of `reader`, as a consumer does that has only the newest
   * schema: Avro by schema resolution, Protobuf as the reader's message of the same name, JSON by
   * what the reader's schema allows. `indexes` choose the writer's message. Not ok where no payload
   * could be read; else each payload tells.
   */
  resolver: (
    reader: ParsedSchema,
    writer: ParsedSchema,
    indexes?: readonly number[],
  ) => ValidatorOutcome
  /**
   * The schema in another notation that clients ask for by name (`?format=`), in small letters:
   * `resolved` for Avro, `serialized` and `ignore_extensions` for Protobuf. Undefined where the
   * name is not known: then `canonical` is the answer.
   */
  formatted: (schema: ParsedSchema, format: string) => string | undefined
}
