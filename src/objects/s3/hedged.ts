/**
 * A request, and a second one like it when the first is slow: whichever succeeds first is the
 * answer, and the other is given up.
 */
import type { Clock } from '../../base/clock.ts'
import type { HedgePolicy } from './hedge-policy.ts'

export interface Hedged<Result> {
  readonly result: Result
  /** A second request was sent. */
  readonly wasHedged: boolean
}

/** What both requests failed with. */
export class HedgeFailed extends Error {
  readonly errors: readonly unknown[]

  constructor(errors: readonly unknown[]) {
    super('a request and its hedge failed', { cause: errors[0] })
    this.errors = errors
  }
}

/**
 * @param send Sends the request anew; its signal aborts when another one has answered.
 * @throws What `send` threw, where it was sent once; HedgeFailed where it was sent twice.
 */
export async function hedged<Result>(
  clock: Clock,
  policy: HedgePolicy,
  bytes: number,
  send: (signal: AbortSignal) => Promise<Result>,
): Promise<Hedged<Result>> {
  const begunMs = clock.monotonicMs()
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const stop = new AbortController()
  const errors: unknown[] = []
  let sent = 0
  let wasSlow = false
  const sendOnce = (): void => {
    sent++
    send(stop.signal).then(resolve, (error: unknown) => {
      errors.push(error)
      if (errors.length < sent) return // the other one may still succeed
      reject(sent === 1 ? (error as Error) : new HedgeFailed(errors))
    })
  }
  const timer = clock.after(policy.delayMs(bytes), () => {
    wasSlow = true
    if (policy.mayHedge()) sendOnce()
  })
  sendOnce()
  try {
    const result = await promise
    policy.observe(bytes, clock.monotonicMs() - begunMs, wasSlow)
    return { result, wasHedged: sent > 1 }
  } finally {
    timer.cancel()
    stop.abort()
  }
}
