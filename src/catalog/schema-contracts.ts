/** Event contracts as they were applied, see src/contract. Persisted. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

export interface ContractRow {
  contractId: string
  /** The revision in force; revisions count from 1. */
  revision: number
}

/** What was applied once, for ever: whoever asks what held for a record is told. */
export interface ContractRevisionRow {
  contractId: string
  revision: number
  /** MAJOR.MINOR.PATCH, as the file says. */
  version: string
  /** The file, byte for byte, and JSON of the files that it names, by path. */
  text: string
  files: string
  appliedMs: number
  /** Who approved what the revision before did not allow; null where nobody had to. */
  approvedBy: string | null
  /**
   * JSON: by topic name, its id and the log end of each partition when the revision began to count:
   * batches below were judged by what held before, those from there on by this one.
   */
  boundaries: string
}

/** Which contract a topic is under. */
export interface ContractTopicRow {
  topicName: string
  contractId: string
  /** The kind of event; empty where the topic takes what is set aside. */
  eventName: string
}

export const contracts: Table<ContractRow> = {
  name: 'contract',
  lockClass: lockClass.contract,
  columns: { contractId: 'text', revision: 'int' },
  key: ['contractId'],
}

export const contractRevisions: Table<ContractRevisionRow> = {
  name: 'contract_revision',
  lockClass: lockClass.contract,
  columns: {
    contractId: 'text',
    revision: 'int',
    version: 'text',
    text: 'text',
    files: 'text',
    appliedMs: 'int',
    approvedBy: 'text?',
    boundaries: 'text',
  },
  key: ['contractId', 'revision'],
  guard: { table: 'contract', columns: ['contractId'] },
  wide: true,
}

export const contractTopics: Table<ContractTopicRow> = {
  name: 'contract_topic',
  lockClass: lockClass.contract,
  columns: { topicName: 'text', contractId: 'text', eventName: 'text' },
  key: ['topicName'],
}

export const contractTables = [
  contracts,
  contractRevisions,
  contractTopics,
] as readonly Table<never>[]
