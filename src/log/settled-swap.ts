/** A swap of packed, merged or compacted extents whose answer may be lost. */
import { type Clock, sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'

/** So often it is asked again; then it is left to the next look. */
const attemptsMax = 5

/**
 * @param swap tells what became of it where it was done before.
 * @throws Failure as `swap` does; 'unknown-outcome' when it stays unknown.
 */
export async function settledSwap<Result>(
  clock: Clock,
  swap: (nowMs: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await swap(clock.nowMs())
    } catch (error) {
      if (!isFailure(error, 'unknown-outcome') || attempt === attemptsMax) throw error
      await sleep(clock, 10 * attempt)
    }
  }
}
