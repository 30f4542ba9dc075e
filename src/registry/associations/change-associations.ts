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
import { unaliased, versionOfSchema } from '../lookups.ts'
import { judgeSchema, type RegisterParts } from '../register.ts'
import { RegistryError, registryErrors } from '../registry-error.ts'
import { readModeInScope, readReferrers, readVersions } from '../registry-reads.ts'
import { ofReference } from '../schema-parser.ts'
import { guidOf, hashOfText } from '../schema-content.ts'
import { defaultContext, globalContext, qualified, type SubjectName } from '../subject-name.ts'
import type { SubjectVersion } from '../subject-version.ts'
import {
  type Association,
  associationsOfName,
  associationsOfResource,
  associationsOfSubject,
  keysOfAssociation,
  type Lifecycle,
  rowOfAssociation,
} from './association.ts'
import {
  type AssociationRequest,
  type AssociationWish,
  checkedRequest,
  isSameSubject,
  notOwnSubject,
  ownSubject,
  ownSubjectOfWeak,
  schemaOfWeak,
  unfitFrozen,
  withDefaults,
} from './association-request.ts'

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
  return changeContexts(parts.database, 'change associations', () =>
    parts.database.snapshot('judge associations', (tx) => judge(tx, parts, request, change)),
  )
}

/** A wish, and what it comes to. */
interface Settled {
  readonly wish: AssociationWish
  readonly subject: SubjectName
  readonly lifecycle: Lifecycle
  readonly before: Association | undefined
  /** There is nothing to do. */
  readonly isSame: boolean
}

