/**
 * How partitions are given to members on the broker (KIP-848): pure, and the same for the same
 * input.
 */
import { rangeAssignment } from './assign-range.ts'
import { uniformAssignment } from './assign-uniform.ts'
import type { AssignorInput } from './assignor-input.ts'
import type { PartitionSets } from './partition-sets.ts'

export type AssignorName = 'uniform' | 'range'

/** By the names that clients use (`group.remote.assignor`). */
export const assignors: Readonly<
  Record<AssignorName, (input: AssignorInput) => Map<string, PartitionSets>>
> = { uniform: uniformAssignment, range: rangeAssignment }

export function isAssignor(name: string): name is AssignorName {
  return Object.hasOwn(assignors, name)
}
