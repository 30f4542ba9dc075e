/**
 * One member's way to the target (KIP-848): it gives up first, then it follows to the epoch of the
 * target, then it gets what others have given up.
 */
import type { ConsumerDraft } from './consumer-draft.ts'
import type { ConsumerMember, Gift } from './consumer-state.ts'
import {
  filter,
  has,
  intersect,
  isSubset,
  noPartitions,
  type PartitionSets,
  subtract,
  union,
} from './partition-sets.ts'

/**
 * The member as it is after `owned` was heard: what it says that it still has, null where it does
 * not say. The same object where nothing changes.
 */
export function reconciled(
  draft: ConsumerDraft,
  member: ConsumerMember,
  owned: PartitionSets | null,
): ConsumerMember {
  const { state } = draft
  switch (member.state) {
    case 'stable':
      if (member.epoch === state.assignmentEpoch) return member
      return follow(draft, member, owned)
    case 'unrevoked':
      // It has to say itself that it has stopped: until then nobody else may begin.
      if (owned === null || intersect(member.revoking, owned).size > 0) return member
      return follow(draft, { ...member, revoking: noPartitions }, owned)
    case 'unreleased':
      return follow(draft, member, owned)
  }
}

function follow(
  draft: ConsumerDraft,
  member: ConsumerMember,
  owned: PartitionSets | null,
): ConsumerMember {
  const { state } = draft
  const target = state.target.get(member.memberId) ?? noPartitions
  const kept = intersect(member.assigned, target)
  const lost = subtract(member.assigned, target)
  const revoking = owned === null ? lost : intersect(lost, owned)
  if (revoking.size > 0) {
    const gifts = stillHeld(member.gifts, union(kept, revoking))
    return { ...member, state: 'unrevoked', assigned: kept, revoking, gifts }
  }
  const wanted = subtract(target, kept)
  const free = filter(
    wanted,
    (topicId, partition) => !draft.isHeldByOther(member.memberId, topicId, partition),
  )
  const isComplete = isSubset(wanted, free)
  return changed(member, {
    ...member,
    epoch: state.assignmentEpoch,
    previousEpoch: member.epoch === state.assignmentEpoch ? member.previousEpoch : member.epoch,
    state: isComplete ? 'stable' : 'unreleased',
    assigned: union(kept, free),
    revoking: noPartitions,
    gifts: [
      ...stillHeld(member.gifts, kept),
      ...(free.size === 0 ? [] : [{ epoch: state.assignmentEpoch, partitions: free }]),
    ],
  })
}

function stillHeld(gifts: readonly Gift[], held: PartitionSets): Gift[] {
  return gifts.flatMap(({ epoch, partitions }) => {
    const left = intersect(partitions, held)
    return left.size === 0 ? [] : [{ epoch, partitions: left }]
  })
}

function changed(before: ConsumerMember, after: ConsumerMember): ConsumerMember {
  const isSame =
    before.epoch === after.epoch &&
    before.state === after.state &&
    before.revoking.size === 0 &&
    before.assigned.size === after.assigned.size &&
    isSubset(after.assigned, before.assigned) &&
    isSubset(before.assigned, after.assigned)
  return isSame ? before : after
}

/** Whether a partition that the member waits for is still with another. */
export function isWaitingForOthers(draft: ConsumerDraft, member: ConsumerMember): boolean {
  const target = draft.state.target.get(member.memberId) ?? noPartitions
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (has(member.assigned, topicId, partition)) continue
      if (draft.isHeldByOther(member.memberId, topicId, partition)) return true
    }
  }
  return false
}
