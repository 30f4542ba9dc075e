/** What topics come of which, as contracts declare it: by lineage, and by plans of masking. */
import type { Contract } from '../contract.ts'

export interface LineageEdge {
  readonly from: string
  readonly to: string
  /** What makes the one of the other; '' where nobody said. */
  readonly transform: string
  /** True of a masking plan: shown, and not enforced by this release. */
  readonly isMasking: boolean
  /** Who declares it. */
  readonly contractId: string
}

/** @param declared contracts in force. */
export function lineageEdges(declared: readonly Contract[]): LineageEdge[] {
  return declared.flatMap(({ id: contractId, events, lineage, masking }) =>
    events.flatMap(({ topic }): LineageEdge[] => {
      const { derivedFrom = [], transform = '' } = lineage ?? {}
      const from = derivedFrom.map((from) => {
        return { from, to: topic, transform, isMasking: false, contractId }
      })
      if (masking === undefined) return from
      const { target: to, plan } = masking
      return [...from, { from: topic, to, transform: plan, isMasking: true, contractId }]
    }),
  )
}
