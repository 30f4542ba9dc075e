/** What clients get. Fields that say nothing are left out, as clients of either age expect. */
import type { Conflicts } from '../compatible.ts'
import { describeConflicts } from '../compatible.ts'
import type { RegistryConfig } from '../registry-config.ts'
import { guidOf } from '../schema-content.ts'
import type { StoredSchema } from '../registry-reads.ts'
import type { SubjectVersion } from '../subject-version.ts'
import { qualified } from '../subject-name.ts'

/** Of an id: `schemaType` is left out for Avro. */
export function schemaAnswer(schema: StoredSchema, text: string = schema.text): object {
  const { schemaType, references, metadata, ruleSet, hash } = schema
  return {
    schema: text,
    ...(schemaType === 'AVRO' ? {} : { schemaType }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
    guid: guidOf(hash),
  }
}

export function versionAnswer(found: SubjectVersion, text?: string): object {
  const { schemaId: id, version, isDeleted, registeredMs: ts } = found
  const subject = qualified(found)
  const deleted = isDeleted ? { deleted: true } : {}
  return { subject, version, id, ...schemaAnswer(found, text), ts, ...deleted }
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
