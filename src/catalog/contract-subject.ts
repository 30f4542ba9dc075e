/** What the catalog contract's tests share: a catalog for each, rows, steps to wait for. */
import { test } from 'node:test'
import type { ContractSubject } from './contract.ts'
import type { CatalogDatabase } from './database.ts'
import type { CommitLogRow, GroupOffsetRow, PartitionRow, ProducerStateRow } from './schema.ts'

type CatalogWork = (database: CatalogDatabase) => Promise<void>

/** Declares tests of the adapter `name`, each on an empty catalog that is discarded after it. */
export function contractTests(
  name: string,
  open: () => Promise<ContractSubject>,
): (title: string, work: CatalogWork) => void {
  return (title, work) => {
    test(`${name}: ${title}`, async () => {
      const subject = await open()
      try {
        await work(subject.database)
      } finally {
        await subject.discard()
      }
    })
  }
}

/** Steps that tests of interleaving wait for, by name. */
export class Steps {
  readonly #steps = new Map<string, PromiseWithResolvers<void>>()

  readonly #reached = new Set<string>()

  reach(name: string): void {
    this.#reached.add(name)
    this.#step(name).resolve()
  }

  isReached(name: string): boolean {
    return this.#reached.has(name)
  }

  reached(name: string): Promise<void> {
    return this.#step(name).promise
  }

  #step(name: string): PromiseWithResolvers<void> {
    let step = this.#steps.get(name)
    if (step === undefined) this.#steps.set(name, (step = Promise.withResolvers<void>()))
    return step
  }
}

export function partitionRow(
  partitionId: number,
  changes: Partial<PartitionRow> = {},
): PartitionRow {
  return {
    partitionId,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    partitionIndex: partitionId,
    logStart: 0,
    logEnd: 0,
    leaderEpoch: 0,
    packedEnd: 0,
    producersKnownFrom: 0,
    recentProducers: null,
    ...changes,
  }
}

export function producerRow(
  partitionId: number,
  producerId: number,
  changes: Partial<ProducerStateRow> = {},
): ProducerStateRow {
  const none = { epoch: 0, window: new Uint8Array(0), lastMs: 0 }
  const ended = { transactionOffset: null, markerMs: null }
  return { partitionId, producerId, ...none, ...ended, ...changes }
}

export function commitRow(
  incarnation: number,
  groupNumber: number,
  changes: Partial<CommitLogRow> = {},
): CommitLogRow {
  return {
    incarnation,
    groupNumber,
    state: 'committed',
    objectId: 'object',
    position: 0,
    length: 1,
    createdMs: 1,
    manifest: new Uint8Array(0),
    outcomes: new Uint8Array(0),
    changes: null,
    ...changes,
  }
}

export function offsetRow(
  groupId: string,
  topicId: string,
  partitionIndex: number,
  changes: Partial<GroupOffsetRow> = {},
): GroupOffsetRow {
  return {
    groupId,
    topicId,
    partitionIndex,
    offset: 0,
    leaderEpoch: -1,
    metadata: '',
    committedMs: 0,
    expiresMs: null,
    ...changes,
  }
}
