/**
 * The verbs of transactions, over the catalog: any broker serves any transactional id, and what is
 * kept in memory is a hint (open-transactions.ts). Every verb may be asked again after a lost
 * answer.
 */
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import {
  type EndDecision,
  type EndIntent,
  type MarkAnswer,
  type MarkIntent,
  transactionPartitionsMax,
} from '../catalog/end-transaction.ts'
import { type CoordinatorTerm, soleTerm } from '../catalog/coordinator-term.ts'
import type { TransactionRow } from '../catalog/schema-transactions.ts'
import {
  changeTransaction,
  type DescribedTransaction,
  describeTransaction,
  forgetTransaction,
  type PendingCommit,
  type PendingResult,
  readTransaction,
  readTransactions,
  type Registering,
  writePendingOffsets,
} from '../catalog/transactions.ts'
import { CoordinatorTurns, inTerm } from './coordinator-turns.ts'
import { OpenTransactions } from './open-transactions.ts'
import type { ProducerIds } from './producer-ids.ts'
import {
  abortTimedOut,
  bumpingVersion,
  type EndRequest,
  endTransaction,
  initProducer,
  type InitRequest,
  joinTransaction,
  type ProducerIdentity,
  type TransactionRefusal,
  type Verdict,
  verifyTransaction,
} from './state-table.ts'

