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
  /** Schemas are normalized before they are compared. */
  readonly normalize?: boolean
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
  config: RegistryConfig,
  own: SchemaMetadata | undefined,
): SchemaMetadata | undefined {
  const parts = [config.defaultMetadata, own, config.overrideMetadata]
  if (parts.every((part) => part === undefined)) return undefined
  return {
    tags: Object.assign({}, ...parts.map((part) => part?.tags ?? {})) as Record<string, string[]>,
    properties: Object.assign({}, ...parts.map((part) => part?.properties ?? {})) as Record<
      string,
      string
    >,
    sensitive: [...new Set(parts.flatMap((part) => part?.sensitive ?? []))],
  }
}

/** As mergedMetadata, rule by name. */
export function mergedRuleSet(
  config: RegistryConfig,
  own: RuleSet | undefined,
): RuleSet | undefined {
  const parts = [config.defaultRuleSet, own, config.overrideRuleSet]
  if (parts.every((part) => part === undefined)) return undefined
  const byName = (kind: 'migrationRules' | 'domainRules' | 'encodingRules'): SchemaRule[] => [
    ...new Map(
      parts.flatMap((part) => part?.[kind] ?? []).map((rule) => [rule.name, rule]),
    ).values(),
  ]
  const enableAt = parts.reduce<string | undefined>((at, part) => part?.enableAt ?? at, undefined)
  return {
    migrationRules: byName('migrationRules'),
    domainRules: byName('domainRules'),
    encodingRules: byName('encodingRules'),
    ...(enableAt === undefined ? {} : { enableAt }),
  }
}
