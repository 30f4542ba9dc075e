/**
 * Requests to S3 as Karst makes them: in line, with a time limit on every try, a second one where
 * the tail is slow, and retries within a budget. What is left is a Failure that says what is so.
 */
import { sleep, type Clock } from '../../base/clock.ts'
import { Failure, isFailure, type FailureKind } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { randomBelow, type Random } from '../../base/random.ts'
import type { ObjectCall, ObjectPriority } from '../object-store.ts'
import type { HedgePolicy } from './hedge-policy.ts'
import { HedgeFailed, hedged } from './hedged.ts'
import type { RequestQueue } from './request-queue.ts'
import type { RetryBudget } from './retry-budget.ts'
import { S3RequestError, type S3Verb } from './s3-api.ts'
import { failureOfS3, judgeS3Error, type S3Judgement } from './s3-failure.ts'

/** One operation and all requests it took, as it ended. */
export interface S3OperationSeen {
  readonly verb: S3Verb
  readonly priority: ObjectPriority
  /** From the call to its end: waiting in line, retries and pauses included. */
  readonly ms: number
  /** Sent or asked for; 0 where an operation carries none. */
  readonly bytes: number
  readonly outcome: 'ok' | FailureKind
  /** Requests that were sent: what a store bills. */
  readonly requests: number
  readonly retries: number
  readonly hedges: number
}

export interface S3RequestLimits {
  readonly attemptsMax: number
  /** A try may take this, and so much more as its bytes take at the slowest rate that is borne. */
  readonly attemptMs: number
  readonly attemptBytesPerMs: number
  /** The pause before the first retry; it doubles. */
  readonly pauseMs: number
  readonly pauseMaxMs: number
  /** The same, where the store asked to slow down. */
  readonly slowPauseMs: number
  readonly slowPauseMaxMs: number
}

export const standardLimits: S3RequestLimits = {
  attemptsMax: 6, // pauses of 1.6 s at the most in between: longer is for the caller to decide
  attemptMs: 5_000,
  attemptBytesPerMs: 2_048, // 2 MiB/s: a connection that is slower is worse than a new one
  pauseMs: 50,
  pauseMaxMs: 2_000,
  slowPauseMs: 250,
  slowPauseMaxMs: 5_000,
}

export interface S3Operation<Result> {
  readonly verb: S3Verb
  readonly key: string
  readonly bytes: number
  readonly call: ObjectCall | undefined
  /** Where `call` names none. */
  readonly priority: ObjectPriority
  /** A second request where the first is slow. */
  readonly hedge?: HedgePolicy | undefined
  /** Default: that of the limits. */
  readonly attemptsMax?: number
  /** Undone or done, the caller must know: a lost answer is an 'unknown-outcome'. */
  readonly mustBeKnown?: boolean
  readonly send: (signal: AbortSignal) => Promise<Result>
}

export interface S3RequestsOptions {
  readonly bucket: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly queue: RequestQueue
  readonly budget: RetryBudget
  readonly limits: S3RequestLimits
  readonly seen: ((operation: S3OperationSeen) => void) | undefined
}

/** What has become of an operation so far. */
interface Progress {
  requests: number
  retries: number
  hedges: number
  mayBeDone: boolean
}

export class S3Requests {
  readonly #options: S3RequestsOptions
  readonly #closing = new AbortController()

  constructor(options: S3RequestsOptions) {
    this.#options = options
  }

  /** From now on operations are refused; those under way end at once, their outcome unknown. */
  close(): void {
    this.#closing.abort()
  }

