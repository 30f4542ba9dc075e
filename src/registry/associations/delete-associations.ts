/** Ends associations; with their lifecycle, STRONG ones take their subjects along. */
import type { CatalogDatabase, ReadTransaction } from '../../catalog/database.ts'
import { associationsContext } from '../../catalog/schema-associations.ts'
import {
  changeContexts,
  type JudgedChange,
  type Judgement,
  seeChanges,
} from '../context-changes.ts'
import { judgeDeletion } from '../delete-versions.ts'
import { registryErrors } from '../registry-error.ts'
import { readModeInScope, readVersions } from '../registry-reads.ts'
import { qualified } from '../subject-name.ts'
import {
  type Association,
  type AssociationFilter,
  associationsOfResource,
  isWantedAssociation,
} from './association.ts'
import { eraseAssociations } from './change-associations.ts'

export interface AssociationsEnd {
  readonly resourceId: string
  readonly filter: AssociationFilter
  /** Also frozen ones, and the subjects that they own. */
  readonly cascades: boolean
  /** Only tells what would be refused. */
  readonly isDryRun: boolean
}

/**
 * Resolves with those that ended.
 *
 * @throws RegistryError 40410: there is none. 40908, 42205, 42206: nothing was ended.
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function deleteAssociations(
  database: CatalogDatabase,
  end: AssociationsEnd,
): Promise<Association[]> {
  return changeContexts(database, 'delete associations', () =>
    database.snapshot('judge end of associations', (tx) => judge(tx, end)),
  )
}

async function judge(
  tx: ReadTransaction,
  { resourceId, filter, cascades, isDryRun }: AssociationsEnd,
): Promise<Judgement<Association[]>> {
  const all = await associationsOfResource(tx, resourceId)
  const found = all.filter((each) => isWantedAssociation(each, filter))
  if (found.length === 0) throw registryErrors.associationNotFound(resourceId)
  const contexts = [associationsContext, ...found.map(({ subject }) => subject.context)]
  const seen = await seeChanges(tx, contexts)
  const erasures: JudgedChange<number[]>[] = []
  for (const each of found) {
    const erasure = await judgeEnd(tx, each, cascades)
    if (erasure !== undefined) erasures.push(erasure)
  }
  if (isDryRun) return { answer: [] }
  return {
    seen: new Map([...seen, ...erasures.flatMap((each) => [...each.seen])]),
    contexts: [...contexts, ...erasures.flatMap((each) => each.contexts)],
    write: async (transaction, rows) => {
      await eraseAssociations(transaction, rows, found)
      for (const { write } of erasures) await write(transaction, rows)
      return found
    },
  }
}

/** What else goes; undefined: nothing. @throws RegistryError 40908, 42205, 42206 */
async function judgeEnd(
  tx: ReadTransaction,
  { associationType, subject, lifecycle }: Association,
  cascades: boolean,
): Promise<JudgedChange<number[]> | undefined> {
  const mode = await readModeInScope(tx, subject)
  if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE') {
    throw registryErrors.notPermitted(`Subject ${qualified(subject)} is in read-only mode`)
  }
  if (lifecycle === 'WEAK') return undefined
  if (!cascades) throw registryErrors.associationFrozen(associationType, qualified(subject))
  const rows = await readVersions(tx, subject)
  if (mode === 'IMPORT' || rows.length === 0) return undefined
  return judgeDeletion(tx, subject, { rows, isWhole: true, isPermanent: true })
}
