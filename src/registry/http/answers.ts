/** What clients get. Fields that say nothing are left out, as clients of either age expect. */
import type { Conflicts } from '../compatible.ts'
import { describeConflicts } from '../compatible.ts'
import type { RegistryConfig } from '../registry-config.ts'
import { guidOf, type SchemaReference } from '../schema-content.ts'
import { ofReference } from '../schema-parser.ts'
import { tagsOf } from '../schema-tags.ts'
import type { StoredSchema } from '../registry-reads.ts'
import type { SubjectVersion } from '../subject-version.ts'
import { qualified } from '../subject-name.ts'

export interface AnswerOptions {
  /** In the notation that was asked for; else as it is stored. */
  readonly text?: string
  /** What is tagged in it is listed, too. */
  readonly findTags?: boolean
  /** References name the context of their subject, too. */
  readonly qualifiesReferences?: boolean
}

/** Of an id: `schemaType` is left out for Avro. */
export function schemaAnswer(schema: StoredSchema, options: AnswerOptions = {}): object {
  const { schemaType, metadata, ruleSet, hash } = schema
  const tags = options.findTags === true ? tagsOf(schema) : []
  const references = options.qualifiesReferences === true ? qualifiedIn(schema) : schema.references
  return {
    schema: options.text ?? schema.text,
    ...(schemaType === 'AVRO' ? {} : { schemaType }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
    ...(tags.length === 0 ? {} : { schemaTags: tags }),
    guid: guidOf(hash),
  }
}

function qualifiedIn({ context, references }: StoredSchema): SchemaReference[] {
  return references.map((each) => {
    const name = ofReference(context, each.subject)
    return { ...each, subject: `:${name.context}:${name.subject}` }
  })
}

export function versionAnswer(found: SubjectVersion, options?: AnswerOptions): object {
  const { schemaId: id, version, isDeleted, registeredMs: ts } = found
  const subject = qualified(found)
  const deleted = isDeleted ? { deleted: true } : {}
  return { subject, version, id, ...schemaAnswer(found, options), ts, ...deleted }
}

/** `PUT` and `GET` name the level differently; other registries do, too. */
export function configAnswer({ compatibilityLevel, ...rest }: RegistryConfig): object {
  return { ...(compatibilityLevel === undefined ? {} : { compatibilityLevel }), ...rest }
}

export function configUpdateAnswer({ compatibilityLevel, ...rest }: RegistryConfig): object {
  const level = compatibilityLevel === undefined ? {} : { compatibility: compatibilityLevel }
  return { ...level, ...rest }
}

export function compatibilityAnswer(found: Conflicts, isVerbose: boolean): object {
  const is_compatible = found.conflicts.length === 0
  return { is_compatible, ...(isVerbose ? { messages: describeConflicts(found) } : {}) }
}
