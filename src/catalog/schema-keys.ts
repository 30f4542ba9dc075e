/**
 * Keys that clients encrypt fields with, see src/registry/keys. Persisted. None is here in the
 * clear: a data key is wrapped with a key that only a key management service has. Whoever writes
 * a data key holds the row of the key that it is wrapped with.
 */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

/** A key encryption key: where it is, not what it is. */
export interface RegistryKekRow {
  kekName: string
  kmsType: string
  kmsKeyId: string
  /** JSON of a map of text: what clients give their service along. */
  kmsProps: string
  doc: string | null
  /** 1: deleted softly. */
  deleted: number
  /** Data keys below it, deleted ones too. */
  deks: number
  changedMs: number
}

/** A version of a data encryption key. */
export interface RegistryDekRow {
  kekName: string
  /** Qualified, as clients write it. */
  subject: string
  algorithm: string
  version: number
  /** Wrapped with the KEK, in base64. */
  encryptedKey: string
  /** 1: deleted softly. */
  deleted: number
  changedMs: number
}

export const registryKeks: Table<RegistryKekRow> = {
  name: 'registry_kek',
  lockClass: lockClass.registry,
  columns: {
    kekName: 'text',
    kmsType: 'text',
    kmsKeyId: 'text',
    kmsProps: 'text',
    doc: 'text?',
    deleted: 'int',
    deks: 'int',
    changedMs: 'int',
  },
  key: ['kekName'],
}

export const registryDeks: Table<RegistryDekRow> = {
  name: 'registry_dek',
  lockClass: lockClass.registry,
  columns: {
    kekName: 'text',
    subject: 'text',
    algorithm: 'text',
    version: 'int',
    encryptedKey: 'text',
    deleted: 'int',
    changedMs: 'int',
  },
  key: ['kekName', 'subject', 'algorithm', 'version'],
  guard: { table: 'registry_kek', columns: ['kekName'] },
}

export const keyTables = [registryKeks, registryDeks] as readonly Table<never>[]
