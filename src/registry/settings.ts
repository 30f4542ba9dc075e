/** Sets and deletes config and mode of subjects, contexts, or all. */
import type { CatalogDatabase, ReadTransaction } from '../catalog/database.ts'
import { registrySettings, registrySubjects } from '../catalog/schema-registry.ts'
import { changeContexts, seeChanges } from './context-changes.ts'
import type { RegistryConfig, RegistryMode } from './registry-config.ts'
import { registryErrors } from './registry-error.ts'
import { readConfig, readMode, readModeInScope, readSubjects } from './registry-reads.ts'
import { qualified, type SubjectName } from './subject-name.ts'

type Kind = 'config' | 'mode'

/**
 * Sets what `update` names and leaves the rest; resolves with all that is set there now.
 *
 * @throws RegistryError 42205: the mode allows no change.
 * @throws Failure 'unavailable' | 'unknown-outcome': set it again.
 */
export function updateConfig(
  database: CatalogDatabase,
  name: SubjectName,
  update: RegistryConfig,
): Promise<RegistryConfig> {
  return changed(database, name, 'config', async (tx) => {
    const mode = await readModeInScope(tx, name)
    if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE') {
      throw registryErrors.notPermitted(`Subject ${qualified(name)} is in read-only mode`)
    }
    const config = { ...(await readConfig(tx, name)), ...update }
    return { value: JSON.stringify(config), result: config }
  })
}

/** Resolves with what was set; undefined where nothing was. */
export function deleteConfig(
  database: CatalogDatabase,
  name: SubjectName,
): Promise<RegistryConfig | undefined> {
  return changed(database, name, 'config', async (tx) => {
    return { value: undefined, result: await readConfig(tx, name) }
  })
}

/**
 * @param isForced also where there are schemas that IMPORT could then collide with.
 * @throws RegistryError 42205
 */
export function updateMode(
  database: CatalogDatabase,
  name: SubjectName,
  mode: RegistryMode,
  isForced: boolean,
): Promise<RegistryMode> {
  return changed(database, name, 'mode', async (tx) => {
    if (mode === 'IMPORT' && !isForced && (await hasSchemas(tx, name))) {
      const what = name.subject === '' ? `context ${name.context}` : qualified(name)
      throw registryErrors.notPermitted(
        `Cannot import since found existing subjects in ${what}: delete them, or set force=true`,
      )
    }
    return { value: mode, result: mode }
  })
}

/** @param isRecursive also the modes of all subjects of the context. */
export function deleteMode(
  database: CatalogDatabase,
  name: SubjectName,
  isRecursive: boolean,
): Promise<RegistryMode | undefined> {
  return changed(database, name, 'mode', async (tx) => {
    const below = isRecursive && name.subject === '' ? await readSubjects(tx, name.context) : []
    const subjects = below.map(({ subject }) => subject)
    return { value: undefined, result: await readMode(tx, name), subjects }
  })
}

async function hasSchemas(
  tx: ReadTransaction,
  { context, subject }: SubjectName,
): Promise<boolean> {
  const prefix = subject === '' ? [context] : [context, subject]
  const rows = await tx.scan(registrySubjects, { prefix, limit: 1 })
  return rows.length > 0
}

interface Setting<Result> {
  /** Undefined: what is set goes. */
  readonly value: string | undefined
  readonly result: Result
  /** Subjects of the context whose setting goes, too. */
  readonly subjects?: readonly string[]
}

function changed<Result>(
  database: CatalogDatabase,
  { context, subject }: SubjectName,
  kind: Kind,
  judge: (tx: ReadTransaction) => Promise<Setting<Result>>,
): Promise<Result> {
  return changeContexts(database, `set ${kind}`, () =>
    database.snapshot(`judge ${kind}`, async (tx) => {
      const seen = await seeChanges(tx, [context])
      const { value, result, subjects = [] } = await judge(tx)
      return {
        seen,
        contexts: [context],
        write: async (transaction) => {
          if (value === undefined) {
            const all = [subject, ...subjects].map((each) => [context, each, kind])
            await transaction.delete(registrySettings, all)
          } else await transaction.put(registrySettings, [{ context, subject, kind, value }])
          return result
        },
      }
    }),
  )
}
