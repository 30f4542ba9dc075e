/**
 * The schemas that schemas must fit, one per draft, as ajv brings them. Each is compiled when first
 * needed.
 */
import { Ajv } from 'ajv'
import type { AnySchemaObject, ValidateFunction } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import draft04 from 'ajv-draft-04/dist/refs/json-schema-draft-04.json' with { type: 'json' }
import draft06 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' }
import AjvDraft04 from 'ajv-draft-04'
import type { JsonDialect } from './json-dialect.ts'
import type { SchemaReferences } from './schema-references.ts'

/** Formats are annotations, and what a draft does not know is ignored, as JSON Schema says. */
const options = { strict: false, validateFormats: false, logger: false } as const

interface MetaSchema {
  readonly uri: string
  readonly compile: () => ValidateFunction
}

const compiledBy = (ajv: Pick<Ajv, 'getSchema'>, uri: string): ValidateFunction =>
  ajv.getSchema(uri) as ValidateFunction

const draft04Uri = 'http://json-schema.org/draft-04/schema'
const draft06Uri = 'http://json-schema.org/draft-06/schema'
const draft07Uri = 'http://json-schema.org/draft-07/schema'
const uri2019 = 'https://json-schema.org/draft/2019-09/schema'
const uri2020 = 'https://json-schema.org/draft/2020-12/schema'

const metaSchemas: Readonly<Record<JsonDialect, MetaSchema>> = {
  'draft-04': {
    uri: draft04Uri,
    // CommonJS: what TypeScript calls the default is the module, and the class is in it.
    compile: () => compiledBy(new AjvDraft04.default(options), draft04Uri),
  },
  'draft-06': {
    uri: draft06Uri,
    compile: () => {
      const ajv = new Ajv(options)
      ajv.addMetaSchema(draft06)
      return compiledBy(ajv, draft06Uri)
    },
  },
  'draft-07': { uri: draft07Uri, compile: () => compiledBy(new Ajv(options), draft07Uri) },
  '2019-09': { uri: uri2019, compile: () => compiledBy(new Ajv2019(options), uri2019) },
  '2020-12': { uri: uri2020, compile: () => compiledBy(new Ajv2020(options), uri2020) },
}

const compiled = new Map<JsonDialect, ValidateFunction>()

function metaSchema(dialect: JsonDialect): ValidateFunction {
  const found = compiled.get(dialect) ?? metaSchemas[dialect].compile()
  compiled.set(dialect, found)
  return found
}

/** Undefined where the schema is well-formed; otherwise where it is not, and why. */
export function misfitOfMetaSchema(schema: unknown, dialect: JsonDialect): string | undefined {
  const validate = metaSchema(dialect)
  if (validate(schema)) return undefined
  const [first] = validate.errors ?? []
  const allowed: unknown = first?.params['allowedValues']
  const values = Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''
  return (
    `(${dialect}) at ${first?.instancePath ?? ''}: ` +
    `${first?.message ?? 'not well-formed'}${values}`
  )
}

/** Schemas about schemas refer to these. They are whole and small, so that a reference costs little. */
export function addMetaSchemas(references: SchemaReferences): void {
  const all: readonly (readonly [AnySchemaObject, JsonDialect])[] = [
    [draft04, 'draft-04'],
    [draft06, 'draft-06'],
    [metaSchema('draft-07').schema as AnySchemaObject, 'draft-07'],
  ]
  for (const [schema, dialect] of all) references.add(schema, [metaSchemas[dialect].uri], dialect)
}