  /** @throws Failure as `judgeS3Error` says; 'unknown-outcome' where the operation asks for it. */
  async run<Result>(operation: S3Operation<Result>): Promise<Result> {
    if (this.#closing.signal.aborted) throw new Failure('closed', 'the object store is closed')
    const { clock } = this.#options
    const begunMs = clock.monotonicMs()
    const progress: Progress = { requests: 0, retries: 0, hedges: 0, mayBeDone: false }
    let outcome: S3OperationSeen['outcome'] = 'ok'
    try {
      return await this.#untilDone(operation, progress)
    } catch (error) {
      const failure = asFailure(error, operation, progress)
      outcome = failure.kind
      throw failure
    } finally {
      const { requests, retries, hedges } = progress
      const { verb, bytes } = operation
      const priority = operation.call?.priority ?? operation.priority
      const ms = clock.monotonicMs() - begunMs
      this.#options.seen?.({ verb, priority, ms, bytes, outcome, requests, retries, hedges })
    }
  }

  async #untilDone<Result>(operation: S3Operation<Result>, progress: Progress): Promise<Result> {
    const { budget, queue, limits } = this.#options
    const priority = operation.call?.priority ?? operation.priority
    const given = operation.call?.signal
    const closing = this.#closing.signal
    const stop = given === undefined ? closing : AbortSignal.any([given, closing])
    const isOnce = operation.call?.isOnce === true
    const attemptsMax = isOnce ? 1 : (operation.attemptsMax ?? limits.attemptsMax)
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await queue.run(priority, stop, () => this.#try(operation, progress, stop))
        budget.succeeded()
        return result
      } catch (error) {
        const judgement = this.#judge(error, operation)
        if (judgement === undefined) throw error
        progress.mayBeDone ||= judgement.mayBeDone
        const isLast = judgement.retry === 'never' || attempt >= attemptsMax || stop.aborted
        if (isLast || !budget.take()) throw failureOfS3(judgement, error)
        await this.#pause(attempt, judgement, stop)
        progress.retries++
      }
    }
  }

  /** Undefined where no request was sent. */
  #judge(error: unknown, operation: S3Operation<unknown>): S3Judgement | undefined {
    const errors = error instanceof HedgeFailed ? error.errors : [error]
    const { bucket } = this.#options
    const { verb, key } = operation
    const judged = errors
      .filter((each) => each instanceof S3RequestError)
      .map((each) => judgeS3Error(each, { verb, bucket, key }))
    const [first] = judged
    if (first === undefined) return undefined
    return { ...first, mayBeDone: judged.some(({ mayBeDone }) => mayBeDone) }
  }

  async #try<Result>(
    operation: S3Operation<Result>,
    progress: Progress,
    stop: AbortSignal,
  ): Promise<Result> {
    const { clock } = this.#options
    const send = (signal: AbortSignal): Promise<Result> => {
      progress.requests++
      return this.#within(operation, AbortSignal.any([stop, signal]))
    }
    const { hedge, bytes } = operation
    const isAlone = operation.call?.isOnce === true || progress.retries > 0
    if (hedge === undefined || isAlone) return send(stop)
    const before = progress.requests
    try {
      const { result } = await hedged(clock, hedge, bytes, send)
      return result
    } finally {
      progress.hedges += progress.requests - before - 1
    }
  }

  /** One request, within its time. Whoever gives up does not wait for the connection to notice. */
  async #within<Result>(operation: S3Operation<Result>, outer: AbortSignal): Promise<Result> {
    const { clock, limits } = this.#options
    const own = new AbortController()
    const { promise, reject } = Promise.withResolvers<never>()
    const stop = (code: string, message: string): void => {
      reject(new S3RequestError(code, undefined, message))
      own.abort()
    }
    const giveUp = (): void => stop('GivenUp', 'given up under way')
    const limitMs = limits.attemptMs + operation.bytes / limits.attemptBytesPerMs
    const timer = clock.after(limitMs, () => stop('AttemptTimeout', 'no answer in time'))
    outer.addEventListener('abort', giveUp, { once: true })
    const sending = operation.send(own.signal)
    sending.catch(() => undefined) // where it lost the race
    try {
      return await Promise.race([sending, promise])
    } finally {
      timer.cancel()
      outer.removeEventListener('abort', giveUp)
    }
  }

  async #pause(attempt: number, judgement: S3Judgement, stop: AbortSignal): Promise<void> {
    const { clock, random, limits, log } = this.#options
    const isSlow = judgement.retry === 'slow'
    const first = isSlow ? limits.slowPauseMs : limits.pauseMs
    const most = isSlow ? limits.slowPauseMaxMs : limits.pauseMaxMs
    const wholeMs = Math.min(most, first * 2 ** (attempt - 1))
    const pauseMs = wholeMs / 2 + randomBelow(random, Math.ceil(wholeMs / 2))
    log.debug({ attempt, pauseMs, why: judgement.message }, 'a request to the store is tried again')
    await sleep(clock, pauseMs, stop)
  }
}

function asFailure(error: unknown, operation: S3Operation<unknown>, progress: Progress): Failure {
  const failure = isFailure(error)
    ? error
    : new Failure('unavailable', `${operation.verb} of ${operation.key} failed`, error)
  if (operation.mustBeKnown !== true || !progress.mayBeDone) return failure
  const message = `${operation.verb} of ${operation.key} may be done or not: ${failure.message}`
  return new Failure('unknown-outcome', message, error)
}
