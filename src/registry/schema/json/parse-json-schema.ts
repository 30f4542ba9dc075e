/** Reads a JSON Schema of any draft: well-formed after its meta-schema, and all references found. */
import { readJson } from '../exact-json.ts'
import type { Json } from '../exact-json.ts'
import type { SchemaSource } from '../schema-format.ts'
import { dialectOf, isRawSchema } from './json-dialect.ts'
import type { JsonDialect, RawSchema } from './json-dialect.ts'
import { addMetaSchemas, misfitOfMetaSchema } from './meta-schemas.ts'
import { SchemaReferences } from './schema-references.ts'

export interface JsonDocument {
  readonly json: Json
  readonly root: RawSchema
  readonly dialect: JsonDialect
  readonly references: SchemaReferences
}

export type JsonSchemaOutcome =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly message: string }

export function parseJsonSchema(source: SchemaSource): JsonSchemaOutcome {
  const main = readSchema(source.text, '')
  if (!main.ok) return main
  const references = new SchemaReferences()
  references.add(main.root, [''], main.dialect)
  for (const { name, text } of source.references) {
    const read = readSchema(text, `reference ${name}: `)
    if (!read.ok) return read
    // As the schema calls it, which is relative to its $id; and as it is called without one.
    references.add(read.root, [references.uriFrom(main.root, name), name], read.dialect)
  }
  addMetaSchemas(references)
  const [lost] = references.lost(main.root)
  if (lost !== undefined) {
    const message =
      `not a JSON Schema at ${lost.at}: the reference ` +
      `${JSON.stringify(lost.reference)} leads nowhere: nothing is fetched, so ` +
      'register it as a subject and name it in "references"'
    return { ok: false, message }
  }
  const { json, root, dialect } = main
  return { ok: true, document: { json, root, dialect, references } }
}

function readSchema(text: string, part: string) {
  const read = readJson(text)
  if (!read.ok) return { ok: false as const, message: `${part}${read.message}` }
  const root = read.value
  if (!isRawSchema(root)) {
    const message = `${part}not a JSON Schema: a schema is an object, true or false`
    return { ok: false as const, message }
  }
  const dialect = dialectOf(root)
  // Numbers as the engine reads them: what keeps their digits is no number to a validator.
  const misfit = misfitOfMetaSchema(JSON.parse(text), dialect)
  if (misfit !== undefined)
    return { ok: false as const, message: `${part}not a JSON Schema ${misfit}` }
  return { ok: true as const, json: read.value, root: JSON.parse(text) as RawSchema, dialect }
}
