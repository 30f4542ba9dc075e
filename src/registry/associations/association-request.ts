/** What clients ask associations to be, with what they leave out filled in. */
import { registryErrors } from '../registry-error.ts'
import type { SchemaRequest } from '../register.ts'
import { qualified, type SubjectName } from '../subject-name.ts'
import { type AssociationType, type Lifecycle, resourceType } from './association.ts'

export interface AssociationWish {
  readonly subject: SubjectName | undefined
  readonly associationType: AssociationType
  readonly lifecycle: Lifecycle | undefined
  readonly frozen: boolean | undefined
  /** Registered with the association. */
  readonly schema: SchemaRequest | undefined
}

export interface AssociationRequest {
  readonly resourceName: string
  readonly resourceNamespace: string
  /** Undefined only where nothing is to be written. */
  readonly resourceId: string | undefined
  readonly associations: readonly AssociationWish[]
}

const nameCharsMax = 256

/** The subject that a topic owns if it owns any. */
export function ownSubject(
  { resourceNamespace, resourceName }: AssociationRequest,
  associationType: AssociationType,
): SubjectName {
  return { context: `.${resourceNamespace}`, subject: `${resourceName}-${associationType}` }
}

export const isSameSubject = (a: SubjectName, b: SubjectName): boolean =>
  a.context === b.context && a.subject === b.subject

/**
 * What can be told without looking.
 *
 * @throws RegistryError 42212
 */
export function checkedRequest(
  request: AssociationRequest,
  isCreate: boolean,
  isDryRun: boolean,
): AssociationRequest {
  const { resourceId, associations } = request
  assertResourceName('resourceName', request.resourceName)
  assertResourceName('resourceNamespace', request.resourceNamespace)
  if (!isDryRun && (resourceId === undefined || resourceId === '')) {
    throw registryErrors.invalidAssociation('resourceId', 'cannot be null or empty')
  }
  if (associations.length === 0) {
    throw registryErrors.invalidAssociation('associations', 'cannot be null or empty')
  }
  const types = new Set(associations.map(({ associationType }) => associationType))
  if (types.size < associations.length) {
    throw registryErrors.invalidAssociation('associationType', 'appears more than once')
  }
  if (!isCreate) return request
  return { ...request, associations: associations.map((wish) => newWish(wish, request)) }
}

/** @throws RegistryError 42212 */
export function assertResourceType(text: string | undefined): void {
  if (text === undefined || text === '' || text === resourceType) return
  throw registryErrors.invalidAssociation('resourceType', `must be '${resourceType}'`)
}

/** @throws RegistryError 42212 */
export function associationTypeOf(text: string | undefined): AssociationType {
  if (text === undefined || text === '') return 'value'
  if (text === 'key' || text === 'value') return text
  throw registryErrors.invalidAssociation('associationType', "must be either 'key' or 'value'")
}

/** @throws RegistryError 42212 */
export function lifecycleOf(text: string): Lifecycle {
  const lifecycle = (['STRONG', 'WEAK'] as const).find((each) => each === text.toUpperCase())
  if (lifecycle !== undefined) return lifecycle
  throw registryErrors.invalidAssociation('lifecycle', 'must be STRONG or WEAK')
}

/**
 * What comes to be: with a schema it is STRONG, else WEAK if nothing is said.
 *
 * @throws RegistryError 42212
 */
export function withDefaults(wish: AssociationWish, isCreate: boolean): AssociationWish {
  if (wish.schema !== undefined && !isCreate) {
    throw registryErrors.invalidAssociation(
      'schema',
      'cannot be given for a topic that exists: it comes with the topic',
    )
  }
  if (wish.schema !== undefined && wish.lifecycle === 'WEAK') throw schemaOfWeak()
  const lifecycle = wish.schema !== undefined ? 'STRONG' : (wish.lifecycle ?? 'WEAK')
  const frozen = lifecycle === 'STRONG'
  if (wish.frozen !== undefined && wish.frozen !== frozen) throw unfitFrozen(lifecycle, wish.frozen)
  return { ...wish, lifecycle, frozen }
}

function newWish(wish: AssociationWish, request: AssociationRequest): AssociationWish {
  const whole = withDefaults(wish, true)
  const own = ownSubject(request, wish.associationType)
  if (whole.lifecycle === 'STRONG') {
    const subject = whole.subject ?? own
    if (!isSameSubject(subject, own)) throw notOwnSubject(own)
    return { ...whole, subject }
  }
  if (whole.subject === undefined) {
    throw registryErrors.invalidAssociation('subject', 'must be given for WEAK associations')
  }
  if (isSameSubject(whole.subject, own)) throw ownSubjectOfWeak(own)
  return whole
}

export const schemaOfWeak = (): Error =>
  registryErrors.invalidAssociation('lifecycle', 'cannot be WEAK when a schema is given')

export const unfitFrozen = (lifecycle: Lifecycle, frozen: boolean): Error =>
  registryErrors.invalidAssociation(
    'frozen',
    `${lifecycle} associations cannot be frozen=${frozen}`,
  )

export const notOwnSubject = (own: SubjectName): Error =>
  registryErrors.invalidAssociation(
    'subject',
    `frozen associations must use subject '${qualified(own)}'`,
  )

export const ownSubjectOfWeak = (own: SubjectName): Error =>
  registryErrors.invalidAssociation(
    'subject',
    `WEAK associations cannot use subject '${qualified(own)}'`,
  )

/** As topics are named. */
function assertResourceName(field: string, name: string): void {
  if (name.length <= nameCharsMax && /^[\p{L}\p{N}._-]+$/u.test(name)) return
  throw registryErrors.invalidAssociation(
    field,
    `up to ${nameCharsMax} letters, digits, dots, _ and -, and not empty`,
  )
}