export interface TransactionCoordinatorParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly log: Log
  readonly producerIds: ProducerIds
  /** Ends a transaction in the line of commits, see AppendLane.end. */
  readonly end: (intent: EndIntent | MarkIntent) => Promise<unknown>
  /** `transaction.max.timeout.ms`. */
  readonly timeoutMsMax: number
  /** `transactional.id.expiration.ms`. */
  readonly expirationMs: number
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms`. */
  readonly abortIntervalMs: number
  /** `transaction.remove.expired.transaction.cleanup.interval.ms`. */
  readonly forgetIntervalMs: number
  /** Whether this broker ends what is open for too long now. Default: it does. */
  readonly mayReap?: () => Promise<boolean>
  /** Of this broker; undefined where another coordinates the id. Default: it is the only one. */
  readonly termOf?: (transactionalId: string) => CoordinatorTerm | undefined
}

export interface Refused {
  readonly outcome: 'refused'
  readonly reason: TransactionRefusal
}

type Granted = Extract<Verdict, { readonly outcome: 'granted' }>
export type Answer = Granted | Refused

/** What batches may be written for. */
export interface AppendGrant {
  readonly outcome: 'granted'
  /** Of the transaction that is open. */
  readonly serial: number
  /** The catalog was not asked. */
  readonly isRemembered: boolean
}

/** Who asks for something in a transaction. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string
}

const refused = (reason: TransactionRefusal): Refused => ({ outcome: 'refused', reason })

/** Transactional ids looked at together by the reaper and by listings. */
const idsPerPage = 1_000

const judged = (verdict: Verdict): Verdict & { isGranted: boolean; next?: TransactionRow } => ({
  ...verdict,
  isGranted: verdict.outcome === 'granted',
})

export class TransactionCoordinator {
  readonly #parts: TransactionCoordinatorParts
  readonly #open = new OpenTransactions()
  readonly #turns: CoordinatorTurns

  constructor(parts: TransactionCoordinatorParts) {
    this.#parts = parts
    this.#turns = new CoordinatorTurns(parts.termOf ?? (() => soleTerm))
  }

  /** InitProducerId: the producer's id and epoch; whoever had the transactional id is fenced. */
  initProducer(
    request: Pick<InitRequest, 'transactionalId' | 'timeoutMs' | 'known'>,
  ): Promise<Answer> {
    const { transactionalId, timeoutMs } = request
    const { timeoutMsMax } = this.#parts
    if (transactionalId === '') return Promise.resolve(refused('invalid-request'))
    if (timeoutMs <= 0 || timeoutMs > timeoutMsMax) {
      return Promise.resolve(refused('invalid-timeout'))
    }
    return this.#decide(transactionalId, (row, nowMs, freshProducerId) =>
      initProducer(row, { ...request, nowMs, freshProducerId }),
    )
  }

  /** Registers partitions, or a group, with the producer's transaction, and begins it. */
  join(
    producer: TransactionalProducer,
    clientVersion: number,
    registering: Registering,
  ): Promise<Answer> {
    const { transactionalId } = producer
    if (transactionalId === '') return Promise.resolve(refused('invalid-request'))
    if ((registering.partitionIds?.length ?? 0) > transactionPartitionsMax) {
      return Promise.resolve(refused('too-large'))
    }
    return this.#turns.run(transactionalId, (term) =>
      this.#join(producer, registering, inTerm(term, joining(producer, clientVersion))),
    )
  }

  #join(
    { transactionalId }: TransactionalProducer,
    registering: Registering,
    join: JoinJudge,
  ): Promise<Answer> {
    const { database, clock } = this.#parts
    const nowMs = clock.nowMs()
    return this.#orRefused('join transaction', async () => {
      const judge = (row: TransactionRow | undefined): ReturnType<typeof judged> =>
        judged(join(row, nowMs))
      const answer = answerOf(
        await changeTransaction(database, transactionalId, judge, registering),
      )
      if (answer.outcome === 'granted') {
        this.#open.remember(
          transactionalId,
          answer.producer,
          answer.serial,
          registering.partitionIds ?? [],
        )
      }
      return answer
    })
  }

  /** Whether the partitions are registered with the producer's open transaction. */
  verify(
    producer: TransactionalProducer,
    partitionIds: readonly number[],
  ): Promise<
    Refused | { readonly outcome: 'verified'; readonly isRegistered: readonly boolean[] }
  > {
    return this.#orRefused('verify transaction', async () => {
      const { transactionalId } = producer
      const seen = await readTransaction(this.#parts.database, transactionalId, partitionIds)
      const answer = answerOf(verifyTransaction(seen.row, producer))
      if (answer.outcome === 'granted') {
        return { outcome: 'verified', isRegistered: seen.isRegistered }
      }
      if (answer.reason !== 'invalid-state') return answer
      return { outcome: 'verified', isRegistered: partitionIds.map(() => false) }
    })
  }

  /**
   * The transaction that batches for these partitions belong to, before they are appended. With
   * `joins` the partitions are registered where they are not yet (KIP-890), by any broker: the
   * epoch tells one transaction from the next. The epoch of older clients does not, and where
   * another broker coordinates, it ends one and begins the next unheard: then the catalog is asked
   * each time. What is not allowed is refused by the commit, which looks again: also what was
   * granted from memory (`isRemembered`), in which case `forget` and a second try tell what is
   * right.
   */
  async appending(
    producer: TransactionalProducer,
    partitionIds: readonly number[],
    joins: boolean,
  ): Promise<AppendGrant | Refused> {
    const { transactionalId } = producer
    const isKept = joins || this.#turns.isOurs(transactionalId)
    const known = isKept ? this.#open.serialOf(transactionalId, producer, partitionIds) : undefined
    if (known !== undefined) return { outcome: 'granted', serial: known, isRemembered: true }
    const answer = joins
      ? await this.#join(producer, { partitionIds }, joining(producer, bumpingVersion))
      : await this.#lookUp(producer, partitionIds)
    if (answer.outcome === 'refused') return answer
    return { outcome: 'granted', serial: answer.serial, isRemembered: false }
  }

  #lookUp(producer: TransactionalProducer, partitionIds: readonly number[]): Promise<Answer> {
    return this.#orRefused('look at transaction', async () => {
      const { transactionalId } = producer
      const seen = await readTransaction(this.#parts.database, transactionalId, partitionIds)
      const answer = answerOf(verifyTransaction(seen.row, producer))
      if (answer.outcome === 'granted' && this.#turns.isOurs(transactionalId)) {
        const registered = partitionIds.filter((_, index) => seen.isRegistered[index])
        this.#open.remember(transactionalId, producer, answer.serial, registered)
      }
      return answer
    })
  }

  /** What is remembered of the transaction was not so any more. */
  forget(transactionalId: string): void {
    this.#open.forget(transactionalId)
  }

  /** Offsets that count once the transaction commits. */
  commitOffsets(
    producer: ProducerIdentity,
    commit: Omit<PendingCommit, 'nowMs'>,
    joins: boolean,
  ): Promise<Refused | { readonly outcome: 'written'; readonly result: PendingResult<Granted> }> {
    const nowMs = this.#parts.clock.nowMs()
    const judge = (row: TransactionRow | undefined): OffsetsVerdict => {
      const verdict = judged(
        joins
          ? joinTransaction(row, producer, bumpingVersion, nowMs)
          : verifyTransaction(row, producer),
      )
      return verdict.outcome === 'granted' ? { ...verdict, ...verdict.producer } : verdict
    }
    return this.#orRefused('commit offsets', async () => {
      const { database } = this.#parts
      const result = await writePendingOffsets(database, { ...commit, nowMs }, judge, joins)
      const answer = answerOf(result.verdict)
      if (answer.outcome === 'refused') return answer
      if (!result.isGroupKnown) return refused('invalid-state')
      return { outcome: 'written', result: { ...result, verdict: answer } }
    })
  }

  /** EndTxn: markers, offsets of groups and the state, in one step (T1). */
  endTransaction(
    transactionalId: string,
    request: Omit<EndRequest, 'freshProducerId' | 'nowMs'>,
  ): Promise<Answer> {
    if (transactionalId === '') return Promise.resolve(refused('invalid-request'))
    return this.#decide(transactionalId, (row, nowMs, freshProducerId) =>
      endTransaction(row, { ...request, nowMs, freshProducerId }),
    )
  }

  /** WriteTxnMarkers: ends a producer's transaction in one partition (KIP-664). */
  async mark(intent: MarkIntent): Promise<MarkAnswer | 'unavailable'> {
    try {
      return (await this.#parts.end(intent)) as MarkAnswer
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return 'unavailable'
    }
  }

  /** One per id; undefined where there is none. */
  describe(
    transactionalIds: readonly string[],
  ): Promise<Refused | readonly (DescribedTransaction | undefined)[]> {
    return this.#orRefused('describe transactions', async () => {
      const found: (DescribedTransaction | undefined)[] = []
      for (const id of transactionalIds) {
        found.push(await describeTransaction(this.#parts.database, id))
      }
      return found
    })
  }

  /** All that `isWanted`, in the order of ids. */
  list(isWanted: (row: TransactionRow) => boolean): Promise<Refused | readonly TransactionRow[]> {
    return this.#orRefused('list transactions', async () => {
      const found: TransactionRow[] = []
      for await (const rows of this.#pages()) found.push(...rows.filter(isWanted))
      return found
    })
  }

  /** Aborts what is open for too long. Resolves with how many. */
  async abortTimedOut(signal?: AbortSignal): Promise<number> {
    return this.#countAll(signal, async ({ transactionalId, state, startedMs, timeoutMs }) => {
      const isDue = state === 'Ongoing' && this.#parts.clock.nowMs() >= startedMs + timeoutMs
      // One that fails stops no other (pitfall E4).
      return isDue && (await this.#end(transactionalId, abortTimedOut)).outcome === 'granted'
    })
  }

  /** Forgets ids that are idle for long. Resolves with how many. */
  async forgetIdle(signal?: AbortSignal): Promise<number> {
    const { clock, database, expirationMs } = this.#parts
    return this.#countAll(signal, async ({ transactionalId, state, changedMs }) => {
      const beforeMs = clock.nowMs() - expirationMs
      const isDue = state !== 'Ongoing' && changedMs < beforeMs
      return isDue && (await forgetTransaction(database, transactionalId, beforeMs))
    })
  }

  /** Runs both, each at its interval, until `signal` aborts. */
  async runReaper(signal: AbortSignal): Promise<void> {
    const { abortIntervalMs, forgetIntervalMs, log } = this.#parts
    const abort = async (): Promise<void> => {
      const aborted = await this.abortTimedOut(signal)
      if (aborted > 0) log.info({ aborted }, 'transactions were aborted: they were open too long')
    }
    const forget = async (): Promise<void> => {
      const forgotten = await this.forgetIdle(signal)
      if (forgotten > 0) log.debug({ forgotten }, 'transactional ids were forgotten')
    }
    await Promise.all([
      this.#every(abortIntervalMs, abort, signal),
      this.#every(forgetIntervalMs, forget, signal),
    ])
  }

  async #every(ms: number, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#parts.clock, ms, signal)
      if (signal.aborted) return
      if (await this.#mayReap()) await work()
    }
  }

  async #mayReap(): Promise<boolean> {
    const { mayReap, log } = this.#parts
    if (mayReap === undefined) return true
    try {
      return await mayReap()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      log.warn({ error: error.message }, 'who ends transactions is not known: later')
      return false
    }
  }

  async #countAll(
    signal: AbortSignal | undefined,
    work: (row: TransactionRow) => Promise<boolean>,
  ): Promise<number> {
    let count = 0
    try {
      for await (const rows of this.#pages()) {
        for (const row of rows) {
          if (signal?.aborted === true) return count
          if (await work(row)) count++
        }
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#parts.log.warn(
        { error: error.message },
        'transactions were not looked through to the end',
      )
    }
    return count
  }

  async *#pages(): AsyncGenerator<TransactionRow[]> {
    for (let after: string | undefined; ;) {
      const rows = await readTransactions(this.#parts.database, after, idsPerPage)
      yield rows
      if (rows.length < idsPerPage) return
      after = rows.at(-1)?.transactionalId
    }
  }

  /** Judges the id; only what ends a transaction takes its turn in the line of commits. */
  async #decide(transactionalId: string, judge: Judge): Promise<Answer> {
    try {
      return await this.#turns.run(transactionalId, (term) =>
        this.#decided(transactionalId, inTerm(term, judge)),
      )
    } finally {
      // Also where it failed: what became of it is not known.
      this.#open.forget(transactionalId)
    }
  }

  #decided(transactionalId: string, judge: Judge): Promise<Answer> {
    return this.#orRefused('decide transaction', async () => {
      const { database, clock, producerIds } = this.#parts
      let freshProducerId: number | undefined
      for (;;) {
        const nowMs = clock.nowMs()
        const id = freshProducerId
        const verdict = await changeTransaction(database, transactionalId, (row) => {
          const found = judged(judge(row, nowMs, id))
          const isEnd = found.outcome === 'granted' && found.marker !== undefined
          return isEnd ? { outcome: 'needs-end' as const, isGranted: false } : found
        })
        if (verdict.outcome === 'needs-end') {
          const ended = await this.#end(transactionalId, (row, at) => judge(row, at, id))
          if (ended.outcome !== 'needs-producer-id') return ended
        } else if (verdict.outcome !== 'needs-producer-id') return answerOf(verdict)
        freshProducerId = await producerIds.next()
      }
    })
  }

  async #end(
    transactionalId: string,
    judge: (row: TransactionRow | undefined, nowMs: number) => Verdict,
  ): Promise<Answer | { readonly outcome: 'needs-producer-id' }> {
    const decide = (row: TransactionRow | undefined, nowMs: number): EndDecision => {
      const answer = judge(row, nowMs)
      if (answer.outcome !== 'granted' || answer.next === undefined) return { answer }
      const { next, marker } = answer
      return marker === undefined ? { answer, next } : { answer, next, marker }
    }
    try {
      return (await this.#parts.end({ transactionalId, decide })) as Verdict
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#parts.log.warn({ transactionalId, error: error.message }, 'an end was not written')
      return refused('unavailable')
    } finally {
      this.#open.forget(transactionalId)
    }
  }

  async #orRefused<Value>(name: string, run: () => Promise<Value>): Promise<Value | Refused> {
    try {
      return await run()
    } catch (error) {
      return this.#failed(name, error)
    }
  }

  #failed(operation: string, error: unknown): Refused {
    if (!(error instanceof Failure)) throw error
    this.#parts.log.warn({ operation, error: error.message }, 'the catalog refused')
    return refused(error.kind === 'overloaded' ? 'too-large' : 'unavailable')
  }
}

type Judge = (
  row: TransactionRow | undefined,
  nowMs: number,
  freshProducerId: number | undefined,
) => Verdict

type JoinJudge = (row: TransactionRow | undefined, nowMs: number) => Verdict

const joining =
  (producer: ProducerIdentity, clientVersion: number): JoinJudge =>
  (row, nowMs) =>
    joinTransaction(row, producer, clientVersion, nowMs)

type OffsetsVerdict = ReturnType<typeof judged> & { readonly producerId?: number }

function answerOf(verdict: Verdict): Answer {
  if (verdict.outcome !== 'needs-producer-id') return verdict
  throw new Failure('unavailable', 'a producer id is needed and was not drawn')
}
