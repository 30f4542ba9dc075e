/** Waiting for something outside to become true. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks every 25 ms until the answer is true; after the time, fails with what `tell` says. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  tell: () => string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms: ${tell()}`)
    await sleep(25)
  }
}
