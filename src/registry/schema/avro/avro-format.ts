/**
 * Avro for the registry: names, canonical forms, schema resolution, and payloads in binary
 * encoding.
 */
import { assert } from '../../../base/assert.ts'
import { payloadValidator } from '../payload-validator.ts'
import type { ParsedSchema, SchemaFormat, ValidatorOutcome } from '../schema-format.ts'
import { AvroBytes } from './avro-bytes.ts'
import { type AvroCheck, avroCheck } from './check-avro.ts'
import { avroIncompatibilities } from './avro-rules.ts'
import { isNamed } from './avro-type.ts'
import { parseAvro } from './parse-avro.ts'
import type { AvroDocument } from './parse-avro.ts'
import { printAvro } from './print-avro.ts'
import { type AvroRead, avroReader } from './read-avro.ts'
import { avroResolver } from './resolve-avro.ts'

interface AvroSchema extends ParsedSchema {
  readonly type: 'AVRO'
  readonly document: AvroDocument
}

const documentOf = (schema: ParsedSchema): AvroDocument => {
  assert(schema.type === 'AVRO', 'a schema is given to the format that parsed it')
  return (schema as AvroSchema).document
}

/** Not ok where the schema is too deep to be compiled: chains of thousands of names are. */
function validatorOf(
  compile: () => { readonly read: AvroRead; readonly check?: AvroCheck },
): ValidatorOutcome {
  let compiled: ReturnType<typeof compile>
  try {
    compiled = compile()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { ok: false, message: 'the schema nests too deep to read values with: split it' }
  }
  const { read, check = read } = compiled
  const all =
    (look: AvroRead) =>
    (payload: Uint8Array): unknown => {
      const bytes = new AvroBytes(payload)
      const value = look(bytes)
      bytes.end()
      return value
    }
  return { ok: true, validator: payloadValidator(all(read), [], all(check)) }
}

export const avroFormat: SchemaFormat = {
  type: 'AVRO',

  parse: (source, { validateNew = true } = {}) => {
    const outcome = parseAvro(source, validateNew)
    if (!outcome.ok) return outcome
    const { document } = outcome
    const schema: AvroSchema = {
      type: 'AVRO',
      document,
      canonical: printAvro(document, 'canonical'),
      normalized: printAvro(document, 'normalized'),
      recordName: isNamed(document.root) ? document.root.name : undefined,
    }
    return { ok: true, schema }
  },

  incompatibilities: (reader, writer) =>
    avroIncompatibilities(documentOf(reader).root, documentOf(writer).root),

  validator: (schema) =>
    validatorOf(() => {
      const { root } = documentOf(schema)
      return { read: avroReader(root), check: avroCheck(root) }
    }),

  resolver: (reader, writer) =>
    validatorOf(() => ({ read: avroResolver(documentOf(reader).root, documentOf(writer).root) })),

  formatted: (schema, format) =>
    format === 'resolved' ? printAvro(documentOf(schema), 'resolved') : undefined,
}
