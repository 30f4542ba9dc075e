/** Levels of compatibility: which earlier versions a candidate is held against, and who reads whom. */
import { unreachable } from '../../base/assert.ts'
import type {
  CompatibilityOptions,
  Incompatibility,
  ParsedSchema,
  SchemaFormat,
} from './schema-format.ts'

export const compatibilityLevels = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const
export type CompatibilityLevel = (typeof compatibilityLevels)[number]

/**
 * - `BACKWARD`: whoever reads with the candidate is handed data of the earlier version.
 * - `FORWARD`: whoever reads with the earlier version is handed data of the candidate.
 */
export type Direction = 'BACKWARD' | 'FORWARD'

export interface VersionConflict extends Incompatibility {
  readonly direction: Direction
  /** Index into the `previous` that was given. */
  readonly previousIndex: number
}

/** Differences that are reported at most: more help nobody, and a schema can have very many. */
export const conflictsMax = 100

const directionsOf = (level: CompatibilityLevel): readonly Direction[] => {
  switch (level) {
    case 'NONE':
      return []
    case 'BACKWARD':
    case 'BACKWARD_TRANSITIVE':
      return ['BACKWARD']
    case 'FORWARD':
    case 'FORWARD_TRANSITIVE':
      return ['FORWARD']
    case 'FULL':
    case 'FULL_TRANSITIVE':
      return ['BACKWARD', 'FORWARD']
    default:
      return unreachable(level, 'compatibility level')
  }
}

/**
 * Holds `candidate` against versions of its subject, oldest first. Empty where it may follow them.
 * A level without TRANSITIVE asks for the latest alone. It stops at the first version, from the
 * latest on, that the candidate breaks with.
 */
export function checkCompatibility(
  level: CompatibilityLevel,
  candidate: ParsedSchema,
  previous: readonly ParsedSchema[],
  format: SchemaFormat,
  options: CompatibilityOptions,
): readonly VersionConflict[] {
  const oldest = level.endsWith('_TRANSITIVE') ? 0 : Math.max(0, previous.length - 1)
  for (let index = previous.length - 1; index >= oldest; index--) {
    const earlier = previous[index]
    const conflicts = directionsOf(level).flatMap((direction) =>
      between(direction, candidate, earlier!, format, options).map((each) => ({
        ...each,
        direction,
        previousIndex: index,
      })),
    )
    if (conflicts.length > 0) return conflicts.slice(0, conflictsMax)
  }
  return []
}

function between(
  direction: Direction,
  candidate: ParsedSchema,
  earlier: ParsedSchema,
  format: SchemaFormat,
  options: CompatibilityOptions,
): readonly Incompatibility[] {
  if (candidate.type !== earlier.type) {
    const message =
      `the candidate is ${candidate.type}, the version before it ${earlier.type}: ` +
      'take another subject'
    return [{ rule: 'SCHEMA_TYPE_CHANGED', path: '/', message }]
  }
  return direction === 'BACKWARD'
    ? format.incompatibilities(candidate, earlier, options)
    : format.incompatibilities(earlier, candidate, options)
}
