/**
 * Which groups of a lane travel in their commit, instead of being stored before: small ones, while
 * the budget lasts. A request to the object store costs more than a row of so many bytes.
 */
import type { AppendRate } from './append-rate.ts'
import type { Gathered } from './seal-policy.ts'

export interface InlinePolicy {
  /** Whether the open group, sealed now, would go inline without being worth waiting for more. */
  isReady(open: Pick<Gathered, 'byteLength'>): boolean
  /** Of a group that is sealed: true where it goes inline, which its bytes are taken for. */
  take(byteLength: number): boolean
}

/** What policies need of InlineBudget. */
export interface Budget {
  mayStandard(byteLength: number): boolean
  takeStandard(byteLength: number): boolean
  went(byteLength: number): void
}

/**
 * Of the standard lane: any small group. A broker with so little traffic that a whole linger would
 * gather no more than a small group is idle: its groups need not wait that long.
 */
export function standardPolicy(
  budget: Budget,
  limits: { readonly groupBytesMax: number; readonly lingerMs: number },
  rate: AppendRate,
): InlinePolicy {
  const { groupBytesMax, lingerMs } = limits
  return {
    isReady: ({ byteLength }) =>
      byteLength <= groupBytesMax &&
      rate.bytesPerSecond * (lingerMs / 1_000) <= groupBytesMax &&
      budget.mayStandard(byteLength),
    take(byteLength) {
      rate.came(byteLength)
      if (byteLength > groupBytesMax || !budget.takeStandard(byteLength)) return false
      budget.went(byteLength)
      return true
    },
  }
}

/** Of the lane `low`: every group, because its appends were taken from the budget as they came. */
export function lowPolicy(budget: Pick<Budget, 'went'>): InlinePolicy {
  return {
    isReady: () => true,
    take(byteLength) {
      budget.went(byteLength)
      return true
    },
  }
}
