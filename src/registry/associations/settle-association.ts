/** What a wish for an association comes to, or why it cannot be. */
import type { ReadTransaction } from '../../catalog/database.ts'
import { unaliased, versionOfSchema } from '../lookups.ts'
import type { JudgeParts } from '../register.ts'
import { RegistryError, registryErrors } from '../registry-error.ts'
import { readModeInScope, readReferrers, readVersions } from '../registry-reads.ts'
import { ofReference } from '../resolve-references.ts'
import { qualified, type SubjectName } from '../subject-name.ts'
import { type Association, associationsOfSubject, type Lifecycle } from './association.ts'
import {
  type AssociationRequest,
  type AssociationWish,
  isSameSubject,
  notOwnSubject,
  ownSubject,
  ownSubjectOfWeak,
  schemaOfWeak,
  unfitFrozen,
  withDefaults,
} from './association-request.ts'
/** A wish, and what it comes to. */
export interface Settled {
  readonly wish: AssociationWish
  readonly subject: SubjectName
  readonly lifecycle: Lifecycle
  readonly before: Association | undefined
  /** There is nothing to do. */
  readonly isSame: boolean
}

export async function settle(
  tx: ReadTransaction,
  parts: JudgeParts,
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
  parts: JudgeParts,
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
  { parser }: JudgeParts,
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
export function assertUniform(existing: readonly Association[], settled: readonly Settled[]): void {
  const byType = new Map<string, Lifecycle>()
  for (const { associationType, lifecycle } of existing) byType.set(associationType, lifecycle)
  for (const { wish, lifecycle } of settled) byType.set(wish.associationType, lifecycle)
  if (new Set(byType.values()).size < 2) return
  const told = [...byType].map(([type, lifecycle]) => `${type}=${lifecycle}`).join(', ')
  throw registryErrors.invalidAssociation('lifecycle', `must be the same for a resource: ${told}`)
}

/** With the versions of its subject, and with what else is associated with it. */
export async function assertFits(
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
