/** Creates and updates associations, together with the schemas of topics that come to be. */
import type { ReadTransaction, Transaction } from '../../catalog/database.ts'
import {
  associationsContext,
  registryAssociationNames,
  registryAssociations,
  registryAssociationSubjects,
} from '../../catalog/schema-associations.ts'
import type { RegistryContextRow } from '../../catalog/schema-registry.ts'
import { changeContexts, type Judgement, seeChanges } from '../context-changes.ts'
import { type JudgeParts, judgeSchema, type RegisterParts } from '../register.ts'
import { registryErrors } from '../registry-error.ts'
import { guidOf, hashOfText } from '../schema-content.ts'
import { defaultContext, globalContext } from '../subject-name.ts'
import type { SubjectVersion } from '../subject-version.ts'
import {
  type Association,
  associationsOfName,
  associationsOfResource,
  keysOfAssociation,
  rowOfAssociation,
} from './association.ts'
import { type AssociationRequest, checkedRequest } from './association-request.ts'
import { assertFits, assertUniform, settle, type Settled } from './settle-association.ts'

/** Two of each topic; more are a client gone wrong. */
const associationsMax = 100_000

export interface AssociatedSubject {
  readonly association: Association
  /** What was registered with it. */
  readonly schema?: SubjectVersion
}

export interface AssociationChange {
  /** Nothing that is there is changed; what is there already and the same is fine. */
  readonly isCreate: boolean
  /** Only tells what would be refused. */
  readonly isDryRun: boolean
}

/**
 * Resolves with all that were asked for, as they are now; without any in a dry run.
 *
 * @throws RegistryError 409, 40902, 40903, 40904, 40905, 40907, 40908, 42201, 42205, 42206, 42212;
 *   nothing was written.
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function changeAssociations(
  parts: RegisterParts,
  asked: AssociationRequest,
  change: AssociationChange,
): Promise<AssociatedSubject[]> {
  const request = checkedRequest(asked, change.isCreate, change.isDryRun)
  const { database, parser, nowMs } = parts
  return parser.run((own) =>
    changeContexts(database, 'change associations', () =>
      database.snapshot('judge associations', (tx) =>
        judge(tx, { parser: own, nowMs }, request, change),
      ),
    ),
  )
}

async function judge(
  tx: ReadTransaction,
  parts: JudgeParts,
  request: AssociationRequest,
  change: AssociationChange,
): Promise<Judgement<AssociatedSubject[]>> {
  const existing = await existingOf(tx, request)
  const settled: Settled[] = []
  for (const wish of request.associations) {
    settled.push(await settle(tx, parts, request, wish, existing, change.isCreate))
  }
  assertUniform(existing, settled)
  for (const each of settled) await assertFits(tx, each, settled)
  const contexts = [associationsContext, ...settled.map(({ subject }) => subject.context)]
  const seen = await seeChanges(tx, [...contexts, defaultContext, globalContext])
  const registrations = await registrationsOf(tx, parts, settled)
  const changes = [...registrations.values()].filter((each) => 'write' in each)
  if (change.isDryRun) return { answer: [] }
  return {
    seen: new Map([...seen, ...changes.flatMap((each) => [...each.seen])]),
    contexts: [...contexts, ...changes.flatMap((each) => each.contexts)],
    write: (transaction, rows) =>
      write(transaction, rows, { request, settled, registrations, nowMs: parts.nowMs() }),
  }
}

/** Of the resource; before it has an id, of the one of that name that changed last. */
async function existingOf(
  tx: ReadTransaction,
  { resourceId, resourceName, resourceNamespace }: AssociationRequest,
): Promise<Association[]> {
  if (resourceId !== undefined) return associationsOfResource(tx, resourceId)
  const named = await associationsOfName(tx, resourceNamespace, resourceName)
  const last = named.toSorted((a, b) => a.changedMs - b.changedMs).at(-1)
  return named.filter((each) => each.resourceId === last?.resourceId)
}

type Registrations = ReadonlyMap<Settled, Judgement<SubjectVersion>>

async function registrationsOf(
  tx: ReadTransaction,
  parts: JudgeParts,
  settled: readonly Settled[],
): Promise<Registrations> {
  const judged = new Map<Settled, Judgement<SubjectVersion>>()
  for (const each of settled) {
    const { schema } = each.wish
    if (schema !== undefined) {
      judged.set(each, await judgeSchema(tx, parts.parser, each.subject, schema, parts.nowMs()))
    }
  }
  return judged
}

interface Writing {
  readonly request: AssociationRequest
  readonly settled: readonly Settled[]
  readonly registrations: Registrations
  readonly nowMs: number
}

/** @throws RegistryError 40902 */
async function write(
  tx: Transaction,
  rows: Map<string, RegistryContextRow>,
  { request, settled, registrations, nowMs }: Writing,
): Promise<AssociatedSubject[]> {
  const guard = rows.get(associationsContext) as RegistryContextRow
  const results: AssociatedSubject[] = []
  let added = 0
  for (const each of settled) {
    const judged = registrations.get(each)
    const schema =
      judged === undefined
        ? undefined
        : 'answer' in judged
          ? judged.answer
          : await judged.write(tx, rows)
    const association = associationOf(request, each, nowMs, guard.changes)
    results.push({ association, ...(schema === undefined ? {} : { schema }) })
    if (each.isSame) continue
    added += each.before === undefined ? 1 : 0
    await putAssociation(tx, association)
  }
  const nextId = guard.nextId + added
  if (added > 0 && nextId > associationsMax)
    throw registryErrors.tooManyAssociations(associationsMax)
  rows.set(associationsContext, { ...guard, nextId })
  return results
}

function associationOf(
  { resourceName, resourceNamespace, resourceId }: AssociationRequest,
  { wish: { associationType }, subject, lifecycle, before, isSame }: Settled,
  nowMs: number,
  change: number,
): Association {
  if (before !== undefined) return isSame ? before : { ...before, lifecycle, changedMs: nowMs }
  const id = resourceId as string
  const guid = guidOf(hashOfText(JSON.stringify([id, associationType, change, nowMs])))
  const resource = { resourceName, resourceNamespace, resourceId: id }
  return {
    ...{ guid, ...resource, associationType, subject, lifecycle },
    ...{ createdMs: nowMs, changedMs: nowMs },
  }
}

async function putAssociation(tx: Transaction, association: Association): Promise<void> {
  const row = rowOfAssociation(association)
  const { context, resourceName, resourceNamespace, resourceId, associationType } = row
  const { subjectContext, subject } = row
  await tx.put(registryAssociations, [row])
  const at = { context, resourceId, associationType }
  await tx.put(registryAssociationNames, [{ ...at, resourceName, resourceNamespace }])
  await tx.put(registryAssociationSubjects, [{ ...at, subjectContext, subject }])
}

/** Forgets them; the guard is held. */
export async function eraseAssociations(
  tx: Transaction,
  rows: Map<string, RegistryContextRow>,
  associations: readonly Association[],
): Promise<void> {
  const keys = associations.map(keysOfAssociation)
  await tx.delete(
    registryAssociations,
    keys.map(({ own }) => own),
  )
  await tx.delete(
    registryAssociationNames,
    keys.map(({ name }) => name),
  )
  await tx.delete(
    registryAssociationSubjects,
    keys.map(({ subject }) => subject),
  )
  const guard = rows.get(associationsContext) as RegistryContextRow
  rows.set(associationsContext, { ...guard, nextId: guard.nextId - associations.length })
}
