/** What clients get. Fields that say nothing are left out, as clients of either age expect. */
import { type Association, resourceType } from '../associations/association.ts'
import type { Conflicts } from '../compatible.ts'
import { describeConflicts } from '../compatible.ts'
import type { RegistryConfig } from '../registry-config.ts'
import { guidOf, type SchemaReference } from '../schema-content.ts'
import { ofReference } from '../resolve-references.ts'
import { type SchemaTags, tagsOf } from '../schema-tags.ts'
import type { StoredSchema } from '../registry-reads.ts'
import type { SubjectVersion } from '../subject-version.ts'
import { qualified } from '../subject-name.ts'

export interface AnswerOptions {
  /** In the notation that was asked for; else as it is stored. */
  readonly text?: string
  /** These tags in it are listed, too; '*': all. */
  readonly findTags?: readonly string[]
  /** References name the context of their subject, too. */
  readonly qualifiesReferences?: boolean
}

/** Of an id: `schemaType` is left out for Avro. */
export function schemaAnswer(schema: StoredSchema, options: AnswerOptions = {}): object {
  const { schemaType, metadata, ruleSet, hash } = schema
  const tags = taggedWith(schema, options.findTags ?? [])
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

function taggedWith(schema: StoredSchema, wanted: readonly string[]): SchemaTags[] {
  if (wanted.length === 0) return []
  const isWanted = (tag: string): boolean => wanted.includes('*') || wanted.includes(tag)
  return tagsOf(schema)
    .map((each) => ({ ...each, tags: each.tags.filter(isWanted) }))
    .filter(({ tags }) => tags.length > 0)
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

export function associationAnswer(association: Association): object {
  const { subject, guid, resourceName, resourceNamespace, resourceId } = association
  const { associationType, lifecycle, createdMs, changedMs } = association
  return {
    ...{ subject: qualified(subject), guid, resourceName, resourceNamespace, resourceId },
    ...{ resourceType, associationType, lifecycle },
    ...{ createTimestamp: createdMs, updateTimestamp: changedMs },
  }
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
