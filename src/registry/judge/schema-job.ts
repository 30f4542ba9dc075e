/**
 * What is worked out of schemas' texts alone, as messages: any thread can do it, and the largest
 * schemas take seconds.
 */
import { unreachable } from '../../base/assert.ts'
import type { SchemaFormats } from '../schema-parser.ts'
import {
  checkCompatibility,
  type CompatibilityLevel,
  type VersionConflict,
} from '../schema/compatibility.ts'
import type {
  CompatibilityOptions,
  NamedSchema,
  ParsedSchema,
  SchemaFormat,
  SchemaType,
} from '../schema/schema-format.ts'

/** A schema with all that its references lead to. */
export interface WholeSchema {
  readonly schemaType: SchemaType
  readonly text: string
  readonly references: readonly NamedSchema[]
}

export type SchemaJob =
  | { readonly kind: 'read'; readonly schema: WholeSchema; readonly isNew: boolean }
  | {
      readonly kind: 'compare'
      readonly level: CompatibilityLevel
      readonly options: CompatibilityOptions
      readonly candidate: WholeSchema
      /** Oldest first. */
      readonly previous: readonly WholeSchema[]
    }
  | { readonly kind: 'format'; readonly schema: WholeSchema; readonly format: string }

export type SchemaAnswer =
  | { readonly kind: 'read'; readonly canonical: string; readonly normalized: string }
  | { readonly kind: 'compare'; readonly conflicts: readonly VersionConflict[] }
  /** Undefined: the language has no such notation. */
  | { readonly kind: 'format'; readonly text: string | undefined }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'too-large'; readonly message: string }

/** Does what takes long, somewhere. @throws Failure, RegistryError 429 */
export interface SchemaJudge {
  answer(job: SchemaJob): Promise<SchemaAnswer>
  close(): Promise<void>
}

/** Works on the thread that asks: for tests, and where nobody else waits for it. */
export const inlineJudge = (formats: SchemaFormats): SchemaJudge => ({
  answer: (job) => answerTo(formats, job),
  close: async () => undefined,
})

/** The schema is not what one can be. Never leaves the registry. */
class InvalidSchema extends Error {}

export async function answerTo(formats: SchemaFormats, job: SchemaJob): Promise<SchemaAnswer> {
  try {
    return await worked(formats, job)
  } catch (error) {
    if (error instanceof InvalidSchema) return { kind: 'invalid', message: error.message }
    throw error
  }
}

async function worked(formats: SchemaFormats, job: SchemaJob): Promise<SchemaAnswer> {
  switch (job.kind) {
    case 'read': {
      const { canonical, normalized } = await parse(formats, job.schema, job.isNew)
      return { kind: 'read', canonical, normalized }
    }
    case 'compare': {
      const { level, options, candidate, previous } = job
      const parsed = await parse(formats, candidate, false)
      const earlier: ParsedSchema[] = []
      for (const each of previous) earlier.push(await parse(formats, each, false))
      const format = await formatOf(formats, candidate.schemaType)
      const conflicts = checkCompatibility(level, parsed, earlier, format, options)
      return { kind: 'compare', conflicts }
    }
    case 'format': {
      const parsed = await parse(formats, job.schema, false)
      const format = await formatOf(formats, job.schema.schemaType)
      return { kind: 'format', text: format.formatted(parsed, job.format) }
    }
    default:
      return unreachable(job, 'schema job')
  }
}

async function formatOf(formats: SchemaFormats, schemaType: SchemaType): Promise<SchemaFormat> {
  const load = formats[schemaType]
  if (load !== undefined) return load()
  const types = Object.keys(formats).join(', ')
  throw new InvalidSchema(`Invalid schema type ${schemaType}: there is ${types}`)
}

async function parse(
  formats: SchemaFormats,
  { schemaType, text, references }: WholeSchema,
  isNew: boolean,
): Promise<ParsedSchema> {
  const format = await formatOf(formats, schemaType)
  const outcome = format.parse({ text, references }, { validateNew: isNew })
  if (outcome.ok) return outcome.schema
  throw new InvalidSchema(`Invalid schema of type ${schemaType}: ${outcome.message}`)
}

export const charsOf = ({ text, references }: WholeSchema): number =>
  references.reduce((sum, each) => sum + each.text.length, text.length)
