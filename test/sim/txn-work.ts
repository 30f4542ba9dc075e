/**
 * The transactional part of a run: producers of both versions of the protocol, two of which take
 * each other's id over, and readers of committed records.
 */
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import type { SimClient } from './sim-client.ts'
import { runTxnActor } from './txn-actor.ts'
import { type CommittedRecord, TxnHistory } from './txn-history.ts'
import {
  committedOffset,
  readAllCommitted,
  runTxnReader,
  type TxnReaderParts,
} from './txn-reader.ts'

export interface TxnWorkParts {
  readonly clock: Clock
  readonly fork: () => Random
  readonly client: (name: string) => SimClient
  readonly note: (line: string) => void
  readonly isOver: () => boolean
}

/** The simulated broker gives new topics so many. */
const partitionCount = 3

const producers: readonly { name: string; transactionalId: string; isBumping: boolean }[] = [
  { name: 'txn-a', transactionalId: 'a', isBumping: true },
  { name: 'txn-b', transactionalId: 'b', isBumping: false },
  { name: 'txn-c', transactionalId: 'c', isBumping: true },
  { name: 'txn-d', transactionalId: 'c', isBumping: true },
]

export class TxnWork {
  static readonly topic = 'payments'
  readonly #parts: TxnWorkParts
  readonly #history = new TxnHistory()

  constructor(parts: TxnWorkParts) {
    this.#parts = parts
  }

  start(): Promise<void>[] {
    const { clock, fork, client, note, isOver } = this.#parts
    const shared = { clock, note, isOver, history: this.#history, topic: TxnWork.topic }
    const actors = producers.map((producer) => {
      const parts = { ...shared, ...producer, partitionCount, random: fork() }
      return runTxnActor({ ...parts, client: client(producer.name) })
    })
    const readers = Array.from({ length: partitionCount }, (_, partition) =>
      runTxnReader(this.#reader(partition)),
    )
    return [...actors, ...readers]
  }

  #reader(partition: number): TxnReaderParts {
    const { clock, fork, client, isOver } = this.#parts
    const own = { client: client(`committed-${partition}`), random: fork() }
    return { ...own, clock, isOver, history: this.#history, topic: TxnWork.topic, partition }
  }

  /** Once all have come to an end. */
  async check(): Promise<void> {
    const logs = new Map<number, CommittedRecord[]>()
    for (let partition = 0; partition < partitionCount; partition++) {
      logs.set(partition, await readAllCommitted(this.#reader(partition)))
    }
    const offsets = new Map<string, number>()
    for (const { name } of producers) {
      offsets.set(name, await committedOffset(this.#reader(0), name))
    }
    this.#history.check(logs, offsets)
    const { transactions } = this.#history
    const committed = transactions.filter(({ fate }) => fate === 'committed').length
    this.#parts.note(`${committed} of ${transactions.length} transactions were committed`)
  }
}
