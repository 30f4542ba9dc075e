/** Failures, by what the one who meets them can do. Expected outcomes are return values, not errors. */

/**
 * - `invalid`: the input is wrong; sending it again cannot help.
 * - `conflict`: a row with this key exists, or what was to be replaced is gone; nothing was written.
 * - `fenced`: a newer incarnation owns this; stop.
 * - `overloaded`: a named limit is reached; nothing was written; try again later.
 * - `unavailable`: disk, network or database failed before anything was written; try again.
 * - `unknown-outcome`: the answer was lost; resolve it (by the id of the write) before deciding
 *   anything.
 * - `not-found`: the named object does not exist (any more).
 * - `corrupt`: stored or received bytes are not what they claim to be.
 * - `closed`: this part is stopping or stopped; nothing was written.
 */
export type FailureKind =
  | 'invalid'
  | 'conflict'
  | 'fenced'
  | 'overloaded'
  | 'unavailable'
  | 'unknown-outcome'
  | 'not-found'
  | 'corrupt'
  | 'closed'

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
  }
}

/** True where `error` is a Failure, and of `kind` if one is asked for. */
export function isFailure(error: unknown, kind?: FailureKind): error is Failure {
  return error instanceof Failure && (kind === undefined || error.kind === kind)
}
