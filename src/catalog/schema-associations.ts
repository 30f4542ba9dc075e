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
  guardContext: string
  resourceId: string
  /** 'key' or 'value'. */
  associationType: string
  resourceName: string
  resourceNamespace: string
  context: string
  subject: string
  /** 'STRONG' or 'WEAK'. */
  lifecycle: string
  guid: string
  createdMs: number
  changedMs: number
}

/** Where to look by the name of the resource. */
export interface RegistryAssociationNameRow {
  guardContext: string
  resourceName: string
  resourceNamespace: string
  resourceId: string
  associationType: string
}

/** Where to look by subject. */
export interface RegistryAssociationSubjectRow {
  guardContext: string
  context: string
  subject: string
  resourceId: string
  associationType: string
}

const guard: Guard<{ guardContext: string }> = {
  table: 'registry_context',
  columns: ['guardContext'],
}

export const registryAssociations: Table<RegistryAssociationRow> = {
  name: 'registry_association',
  lockClass: lockClass.registry,
  columns: {
    guardContext: 'text',
    resourceId: 'text',
    associationType: 'text',
    resourceName: 'text',
    resourceNamespace: 'text',
    context: 'text',
    subject: 'text',
    lifecycle: 'text',
    guid: 'text',
    createdMs: 'int',
    changedMs: 'int',
  },
  key: ['guardContext', 'resourceId', 'associationType'],
  guard,
}

export const registryAssociationNames: Table<RegistryAssociationNameRow> = {
  name: 'registry_association_name',
  lockClass: lockClass.registry,
  columns: {
    guardContext: 'text',
    resourceName: 'text',
    resourceNamespace: 'text',
    resourceId: 'text',
    associationType: 'text',
  },
  key: ['guardContext', 'resourceName', 'resourceNamespace', 'resourceId', 'associationType'],
  guard,
}

export const registryAssociationSubjects: Table<RegistryAssociationSubjectRow> = {
  name: 'registry_association_subject',
  lockClass: lockClass.registry,
  columns: {
    guardContext: 'text',
    context: 'text',
    subject: 'text',
    resourceId: 'text',
    associationType: 'text',
  },
  key: ['guardContext', 'context', 'subject', 'resourceId', 'associationType'],
  guard,
}

export const associationTables = [
  registryAssociations,
  registryAssociationNames,
  registryAssociationSubjects,
] as readonly Table<never>[]
