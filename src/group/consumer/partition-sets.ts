/** Sets of partitions by topic id: what a member has, is to have, or is to give up. Immutable. */

/** Partition indexes are ascending and without repetition; a topic without any is left out. */
export type PartitionSets = ReadonlyMap<string, readonly number[]>

export const noPartitions: PartitionSets = new Map()

/** Makes a set of what a client or a row says, in whatever order and however often. */
export function partitionSets(
  topics: Iterable<readonly [topicId: string, partitions: readonly number[]]>,
): PartitionSets {
  const sets = new Map<string, readonly number[]>()
  for (const [topicId, partitions] of topics) {
    const all = new Set([...(sets.get(topicId) ?? []), ...partitions])
    if (all.size > 0)
      sets.set(
        topicId,
        [...all].toSorted((a, b) => a - b),
      )
  }
  return sets
}

export function countOf(sets: PartitionSets): number {
  let count = 0
  for (const partitions of sets.values()) count += partitions.length
  return count
}

/** What of `left` satisfies `keep`. */
export function filter(
  left: PartitionSets,
  keep: (topicId: string, partition: number) => boolean,
): PartitionSets {
  const kept = new Map<string, readonly number[]>()
  for (const [topicId, partitions] of left) {
    const some = partitions.filter((partition) => keep(topicId, partition))
    if (some.length > 0) kept.set(topicId, some)
  }
  return kept
}

/** Answers by binary search: sets are asked far more often than they are made. */
export function has(sets: PartitionSets, topicId: string, partition: number): boolean {
  const partitions = sets.get(topicId)
  if (partitions === undefined) return false
  let [low, high] = [0, partitions.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = partitions[middle] ?? 0
    if (found === partition) return true
    if (found < partition) low = middle + 1
    else high = middle - 1
  }
  return false
}

export function intersect(left: PartitionSets, right: PartitionSets): PartitionSets {
  return filter(left, (topicId, partition) => has(right, topicId, partition))
}

export function subtract(left: PartitionSets, right: PartitionSets): PartitionSets {
  return filter(left, (topicId, partition) => !has(right, topicId, partition))
}

export function union(left: PartitionSets, right: PartitionSets): PartitionSets {
  if (left.size === 0) return right
  return right.size === 0 ? left : partitionSets([...left, ...right])
}

export function isSubset(part: PartitionSets, whole: PartitionSets): boolean {
  return subtract(part, whole).size === 0
}

export function isEqual(left: PartitionSets, right: PartitionSets): boolean {
  if (left === right) return true
  if (left.size !== right.size) return false
  for (const [topicId, partitions] of left) {
    const others = right.get(topicId)
    if (others?.length !== partitions.length) return false
    if (!partitions.every((partition, at) => partition === others[at])) return false
  }
  return true
}
