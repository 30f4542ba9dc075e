/** A wrong program, as opposed to a failing world: every edge rethrows it and the process stops. */

export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/**
 * Holds the program to what its author believed.
 *
 * @throws AssertionFailed never caught to be answered to a client: the process stops and another
 *   takes over.
 */
export function assert(condition: unknown, belief: string): asserts condition {
  if (!condition) throw new AssertionFailed(`does not hold: ${belief}`)
}

/** Makes a `switch` total: the compiler refuses it where a case is missing. */
export function unreachable(value: never, where: string): never {
  throw new AssertionFailed(`${where}: unexpected ${JSON.stringify(value)}`)
}
