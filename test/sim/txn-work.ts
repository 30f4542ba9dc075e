/**
 * The transactional part of a run: producers of both versions of the protocol, two of which take
 * each other's id over, and two of which die with a transaction open that the broker has to abort;
 * and readers of committed records.
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { describeTransactions } from '../../src/wire/messages/65-describe-transactions.ts'
import { type Asker, Lost } from './sim-client.ts'
import { type Remains, runMortal, runTxnActor } from './txn-actor.ts'
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
  readonly client: (name: string) => Asker
  readonly note: (line: string) => void
  readonly isOver: () => boolean
  /** See TxnReaderParts. */
  readonly lateReadsMax: number
}

/** The simulated broker gives new topics so many. */
const partitionCount = 3

/** Longer than a run: who is alive ends its transactions by itself. */
const patient = { timeoutMs: 60_000, awayMs: 0 }
/** Over while it is away, as the broker finds by then or later. */
const mortal = { timeoutMs: 800, awayMs: 1_500, isMortal: true }

const producers: readonly {
  readonly name: string
  readonly transactionalId: string
  readonly isBumping: boolean
  readonly timeoutMs: number
  readonly awayMs: number
  readonly isMortal?: boolean
}[] = [
  { name: 'txn-a', transactionalId: 'a', isBumping: true, ...patient },
  { name: 'txn-b', transactionalId: 'b', isBumping: false, ...patient },
  { name: 'txn-c', transactionalId: 'c', isBumping: true, ...patient },
  { name: 'txn-d', transactionalId: 'c', isBumping: true, ...patient },
  { name: 'txn-e', transactionalId: 'e', isBumping: true, ...mortal },
  { name: 'txn-f', transactionalId: 'f', isBumping: false, ...mortal },
]

/** In which time the broker finds what is open for too long, after its last fault. */
const reapedMs = 10_000

export class TxnWork {
  static readonly topic = 'payments'
  readonly #parts: TxnWorkParts
  readonly #history = new TxnHistory()
  readonly #remains: Remains[] = []

  constructor(parts: TxnWorkParts) {
    this.#parts = parts
  }

  start(): Promise<void>[] {
    const { clock, fork, client, note, isOver } = this.#parts
    const shared = { clock, note, isOver, history: this.#history, topic: TxnWork.topic }
    const actors = producers.map((producer) => {
      const own = { client: client(producer.name), random: fork() }
      const parts = { ...shared, ...producer, ...own, partitionCount }
      if (producer.isMortal !== true) return runTxnActor(parts)
      return runMortal(parts).then((remains) => void this.#remains.push(remains))
    })
    const readers = Array.from({ length: partitionCount }, (_, partition) =>
      runTxnReader(this.#reader(partition)),
    )
    return [...actors, ...readers]
  }

  #reader(partition: number): TxnReaderParts {
    const { clock, fork, client, isOver, lateReadsMax } = this.#parts
    const own = { client: client(`committed-${partition}`), random: fork() }
    const shared = { clock, isOver, lateReadsMax, history: this.#history, topic: TxnWork.topic }
    return { ...shared, ...own, partition }
  }

  /** Once all have come to an end. */
  async check(): Promise<void> {
    for (const remains of this.#remains) await this.#checkReaped(remains)
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

  /** T4: what is open for too long is aborted, and whoever had it is fenced. */
  async #checkReaped({ transactionalId, producerEpoch, haunt }: Remains): Promise<void> {
    const { clock, client, note } = this.#parts
    const asker = client(`reaped-${transactionalId}`)
    const untilMs = clock.monotonicMs() + reapedMs
    const state = async (): Promise<string> => {
      const body = { transactionalIds: [transactionalId] }
      const [told] = (await asker.request(describeTransactions, 0, body)).transactionStates
      return `${told?.transactionState} at epoch ${told?.producerEpoch}`
    }
    const expected = `CompleteAbort at epoch ${producerEpoch + 1}`
    let last = ''
    while (last !== expected) {
      const told = `T4: ${transactionalId} at epoch ${producerEpoch} is ${last}`
      assert.ok(clock.monotonicMs() < untilMs, told)
      await sleep(clock, 50)
      last = await untilAnswered(clock, state)
    }
    for (let isAnswered = false; !isAnswered;) {
      const code = await haunt()
      isAnswered = code !== undefined && code !== ErrorCode.NOT_COORDINATOR
      if (code === undefined || !isAnswered) {
        await sleep(clock, 50)
        continue
      }
      assert.ok(fenced.has(code), `T4: a producer whose time was over is answered ${code}`)
    }
    assert.equal(await untilAnswered(clock, state), expected, 'T4: nothing came of it')
    note(`${transactionalId} was aborted in time`)
  }
}

async function untilAnswered<Answer>(clock: Clock, ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
    await sleep(clock, 50)
  }
}

/** Of version 2 the epoch is known as that before the abort: it was not a commit. */
const fenced: ReadonlySet<number> = new Set([
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_TXN_STATE,
])
