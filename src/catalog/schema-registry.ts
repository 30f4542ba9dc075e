/**
 * Where the schema registry keeps what it knows, see src/registry. Persisted. Whoever writes
 * anything of a context holds the context's row: registrations are rare, and one at a time is what
 * makes ids, versions and checks of compatibility certain with any number of brokers.
 */
import { lockClass } from './lock-class.ts'
import type { Guard, Table } from './table.ts'

export interface RegistryContextRow {
  /** '.' is the default one. '.__GLOBAL' holds settings only. */
  context: string
  /** The next schema id; ids never come again, whatever is deleted. */
  nextId: number
  /** Rises with every change: what a broker keeps of the context is as of one number. */
  changes: number
}

export interface RegistrySchemaRow {
  context: string
  schemaId: number
  schemaType: string
  /** The canonical text. */
  text: string
  /** JSON: references, metadata, ruleSet; see registry/schema-content.ts. */
  facets: string
  /** Of all of it, as hex: the same content has the same id in a context. */
  hash: string
}

export interface RegistryHashRow {
  context: string
  hash: string
  schemaId: number
}

/** A version of a subject. */
export interface RegistryVersionRow {
  context: string
  subject: string
  version: number
  schemaId: number
  /** 1: deleted softly: nobody finds it who does not ask for deleted ones. */
  deleted: number
  registeredMs: number
}

/** The other way round: where a schema is registered. */
export interface RegistryUseRow {
  context: string
  schemaId: number
  subject: string
  version: number
}

export interface RegistrySubjectRow {
  context: string
  subject: string
  /** Versions in all, and those that are not deleted softly. */
  versions: number
  live: number
}

/** A schema that refers to a version: that cannot be deleted as long as the schema is used. */
export interface RegistryReferenceRow {
  context: string
  subject: string
  version: number
  byContext: string
  byId: number
}

/** Config and mode of a subject; with subject '' of the context. */
export interface RegistrySettingRow {
  context: string
  subject: string
  /** 'config' or 'mode'. */
  kind: string
  /** JSON of the config, or the name of the mode. */
  value: string
}

const ofContext: Guard<{ context: string }> = { table: 'registry_context', columns: ['context'] }

export const registryContexts: Table<RegistryContextRow> = {
  name: 'registry_context',
  lockClass: lockClass.registry,
  columns: { context: 'text', nextId: 'int', changes: 'int' },
  key: ['context'],
}

export const registrySchemas: Table<RegistrySchemaRow> = {
  name: 'registry_schema',
  lockClass: lockClass.registry,
  columns: {
    context: 'text',
    schemaId: 'int',
    schemaType: 'text',
    text: 'text',
    facets: 'text',
    hash: 'text',
  },
  key: ['context', 'schemaId'],
  guard: ofContext,
  wide: true,
}

export const registryHashes: Table<RegistryHashRow> = {
  name: 'registry_hash',
  lockClass: lockClass.registry,
  columns: { hash: 'text', context: 'text', schemaId: 'int' },
  key: ['hash', 'context'],
  guard: ofContext,
}

export const registryVersions: Table<RegistryVersionRow> = {
  name: 'registry_version',
  lockClass: lockClass.registry,
  columns: {
    context: 'text',
    subject: 'text',
    version: 'int',
    schemaId: 'int',
    deleted: 'int',
    registeredMs: 'int',
  },
  key: ['context', 'subject', 'version'],
  guard: ofContext,
}

export const registryUses: Table<RegistryUseRow> = {
  name: 'registry_use',
  lockClass: lockClass.registry,
  columns: { context: 'text', schemaId: 'int', subject: 'text', version: 'int' },
  key: ['context', 'schemaId', 'subject', 'version'],
  guard: ofContext,
}

export const registrySubjects: Table<RegistrySubjectRow> = {
  name: 'registry_subject',
  lockClass: lockClass.registry,
  columns: { context: 'text', subject: 'text', versions: 'int', live: 'int' },
  key: ['context', 'subject'],
  guard: ofContext,
}

export const registryReferences: Table<RegistryReferenceRow> = {
  name: 'registry_reference',
  lockClass: lockClass.registry,
  columns: { context: 'text', subject: 'text', version: 'int', byContext: 'text', byId: 'int' },
  key: ['context', 'subject', 'version', 'byContext', 'byId'],
  guard: ofContext,
}

export const registrySettings: Table<RegistrySettingRow> = {
  name: 'registry_setting',
  lockClass: lockClass.registry,
  columns: { context: 'text', subject: 'text', kind: 'text', value: 'text' },
  key: ['context', 'subject', 'kind'],
  guard: ofContext,
}

export const registryTables = [
  registryContexts,
  registrySchemas,
  registryHashes,
  registryVersions,
  registryUses,
  registrySubjects,
  registryReferences,
  registrySettings,
] as readonly Table<never>[]
