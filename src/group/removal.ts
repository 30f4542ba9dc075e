/** Taking groups and committed offsets out of the catalog: by wish, by age, or with their topic. */
import type { CatalogDatabase, ReadTransaction, Transaction } from '../catalog/database.ts'
import { catalogLimits } from '../catalog/database.ts'
import { consumerGroups, groupOffsets, topics } from '../catalog/schema.ts'
import { pendingOffsets } from '../catalog/schema-transactions.ts'
import type { GroupOffsetRow, TopicRow } from '../catalog/schema.ts'
import type { PatternView } from './consumer/topic-view.ts'
import type { AnyGroupState } from './decision.ts'
import { hasNobody } from './group-mailbox.ts'
import { lockOwn } from './group-store.ts'
import { readAllOffsets } from './offset-reader.ts'
import type { TopicPartitions } from './offsets.ts'
import { consumerProtocolType, isSubscribed, subscriptionOf } from './subscription.ts'

/**
 * Deletes the group with all that it has committed. @throws Failure 'fenced' | 'unavailable' |
 * 'unknown-outcome'
 */
export function deleteGroup(
  database: CatalogDatabase,
  groupId: string,
  coordinatorEpoch: number,
): Promise<void> {
  return database.transaction('delete group', async (tx) => {
    await lockOwn(tx, groupId, coordinatorEpoch)
    await deleteRange(tx, [groupId])
    await deletePending(tx, groupId)
    await tx.delete(consumerGroups, [[groupId]])
  })
}

/** @throws Failure 'fenced' | 'unavailable' | 'unknown-outcome' */
export function deletePartitions(
  database: CatalogDatabase,
  groupId: string,
  coordinatorEpoch: number,
  partitions: readonly TopicPartitions[],
): Promise<void> {
  const keys = partitions.flatMap(({ topicId, partitions: indexes }) =>
    indexes.map((index) => [groupId, topicId, index]),
  )
  if (keys.length === 0) return Promise.resolve()
  return database.transaction('delete group offsets', async (tx) => {
    await lockOwn(tx, groupId, coordinatorEpoch)
    await tx.delete(groupOffsets, keys)
  })
}

/**
 * Deletes what the group has committed for a topic. @throws Failure 'unavailable' |
 * 'unknown-outcome'
 */
export async function deleteTopic(
  database: CatalogDatabase,
  groupId: string,
  topicId: string,
): Promise<void> {
  const [first] = await database.snapshot('offsets of a deleted topic', (tx) =>
    tx.scan(groupOffsets, { prefix: [groupId, topicId], limit: 1 }),
  )
  if (first === undefined) return
  await database.transaction('delete offsets of a deleted topic', async (tx) => {
    await tx.lock(consumerGroups, [[groupId]], 'exclusive')
    await deleteRange(tx, [groupId, topicId])
  })
}

async function deleteRange(tx: Transaction, prefix: readonly string[]): Promise<void> {
  const limit = catalogLimits.scanRowsMax
  for (;;) {
    const rows = await tx.scan(groupOffsets, { prefix, limit })
    if (rows.length > 0) await tx.delete(groupOffsets, rows.map(keyOf))
    if (rows.length < limit) return
  }
}

/** What open transactions would have committed goes with the group, as in Kafka. */
async function deletePending(tx: Transaction, groupId: string): Promise<void> {
  const limit = catalogLimits.scanRowsMax
  for (;;) {
    const rows = await tx.scan(pendingOffsets, { prefix: [groupId], limit })
    const keys = rows.map((row) => [groupId, row.producerId, row.topicId, row.partitionIndex])
    if (keys.length > 0) await tx.delete(pendingOffsets, keys)
    if (rows.length < limit) return
  }
}

export interface Expired {
  readonly offsets: number
  /** The group itself, being empty and without offsets, is gone too. */
  readonly isGroupDeleted: boolean
}

const nothingExpired: Expired = { offsets: 0, isGroupDeleted: false }

