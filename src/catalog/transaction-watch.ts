/** Ends transactions whose body waits for something else: locks must not outlive their owner's turn. */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { catalogLimits } from './database.ts'

/** What the watch must know of a transaction. */
export interface Watched {
  readonly name: string
  /** True while one of its own statements runs: those have limits of their own. */
  readonly inStatement: boolean
  /** Counts its statements. */
  readonly statements: number
  /** Refuses every later statement, and its commit, with `failure`. */
  void(failure: Failure): void
}

/**
 * Resolves as `body` does, or rejects once it has run no statement for one to two times the idle
 * limit.
 *
 * @throws Failure 'unavailable': `watched` is void; the caller rolls back.
 */
export async function watch<Result>(
  clock: Clock,
  watched: Watched,
  body: () => Promise<Result>,
): Promise<Result> {
  const limitMs = catalogLimits.idleInTransactionMs
  const idle = Promise.withResolvers<never>()
  let seen = 0
  const look = (): void => {
    if (watched.inStatement || watched.statements !== seen) {
      seen = watched.statements
      timer = clock.after(limitMs, look)
      return
    }
    const failure = new Failure(
      'unavailable',
      `catalog ${watched.name} ran no statement for ${limitMs} ms, so it is over: ` +
        'its body must await nothing but its own statements',
    )
    watched.void(failure)
    idle.reject(failure)
  }
  let timer = clock.after(limitMs, look)
  try {
    return await Promise.race([body(), idle.promise])
  } finally {
    timer.cancel()
  }
}
