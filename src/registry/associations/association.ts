/**
 * An association: a subject describes the keys or values of a resource, which is a topic. A STRONG
 * one owns its subject: the subject is the topic's alone, is not referred to, and goes with it. It
 * is frozen: nothing changes it but its end. A WEAK one only says that they belong together.
 */
import type { ReadTransaction } from '../../catalog/database.ts'
import {
  associationsContext,
  registryAssociationNames,
  type RegistryAssociationRow,
  registryAssociations,
  registryAssociationSubjects,
} from '../../catalog/schema-associations.ts'
import type { Key } from '../../catalog/table.ts'
import { scanBelow } from '../../catalog/scan-below.ts'
import type { SubjectName } from '../subject-name.ts'

export type AssociationType = 'key' | 'value'
export type Lifecycle = 'STRONG' | 'WEAK'
/** The only kind of resource there is. */
export const resourceType = 'topic'
/** In a question: whatever the name, or the namespace. */
const anyName = '-'

export interface Association {
  readonly guid: string
  readonly resourceName: string
  readonly resourceNamespace: string
  readonly resourceId: string
  readonly associationType: AssociationType
  readonly subject: SubjectName
  readonly lifecycle: Lifecycle
  readonly createdMs: number
  readonly changedMs: number
}

/** Undefined, or none: any. */
export interface AssociationFilter {
  readonly resourceType?: string | undefined
  readonly associationTypes: readonly string[]
  readonly lifecycle?: Lifecycle | undefined
}

export function isWantedAssociation(
  { associationType, lifecycle }: Association,
  filter: AssociationFilter,
): boolean {
  const { associationTypes: types } = filter
  return (
    (filter.resourceType ?? resourceType) === resourceType &&
    (types.length === 0 || types.includes(associationType)) &&
    (filter.lifecycle === undefined || filter.lifecycle === lifecycle)
  )
}

export async function associationsOfResource(
  tx: ReadTransaction,
  resourceId: string,
): Promise<Association[]> {
  return (await scanBelow(tx, registryAssociations, [associationsContext, resourceId])).map(
    associationOf,
  )
}

/** Of all resources that have the name; '-' as namespace, or as name, is any. */
export async function associationsOfName(
  tx: ReadTransaction,
  namespace: string,
  name: string,
): Promise<Association[]> {
  const prefix = name === anyName ? [associationsContext] : [associationsContext, name]
  const rows = await scanBelow(tx, registryAssociationNames, prefix)
  return associationsAt(
    tx,
    rows.filter((row) => namespace === anyName || row.resourceNamespace === namespace),
  )
}

export async function associationsOfSubject(
  tx: ReadTransaction,
  { context, subject }: SubjectName,
): Promise<Association[]> {
  const prefix = [associationsContext, context, subject]
  return associationsAt(tx, await scanBelow(tx, registryAssociationSubjects, prefix))
}

async function associationsAt(
  tx: ReadTransaction,
  rows: readonly { readonly resourceId: string; readonly associationType: string }[],
): Promise<Association[]> {
  const keys = rows.map((row) => [associationsContext, row.resourceId, row.associationType])
  const found = keys.length === 0 ? [] : await tx.get(registryAssociations, keys)
  return found.filter((row) => row !== undefined).map(associationOf)
}

function associationOf(row: RegistryAssociationRow): Association {
  const { context: _guard, subjectContext, subject, associationType, lifecycle, ...rest } = row
  return {
    ...rest,
    subject: { context: subjectContext, subject },
    associationType: associationType as AssociationType,
    lifecycle: lifecycle as Lifecycle,
  }
}

export function rowOfAssociation(association: Association): RegistryAssociationRow {
  const { subject: name, ...rest } = association
  const { context: subjectContext, subject } = name
  return { ...rest, context: associationsContext, subjectContext, subject }
}

/** Keys of the rows of one association, in each of the tables. */
export function keysOfAssociation({
  resourceId,
  resourceName,
  resourceNamespace,
  associationType,
  subject: { context, subject },
}: Association): { readonly own: Key; readonly name: Key; readonly subject: Key } {
  return {
    own: [associationsContext, resourceId, associationType],
    name: [associationsContext, resourceName, resourceNamespace, resourceId, associationType],
    subject: [associationsContext, context, subject, resourceId, associationType],
  }
}