/**
 * Deletes what the group has committed and nobody can miss any more: offsets past their time
 * (KIP-211), and of topics that are gone; then the group, if it is empty and nothing is left.
 *
 * @throws Failure 'fenced' | 'unavailable' | 'unknown-outcome'
 */
export async function expireGroup(
  database: CatalogDatabase,
  state: AnyGroupState,
  patterns: PatternView,
  coordinatorEpoch: number,
  retentionMs: number,
  nowMs: number,
): Promise<Expired> {
  const { groupId } = state
  const judge = async (tx: ReadTransaction): Promise<Verdict> => {
    const offsets = await readAllOffsets(tx, groupId)
    const ids = [...new Set(offsets.map(({ topicId }) => topicId))]
    const found =
      ids.length === 0
        ? []
        : await tx.get(
            topics,
            ids.map((topicId) => [topicId]),
          )
    const byId = new Map(found.map((topic, at) => [ids[at] ?? '', topic]))
    const verdict = verdictOn(state, patterns, offsets, byId, retentionMs, nowMs)
    if (!verdict.isGroupOver) return verdict
    // A group for which a transaction is open lives on (pitfall H3).
    const pending = await tx.scan(pendingOffsets, { prefix: [groupId], limit: 1 })
    return { ...verdict, isGroupOver: pending.length === 0 }
  }
  // Most groups have nothing to expire: look before locking.
  const guess = await database.snapshot('look for expired offsets', judge)
  if (guess.expired.length === 0 && !guess.isGroupOver) return nothingExpired
  return database.transaction('expire group offsets', async (tx) => {
    await lockOwn(tx, groupId, coordinatorEpoch)
    const { expired, isGroupOver } = await judge(tx)
    const limit = catalogLimits.scanRowsMax
    for (let at = 0; at < expired.length; at += limit) {
      await tx.delete(groupOffsets, expired.slice(at, at + limit).map(keyOf))
    }
    if (isGroupOver) await tx.delete(consumerGroups, [[groupId]])
    return { offsets: expired.length, isGroupDeleted: isGroupOver }
  })
}

interface Verdict {
  readonly expired: readonly GroupOffsetRow[]
  readonly isGroupOver: boolean
}

function verdictOn(
  state: AnyGroupState,
  patterns: PatternView,
  offsets: readonly GroupOffsetRow[],
  topicsById: ReadonlyMap<string, TopicRow | undefined>,
  retentionMs: number,
  nowMs: number,
): Verdict {
  const since = expirySince(state)
  const subscription = subscriptionOf(state, patterns)
  const expired = offsets.filter((offset) => {
    const topic = topicsById.get(offset.topicId)
    if (topic === undefined || topic.deletedMs !== null) return true
    if (since === undefined || isSubscribed(subscription, topic.name)) return false
    if (offset.expiresMs !== null) return nowMs >= offset.expiresMs
    return nowMs - since(offset) >= retentionMs
  })
  return { expired, isGroupOver: hasNobody(state) && expired.length === offsets.length }
}

/** From when an offset's age counts; undefined while the group's members keep it alive. */
function expirySince(state: AnyGroupState): ((offset: GroupOffsetRow) => number) | undefined {
  if (state.type === 'consumer') {
    // Kafka counts from the commit even so, and forgets what a silent group has read at once.
    if (state.members.size === 0) {
      return ({ committedMs }) => Math.max(committedMs, state.sinceMs)
    }
    return ({ committedMs }) => committedMs
  }
  // A consumer without group management: nobody else knows whether it still lives.
  if (state.protocolType === null) return ({ committedMs }) => committedMs
  if (state.name === 'empty') return () => state.sinceMs
  const knowsTopics = state.protocolType === consumerProtocolType && state.name === 'stable'
  return knowsTopics ? ({ committedMs }) => committedMs : undefined
}

function keyOf({ groupId, topicId, partitionIndex }: GroupOffsetRow): [string, string, number] {
  return [groupId, topicId, partitionIndex]
}
