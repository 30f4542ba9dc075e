/** What is set for a subject, a context, or all: compatibility and what new schemas get. */
import { registryErrors } from './registry-error.ts'
import { type CompatibilityLevel, compatibilityLevels } from './schema/compatibility.ts'
import type { RuleSet, SchemaMetadata, SchemaRule } from './schema-content.ts'

export type RegistryMode = 'READWRITE' | 'READONLY' | 'READONLY_OVERRIDE' | 'IMPORT' | 'FORWARD'

/** Nothing set: the next wider place is asked. Each name counts by itself. */
export interface RegistryConfig {
  readonly compatibilityLevel?: CompatibilityLevel
  readonly compatibilityPolicy?: 'STRICT' | 'LENIENT'
  /** Name of a metadata property: only versions with the same value are compared. */
  readonly compatibilityGroup?: string
  /** Readers of this subject get those of that one. */
  readonly alias?: string
  /** The same for data keys; where nothing is said, `alias` counts for them, too. */
  readonly aliasForDeks?: string
  /** Schemas are normalized before they are compared. */
  readonly normalize?: boolean
  /** False: defaults of new Avro schemas need not fit their types. */
  readonly validateNewSchemas?: boolean
  readonly validateFields?: boolean
  readonly validateRules?: boolean
  readonly defaultMetadata?: SchemaMetadata
  readonly overrideMetadata?: SchemaMetadata
  readonly defaultRuleSet?: RuleSet
  readonly overrideRuleSet?: RuleSet
}

/** Where nothing is set. */
export const builtInConfig: RegistryConfig & { readonly compatibilityLevel: CompatibilityLevel } = {
  compatibilityLevel: 'BACKWARD',
}
export const builtInMode: RegistryMode = 'READWRITE'

const modes: readonly RegistryMode[] = [
  'READWRITE',
  'READONLY',
  'READONLY_OVERRIDE',
  'IMPORT',
  'FORWARD',
]

/** @throws RegistryError 42203 */
export function compatibilityLevelOf(text: string): CompatibilityLevel {
  const level = compatibilityLevels.find((each) => each === text.toUpperCase())
  if (level === undefined) throw registryErrors.invalidCompatibility(text)
  return level
}

/** @throws RegistryError 42204 */
export function modeOf(text: string): RegistryMode {
  const mode = modes.find((each) => each === text.toUpperCase())
  if (mode === undefined) throw registryErrors.invalidMode(text)
  return mode
}

/** From the narrowest place to the widest; each name of the first that sets it. */
export function mergedConfig(
  places: readonly (RegistryConfig | undefined)[],
): RegistryConfig & { readonly compatibilityLevel: CompatibilityLevel } {
  return places.reduceRight<ReturnType<typeof mergedConfig>>(
    (wider, narrower) => ({ ...wider, ...narrower }),
    builtInConfig,
  )
}

/** What a schema gets by default, what it says itself, and what nobody may say otherwise. */
export function mergedMetadata(
  { defaultMetadata, overrideMetadata }: RegistryConfig,
  own: SchemaMetadata | undefined,
): SchemaMetadata | undefined {
  const parts = [defaultMetadata, own, overrideMetadata].filter((part) => part !== undefined)
  if (parts.length <= 1) return parts[0]
  const tags = new Map(parts.flatMap((part) => Object.entries(part.tags ?? {})))
  const properties = new Map(parts.flatMap((part) => Object.entries(part.properties ?? {})))
  const sensitive = new Set(parts.flatMap((part) => part.sensitive ?? []))
  return {
    ...(tags.size === 0 ? {} : { tags: Object.fromEntries(tags) }),
    ...(properties.size === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(sensitive.size === 0 ? {} : { sensitive: [...sensitive] }),
  }
}

/** As mergedMetadata, rule by name. */
export function mergedRuleSet(
  { defaultRuleSet, overrideRuleSet }: RegistryConfig,
  own: RuleSet | undefined,
): RuleSet | undefined {
  const parts = [defaultRuleSet, own, overrideRuleSet].filter((part) => part !== undefined)
  if (parts.length <= 1) return parts[0]
  const rulesOf = (kind: 'migrationRules' | 'domainRules' | 'encodingRules'): object => {
    const rules = new Map(
      parts
        .flatMap((part) => part[kind] ?? [])
        .map((rule): [string, SchemaRule] => [rule.name, rule]),
    )
    return rules.size === 0 ? {} : { [kind]: [...rules.values()] }
  }
  const enableAt = parts.findLast((part) => part.enableAt !== undefined)?.enableAt
  return {
    ...rulesOf('migrationRules'),
    ...rulesOf('domainRules'),
    ...rulesOf('encodingRules'),
    ...(enableAt === undefined ? {} : { enableAt }),
  }
}
