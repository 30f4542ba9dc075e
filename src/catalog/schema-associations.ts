/**
 * Which subjects describe which topics, see src/registry/associations. Persisted. All of them are
 * guarded by one row of registry_context: they are few, change rarely, and depend on each other.
 */
import { lockClass } from './lock-class.ts'
import type { Guard, Table } from './table.ts'

/** The row of registry_context that guards them; its nextId counts them, and is one more. */
export const associationsContext = '.__ASSOCIATIONS'

export interface RegistryAssociationRow {
  /** Always associationsContext. */
  context: string
  resourceId: string
  /** 'key' or 'value'. */
  associationType: string
  resourceName: string
  resourceNamespace: string
  subjectContext: string
  subject: string
  /** 'STRONG' or 'WEAK'. */
  lifecycle: string
  guid: string
  createdMs: number
  changedMs: number
}

/** Where to look by the name of the resource. */
export interface RegistryAssociationNameRow {
  context: string
  resourceName: string
  resourceNamespace: string
  resourceId: string
  associationType: string
}

/** Where to look by subject. */
export interface RegistryAssociationSubjectRow {
  context: string
  subjectContext: string
  subject: string
  resourceId: string
  associationType: string
}

const guard: Guard<{ context: string }> = {
  table: 'registry_context',
  columns: ['context'],
}

export const registryAssociations: Table<RegistryAssociationRow> = {
  name: 'registry_association',
  lockClass: lockClass.registry,
  columns: {
    context: 'text',
    resourceId: 'text',
    associationType: 'text',
    resourceName: 'text',
    resourceNamespace: 'text',
    subjectContext: 'text',
    subject: 'text',
    lifecycle: 'text',
    guid: 'text',
    createdMs: 'int',
    changedMs: 'int',
  },
  key: ['context', 'resourceId', 'associationType'],
  guard,
}

export const registryAssociationNames: Table<RegistryAssociationNameRow> = {
  name: 'registry_association_name',
  lockClass: lockClass.registry,
  columns: {
    context: 'text',
    resourceName: 'text',
    resourceNamespace: 'text',
    resourceId: 'text',
    associationType: 'text',
  },
  key: ['context', 'resourceName', 'resourceNamespace', 'resourceId', 'associationType'],
  guard,
}

export const registryAssociationSubjects: Table<RegistryAssociationSubjectRow> = {
  name: 'registry_association_subject',
  lockClass: lockClass.registry,
  columns: {
    context: 'text',
    subjectContext: 'text',
    subject: 'text',
    resourceId: 'text',
    associationType: 'text',
  },
  key: ['context', 'subjectContext', 'subject', 'resourceId', 'associationType'],
  guard,
}

export const associationTables = [
  registryAssociations,
  registryAssociationNames,
  registryAssociationSubjects,
] as readonly Table<never>[]
