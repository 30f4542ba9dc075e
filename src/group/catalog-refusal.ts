/** What a failing catalog means to whoever asked for something of a group. */
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** What `run` resolves with; 'not-coordinator' or 'unavailable' where the catalog refused. */
export async function orRefused<Value>(
  log: Log,
  operation: string,
  run: () => Promise<Value>,
): Promise<Value | Refused> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    log.warn({ operation, error }, 'the catalog refused')
    if (isFailure(error, 'fenced')) return refused('not-coordinator', error.message)
    return refused('unavailable', 'the catalog did not answer: try again')
  }
}
