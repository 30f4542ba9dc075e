/**
 * Requests for a transactional id, one after another, each in the term in which it came: one that
 * is overtaken by its own retry finds what the retry did, and one that another broker has overtaken
 * finds a later term in the row.
 */
import { Mutex } from '../base/mutex.ts'
import { type CoordinatorTerm, isOutdated, stamped } from '../catalog/coordinator-term.ts'
import type { TransactionRow } from '../catalog/schema-transactions.ts'
import type { TransactionRefusal, Verdict } from './state-table.ts'

/** Requests that wait for one id: a client has one at a time, and as many again as it lost. */
const waitingPerIdMax = 100

interface Line {
  readonly mutex: Mutex
  /** Those in it, the one at work too. */
  length: number
}

interface RefusedTurn {
  readonly outcome: 'refused'
  readonly reason: TransactionRefusal
}

export class CoordinatorTurns {
  readonly #termOf: (transactionalId: string) => CoordinatorTerm | undefined
  readonly #lines = new Map<string, Line>()

  /** @param termOf undefined where another broker coordinates the id. */
  constructor(termOf: (transactionalId: string) => CoordinatorTerm | undefined) {
    this.#termOf = termOf
  }

  /** Whether this broker coordinates the id. */
  isOurs(transactionalId: string): boolean {
    return this.#termOf(transactionalId) !== undefined
  }

  async run<Result>(
    transactionalId: string,
    work: (term: CoordinatorTerm) => Promise<Result>,
  ): Promise<Result | RefusedTurn> {
    const term = this.#termOf(transactionalId)
    if (term === undefined) return { outcome: 'refused', reason: 'not-coordinator' }
    const line = this.#lines.get(transactionalId) ?? { mutex: new Mutex(), length: 0 }
    if (line.length >= waitingPerIdMax) return { outcome: 'refused', reason: 'unavailable' }
    this.#lines.set(transactionalId, line)
    line.length++
    try {
      return await line.mutex.run(() => work(term))
    } finally {
      if (--line.length === 0) this.#lines.delete(transactionalId)
    }
  }
}

/** Judges a row in a term: what a later one has changed is left alone, and the row is stamped. */
export function inTerm<Rest extends readonly unknown[]>(
  term: CoordinatorTerm,
  judge: (row: TransactionRow | undefined, ...rest: Rest) => Verdict,
): (row: TransactionRow | undefined, ...rest: Rest) => Verdict {
  return (row, ...rest) => {
    if (isOutdated(term, row)) return { outcome: 'refused', reason: 'not-coordinator' }
    const verdict = judge(row, ...rest)
    if (verdict.outcome !== 'granted' || verdict.next === undefined) return verdict
    return { ...verdict, next: stamped(verdict.next, term) }
  }
}
