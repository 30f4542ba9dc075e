/**
 * `range`: of each topic the members get ranges of partitions in order, the first ones one more if
 * they do not divide evenly. Topics with as many partitions and the same subscribers are divided in
 * the same way, so that their records can be joined.
 */
import { inOrder } from './assignor-input.ts'
import type { AssignorInput } from './assignor-input.ts'
import type { PartitionSets } from './partition-sets.ts'

export function rangeAssignment({
  members,
  partitionCounts,
}: AssignorInput): Map<string, PartitionSets> {
  const given = new Map<string, Map<string, readonly number[]>>()
  for (const { memberId } of members) given.set(memberId, new Map())
  const ordered = inOrder(members)
  for (const [topicId, partitionCount] of partitionCounts) {
    const subscribers = ordered.filter(({ topicIds }) => topicIds.has(topicId))
    if (subscribers.length === 0) continue
    const each = Math.floor(partitionCount / subscribers.length)
    const extra = partitionCount % subscribers.length
    let next = 0
    for (const [at, { memberId }] of subscribers.entries()) {
      const length = each + (at < extra ? 1 : 0)
      const from = next
      next += length
      if (length === 0) continue
      given.get(memberId)?.set(
        topicId,
        Array.from({ length }, (_, index) => from + index),
      )
    }
  }
  return new Map(given)
}
