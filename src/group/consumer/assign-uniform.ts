/**
 * `uniform`: every member gets as many partitions as every other, give or take one, and keeps what
 * it had as far as that allows. Where members are subscribed to different topics, nobody has two
 * more than one who could take one of them.
 */
import { assert } from '../../base/assert.ts'
import { inOrder } from './assignor-input.ts'
import type { AssignorInput, AssignorMember } from './assignor-input.ts'
import { partitionSets } from './partition-sets.ts'
import type { PartitionSets } from './partition-sets.ts'

interface Partition {
  readonly topicId: string
  readonly index: number
}

/** One member with what it has been given so far. */
interface Share {
  readonly member: AssignorMember
  readonly partitions: Partition[]
}

export function uniformAssignment(input: AssignorInput): Map<string, PartitionSets> {
  const shares = inOrder(input.members).map((member): Share => ({ member, partitions: [] }))
  const free = keepWhatWas(shares, input)
  const isSame = haveSameTopics(input.members)
  if (isSame) divideEvenly(shares, free)
  else divideAmongSubscribers(shares, free, input.partitionCounts)
  return new Map(
    shares.map(({ member, partitions }) => {
      const byTopic = Map.groupBy(partitions, ({ topicId }) => topicId)
      const sets = [...byTopic].map(
        ([topicId, own]) => [topicId, own.map(({ index }) => index)] as const,
      )
      return [member.memberId, partitionSets(sets)]
    }),
  )
}

function haveSameTopics(members: readonly AssignorMember[]): boolean {
  const [first] = members
  if (first === undefined) return true
  return members.every(
    ({ topicIds }) =>
      topicIds.size === first.topicIds.size && [...topicIds].every((id) => first.topicIds.has(id)),
  )
}

/** Gives back what members had and still may have; resolves with what nobody had. */
function keepWhatWas(shares: readonly Share[], { partitionCounts }: AssignorInput): Partition[] {
  const wanted = new Set(shares.flatMap(({ member }) => [...member.topicIds]))
  const taken = new Map<string, Uint8Array>()
  for (const [topicId, count] of partitionCounts) {
    if (wanted.has(topicId)) taken.set(topicId, new Uint8Array(count))
  }
  for (const { member, partitions } of shares) {
    for (const [topicId, indexes] of member.before) {
      const flags = taken.get(topicId)
      if (flags === undefined || !member.topicIds.has(topicId)) continue
      for (const index of indexes) {
        if (index >= flags.length || flags[index] === 1) continue
        flags[index] = 1
        partitions.push({ topicId, index })
      }
    }
  }
  const free: Partition[] = []
  for (const [topicId, flags] of taken) {
    for (const [index, flag] of flags.entries()) if (flag === 0) free.push({ topicId, index })
  }
  return free
}

function divideEvenly(shares: readonly Share[], free: Partition[]): void {
  if (shares.length === 0) return
  let total = free.length
  for (const { partitions } of shares) total += partitions.length
  const least = Math.floor(total / shares.length)
  let withOneMore = total % shares.length
  // Those who have more than their part keep one more first: that moves the fewest.
  for (const { partitions } of shares) {
    const mayHave = least + (partitions.length > least && withOneMore > 0 ? 1 : 0)
    if (partitions.length <= least) continue
    if (mayHave > least) withOneMore--
    free.push(...partitions.splice(mayHave))
  }
  // What is left goes round, so that topics are spread over members.
  const open = shares.filter(({ partitions }) => partitions.length < least)
  free.reverse()
  while (open.length > 0) {
    for (let at = 0; at < open.length;) {
      const share = open[at]
      assert(share !== undefined, 'an index below the length')
      if (share.partitions.length < least) {
        const next = free.pop()
        assert(next !== undefined, 'there are as many partitions as places')
        share.partitions.push(next)
      }
      if (share.partitions.length === least) open.splice(at, 1)
      else at++
    }
  }
  for (const share of shares) {
    if (free.length === 0) return
    if (share.partitions.length > least) continue
    const next = free.pop()
    if (next !== undefined) share.partitions.push(next)
  }
}

/** Topics with the fewest subscribers first: they have the least choice. */
function divideAmongSubscribers(
  shares: readonly Share[],
  free: readonly Partition[],
  partitionCounts: ReadonlyMap<string, number>,
): void {
  const subscribers = new Map<string, Share[]>()
  for (const topicId of partitionCounts.keys()) {
    const own = shares.filter(({ member }) => member.topicIds.has(topicId))
    if (own.length > 0) subscribers.set(topicId, own)
  }
  const choice = ({ topicId }: Partition): number => subscribers.get(topicId)?.length ?? 0
  for (const partition of free.toSorted((left, right) => choice(left) - choice(right))) {
    const own = subscribers.get(partition.topicId)
    if (own !== undefined) fewest(own).partitions.push(partition)
  }
  balance(shares, subscribers)
}

function fewest(shares: readonly Share[]): Share {
  let found = shares[0]
  assert(found !== undefined, 'somebody is subscribed')
  for (const share of shares) {
    if (share.partitions.length < found.partitions.length) found = share
  }
  return found
}

/** Every move lessens the sum of the squares of what members have: it ends. */
function balance(
  shares: readonly Share[],
  subscribers: ReadonlyMap<string, readonly Share[]>,
): void {
  for (let isMoving = true; isMoving;) {
    isMoving = false
    for (const share of shares) {
      for (let at = share.partitions.length - 1; at >= 0; at--) {
        const partition = share.partitions[at]
        const own = partition === undefined ? undefined : subscribers.get(partition.topicId)
        if (partition === undefined || own === undefined) continue
        const other = fewest(own)
        if (other.partitions.length + 1 >= share.partitions.length) continue
        share.partitions.splice(at, 1)
        other.partitions.push(partition)
        isMoving = true
      }
    }
  }
}
