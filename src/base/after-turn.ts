/** Work that is gathered while promises settle, and done once for all of them. */

/**
 * Calls `run` when every promise that is settled now, and what follows from it at once, has been
 * heard of. No time passes and nothing is read before: with the same events, the same order.
 */
export function afterTurn(run: () => void): void {
  process.nextTick(run)
}
