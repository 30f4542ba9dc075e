/** A next version that differs from one in tags, metadata and rules. */
import type { ReadTransaction } from '../catalog/database.ts'
import { mergedRuleSet } from './registry-config.ts'
import { registryErrors } from './registry-error.ts'
import type { SchemaRequest } from './register.ts'
import type { RuleSet, SchemaMetadata, SchemaRule } from './schema-content.ts'
import type { TagChanges } from './schema-tags.ts'
import type { SubjectName } from './subject-name.ts'
import { qualified } from './subject-name.ts'
import { findVersion, type VersionChoice, withSchemas } from './subject-version.ts'

export interface VersionTagging {
  readonly tags: TagChanges
  /** What the new version must be; it is told in the metadata, too. */
  readonly newVersion?: number
  /** Instead of that of the version. */
  readonly metadata?: SchemaMetadata
  readonly ruleSet?: RuleSet
  /** Added to the rules of the version, or replacing those of the same name. */
  readonly rulesToMerge?: RuleSet
  readonly rulesToRemove?: readonly string[]
}

/** What to register. @throws RegistryError 40401, 40402, 42210 */
export async function taggedVersion(
  tx: ReadTransaction,
  name: SubjectName,
  choice: VersionChoice,
  tagging: VersionTagging,
): Promise<SchemaRequest> {
  const row = await findVersion(tx, name, qualified(name), choice, false)
  const [version] = await withSchemas(tx, name.context, [row])
  if (version === undefined) throw registryErrors.schemaNotFound()
  const { text, schemaType, references } = version
  const metadata = tagging.metadata ?? version.metadata
  const ruleSet = changedRules(version.ruleSet, tagging)
  return {
    ...{ text, schemaType, references, tags: tagging.tags },
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
    ...(tagging.newVersion === undefined ? {} : { version: tagging.newVersion }),
  }
}

function changedRules(
  before: RuleSet | undefined,
  { ruleSet, rulesToMerge, rulesToRemove }: VersionTagging,
): RuleSet | undefined {
  const isChange = rulesToMerge !== undefined || rulesToRemove !== undefined
  if (!isChange) return ruleSet
  if (ruleSet !== undefined) {
    throw registryErrors.invalidRuleSet(
      'give either ruleSet, or what changes in it: rulesToMerge and rulesToRemove',
    )
  }
  const defaults = before === undefined ? {} : { defaultRuleSet: before }
  const merged = mergedRuleSet(defaults, rulesToMerge)
  if (merged === undefined || rulesToRemove === undefined) return merged
  const kept = (rules: readonly SchemaRule[] | undefined): SchemaRule[] =>
    (rules ?? []).filter(({ name }) => !rulesToRemove.includes(name))
  const { enableAt } = merged
  return {
    migrationRules: kept(merged.migrationRules),
    domainRules: kept(merged.domainRules),
    encodingRules: kept(merged.encodingRules),
    ...(enableAt === undefined ? {} : { enableAt }),
  }
}
