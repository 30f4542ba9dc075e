/** JSON Schema for the registry: all drafts, references, content models, and payloads as JSON text. */
import { assert } from '../../../base/assert.ts'
import { sortKeys } from '../exact-json.ts'
import type { ParsedSchema, SchemaFormat, SchemaSource } from '../schema-format.ts'
import { jsonIncompatibilities } from './json-rules.ts'
import { jsonValidator } from './json-validator.ts'
import { parseJsonSchema } from './parse-json-schema.ts'
import type { JsonDocument } from './parse-json-schema.ts'

interface JsonSchema extends ParsedSchema {
  readonly type: 'JSON'
  readonly document: JsonDocument
  readonly references: SchemaSource['references']
}

const documentOf = (schema: ParsedSchema): JsonDocument => {
  assert(schema.type === 'JSON', 'a schema is given to the format that parsed it')
  return (schema as JsonSchema).document
}

/** A schema reads what it wrote, whatever the rules can see of that: they have no word for all. */
function isSame(one: ParsedSchema, other: ParsedSchema): boolean {
  const textsOf = (schema: ParsedSchema): string => {
    const { normalized, references } = schema as JsonSchema
    return JSON.stringify([normalized, references.map(({ name, text }) => [name, text])])
  }
  return one.normalized === other.normalized && textsOf(one) === textsOf(other)
}

export const jsonFormat: SchemaFormat = {
  type: 'JSON',

  parse: (source) => {
    const outcome = parseJsonSchema(source)
    if (!outcome.ok) return outcome
    const { document } = outcome
    const title = typeof document.root === 'object' ? document.root['title'] : undefined
    const schema: JsonSchema = {
      type: 'JSON',
      document,
      references: source.references,
      canonical: JSON.stringify(document.json),
      normalized: JSON.stringify(sortKeys(document.json)),
      recordName: typeof title === 'string' ? title : undefined,
    }
    return { ok: true, schema }
  },

  incompatibilities: (reader, writer, options) =>
    isSame(reader, writer)
      ? []
      : jsonIncompatibilities(documentOf(reader), documentOf(writer), options),

  validator: (schema) => jsonValidator(documentOf(schema)),

  resolver: (reader) => jsonValidator(documentOf(reader)),

  formatted: () => undefined,
}