async function judge(
  tx: ReadTransaction,
  parts: RegisterParts,
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
  const others = [...registrations.values()].flatMap((each) =>
    'answer' in each ? [] : [...each.seen],
  )
  if (change.isDryRun) return { answer: [] }
  return {
    seen: new Map([...seen, ...others]),
    contexts: [...contexts, ...others.map(([context]) => context)],
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

async function settle(
  tx: ReadTransaction,
  parts: RegisterParts,
  request: AssociationRequest,
  asked: AssociationWish,
  existing: readonly Association[],
  isCreate: boolean,
): Promise<Settled> {
  const { associationType } = asked
  const before = existing.find((each) => each.associationType === associationType)
  const wish = before === undefined && !isCreate ? withDefaults(asked, false) : asked
  const own = ownSubject(request, associationType)
  const subject = await subjectOf(tx, wish, before, own)
  const lifecycle = wish.lifecycle ?? before?.lifecycle
  if (lifecycle === undefined) throw registryErrors.invalidAssociation('lifecycle', 'must be set')
  assertSound({ wish, subject, lifecycle, before, isSame: false }, own)
  const mode = await readModeInScope(tx, subject)
  if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE') {
    throw registryErrors.notPermitted(`Subject ${qualified(subject)} is in read-only mode`)
  }
  if (wish.schema !== undefined && mode === 'IMPORT') {
    const told = `cannot be given while subject '${qualified(subject)}' is in IMPORT mode`
    throw registryErrors.invalidAssociation('schema', told)
  }
  const settled = { wish, subject, lifecycle, before, isSame: false }
  if (before === undefined) {
    if (mode !== 'IMPORT') await assertCreatable(tx, parts, settled, isCreate)
    return settled
  }
  const isSame = isEquivalent(wish, before, subject)
  if (isSame && isCreate && wish.schema !== undefined && !(await hasSchema(tx, parts, settled))) {
    throw registryErrors.associationOfResourceExists(associationType, request.resourceName)
  }
  if (isSame) return { ...settled, isSame }
  if (isCreate) {
    throw registryErrors.associationOfResourceExists(associationType, request.resourceName)
  }
  assertChangeable(settled, before)
  return settled
}

async function subjectOf(
  tx: ReadTransaction,
  wish: AssociationWish,
  before: Association | undefined,
  own: SubjectName,
): Promise<SubjectName> {
  if (wish.subject !== undefined) return unaliased(tx, wish.subject)
  if (before !== undefined) return before.subject
  if (wish.lifecycle === 'STRONG') return own
  throw registryErrors.invalidAssociation('subject', 'must be given for WEAK associations')
}

/** @throws RegistryError 42212: what is asked for is no association that can be. */
function assertSound({ wish, subject, lifecycle, before }: Settled, own: SubjectName): void {
  if (lifecycle === 'WEAK' && wish.schema !== undefined) throw schemaOfWeak()
  if (lifecycle === 'WEAK' && isSameSubject(subject, own)) throw ownSubjectOfWeak(own)
  const isFrozen = before === undefined ? wish.frozen === true : before.lifecycle === 'STRONG'
  const frozen = wish.frozen ?? isFrozen
  if (frozen !== (lifecycle === 'STRONG')) throw unfitFrozen(lifecycle, frozen)
  if (isFrozen && !isSameSubject(subject, own)) throw notOwnSubject(own)
}

const isEquivalent = (wish: AssociationWish, before: Association, subject: SubjectName): boolean =>
  isSameSubject(subject, before.subject) &&
  (wish.lifecycle ?? before.lifecycle) === before.lifecycle &&
  (wish.frozen ?? before.lifecycle === 'STRONG') === (before.lifecycle === 'STRONG')

/** @throws RegistryError 40908, 42212 */
function assertChangeable({ wish, subject }: Settled, before: Association): void {
  if (wish.lifecycle === undefined && wish.schema === undefined) {
    throw registryErrors.invalidAssociation('lifecycle', 'give it, or a schema, to update')
  }
  if (!isSameSubject(subject, before.subject)) {
    const told = `cannot be changed from '${qualified(before.subject)}'`
    throw registryErrors.invalidAssociation('subject', told)
  }
  if (before.lifecycle === 'STRONG') {
    throw registryErrors.associationFrozen(before.associationType, qualified(before.subject))
  }
}

/** A STRONG one comes with its topic, and with the first version of its subject. */
async function assertCreatable(
  tx: ReadTransaction,
  parts: RegisterParts,
  settled: Settled,
  isCreate: boolean,
): Promise<void> {
  if (settled.lifecycle === 'WEAK') return
  if (!isCreate) {
    throw registryErrors.invalidAssociation(
      'lifecycle',
      'cannot be STRONG for a topic that exists: a STRONG association comes with the topic',
    )
  }
  if (settled.wish.schema === undefined) {
    throw registryErrors.invalidAssociation('schema', 'must be given for a frozen association')
  }
  const live = (await readVersions(tx, settled.subject)).filter(({ deleted }) => deleted === 0)
  if (live.length === 0) return
  if (live.at(-1)?.version === 1 && (await hasSchema(tx, parts, settled))) return
  const told = 'no frozen association can be made of a subject that has schemas already'
  throw registryErrors.invalidAssociation('frozen', told)
}

async function hasSchema(
  tx: ReadTransaction,
  { parser }: RegisterParts,
  { wish: { schema }, subject }: Settled,
): Promise<boolean> {
  if (schema === undefined) return false
  try {
    await versionOfSchema(tx, parser, subject, schema, 'without')
    return true
  } catch (error) {
    if (error instanceof RegistryError && (error.code === 40401 || error.code === 40403)) {
      return false
    }
    throw error
  }
}

/** A topic owns its subjects or shares them: not one of each. @throws RegistryError 42212 */
function assertUniform(existing: readonly Association[], settled: readonly Settled[]): void {
  const byType = new Map<string, Lifecycle>()
  for (const { associationType, lifecycle } of existing) byType.set(associationType, lifecycle)
  for (const { wish, lifecycle } of settled) byType.set(wish.associationType, lifecycle)
  if (new Set(byType.values()).size < 2) return
  const told = [...byType].map(([type, lifecycle]) => `${type}=${lifecycle}`).join(', ')
  throw registryErrors.invalidAssociation('lifecycle', `must be the same for a resource: ${told}`)
}

/** With the versions of its subject, and with what else is associated with it. */
async function assertFits(
  tx: ReadTransaction,
  { wish, subject, lifecycle, before }: Settled,
  all: readonly Settled[],
): Promise<void> {
  const told = qualified(subject)
  const versions = await readVersions(tx, subject)
  if (wish.schema === undefined && !versions.some(({ deleted }) => deleted === 0)) {
    throw registryErrors.noActiveVersion(told)
  }
  const others = (await associationsOfSubject(tx, subject)).filter(
    (each) =>
      each.resourceId !== before?.resourceId || each.associationType !== before.associationType,
  )
  if (lifecycle === 'WEAK') {
    const isOwned = others.some((each) => each.lifecycle === 'STRONG')
    if (isOwned) throw registryErrors.strongAssociationExists(told)
    return
  }
  if (others.length > 0) throw registryErrors.associationOfSubjectExists(told)
  for (const { version } of versions) {
    const [by] = await readReferrers(tx, subject, version)
    if (by !== undefined) throw registryErrors.referenceExists(told, version, `id ${by}`)
  }
  const isReferred = all.some((other) =>
    other.wish.schema?.references.some((reference) =>
      isSameSubject(ofReference(other.subject.context, reference.subject), subject),
    ),
  )
  if (isReferred) throw registryErrors.referenceExists(told, 1, 'the same request')
}

type Registrations = ReadonlyMap<Settled, Judgement<SubjectVersion>>

async function registrationsOf(
  tx: ReadTransaction,
  parts: RegisterParts,
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
