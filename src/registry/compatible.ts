/** Holds a schema against the versions of its subject, by the level that counts there. */
import type { ReadTransaction } from '../catalog/database.ts'
import type { RegistryConfig } from './registry-config.ts'
import { readConfigInScope } from './registry-reads.ts'
import type { SchemaContent } from './schema-content.ts'
import type { RequestParser } from './judge/request-parser.ts'
import type { CompatibilityLevel, VersionConflict } from './schema/compatibility.ts'
import type { SubjectName } from './subject-name.ts'
import type { SubjectVersion } from './subject-version.ts'

export interface Conflicts {
  readonly level: CompatibilityLevel
  readonly conflicts: readonly VersionConflict[]
  /** The version that it breaks with; undefined where it breaks with none. */
  readonly with: SubjectVersion | undefined
}

/**
 * @param versions oldest first; those of another compatibility group are left out.
 * @param own counts in the place of what is set for the subject.
 */
export async function conflictsOf(
  tx: ReadTransaction,
  parser: RequestParser,
  name: SubjectName,
  candidate: SchemaContent,
  versions: readonly SubjectVersion[],
  own?: RegistryConfig,
): Promise<Conflicts> {
  const config = { ...(await readConfigInScope(tx, name)), ...own }
  const { compatibilityLevel: level, compatibilityGroup: group, compatibilityPolicy } = config
  if (level === 'NONE' || versions.length === 0) return { level, conflicts: [], with: undefined }
  const valueOf = ({ metadata }: SchemaContent): string | undefined =>
    group === undefined ? undefined : metadata?.properties?.[group]
  const compared = versions.filter((each) => valueOf(each) === valueOf(candidate))
  const asked = level.endsWith('_TRANSITIVE') ? compared : compared.slice(-1)
  const policy = compatibilityPolicy === 'LENIENT' ? 'lenient' : 'strict'
  const conflicts = await parser.conflicts(tx, {
    ...{ level, options: { policy }, previous: asked },
    candidate: { ...candidate, context: name.context },
  })
  return { level, conflicts, with: asked[conflicts[0]?.previousIndex ?? -1] }
}

/** One text per conflict, then what it was compared with, as clients of other registries see it. */
export function describeConflicts({ level, conflicts, with: other }: Conflicts): string[] {
  if (conflicts.length === 0) return []
  const told = conflicts.map(
    ({ rule, message, path }) =>
      `{errorType:'${rule}', description:'${message}', additionalInfo:'${path}'}`,
  )
  return [
    ...told,
    `{oldSchemaVersion: ${other?.version}}`,
    `{oldSchema: '${other?.text}'}`,
    `{compatibility: '${level}'}`,
  ]
}
