/** Committed offsets are always read from the catalog, after they were asked for (C2, R1). */
import type { CatalogDatabase, ReadTransaction } from '../catalog/database.ts'
import { catalogLimits } from '../catalog/database.ts'
import { groupOffsets } from '../catalog/schema.ts'
import { pendingOffsets } from '../catalog/schema-transactions.ts'
import type { GroupOffsetRow } from '../catalog/schema.ts'
import type { FetchedOffset, FetchOffsetsRequest } from './offsets.ts'

/** @throws Failure 'unavailable' */
export function readOffsets(
  database: CatalogDatabase,
  { groupId, topics, isStable = false }: FetchOffsetsRequest,
): Promise<FetchedOffset[]> {
  if (topics === null) {
    return database.snapshot('fetch all offsets of a group', async (tx) => {
      const found = (await readAllOffsets(tx, groupId)).map(toFetched)
      if (!isStable) return found
      const pending = await readPending(tx, groupId)
      // As in Kafka: what is pending and was never committed is not among all that was.
      return found.map((offset) => markPending(offset, pending))
    })
  }
  const keys = topics.flatMap(({ topicId, partitions }) =>
    partitions.map((partitionIndex) => [groupId, topicId, partitionIndex] as const),
  )
  if (keys.length === 0) return Promise.resolve([])
  return database.snapshot('fetch offsets', async (tx) => {
    const pending = isStable ? await readPending(tx, groupId) : noPending
    const found: FetchedOffset[] = []
    for (let at = 0; at < keys.length; at += catalogLimits.scanRowsMax) {
      const some = keys.slice(at, at + catalogLimits.scanRowsMax)
      const rows = await tx.get(groupOffsets, some)
      for (const [index, key] of some.entries()) {
        const row = rows[index]
        const offset = row === undefined ? nothingCommitted(key[1], key[2]) : toFetched(row)
        found.push(markPending(offset, pending))
      }
    }
    return found
  })
}

/** In the order of topic id and partition. */
export async function readAllOffsets(
  tx: ReadTransaction,
  groupId: string,
): Promise<GroupOffsetRow[]> {
  const rows: GroupOffsetRow[] = []
  const limit = catalogLimits.scanRowsMax
  for (;;) {
    const last = rows.at(-1)
    const after = last === undefined ? {} : { after: [last.topicId, last.partitionIndex] }
    const page = await tx.scan(groupOffsets, { prefix: [groupId], limit, ...after })
    rows.push(...page)
    if (page.length < limit) return rows
  }
}

type Place = Pick<FetchedOffset, 'topicId' | 'partitionIndex'>
type Pending = ReadonlyMap<string, FetchedOffset>

const noPending: Pending = new Map()
const placeOf = ({ topicId, partitionIndex }: Place): string => `${partitionIndex} ${topicId}`

/** An offset beside which a transaction has another is not stable: it is not told. */
function markPending(offset: FetchedOffset, pending: Pending): FetchedOffset {
  return pending.get(placeOf(offset)) ?? offset
}

/** The partitions for which open transactions have offsets. */
async function readPending(tx: ReadTransaction, groupId: string): Promise<Pending> {
  const limit = catalogLimits.scanRowsMax
  const found = new Map<string, FetchedOffset>()
  for (let range: object = {}; ;) {
    const page = await tx.scan(pendingOffsets, { prefix: [groupId], limit, ...range })
    for (const { topicId, partitionIndex } of page) {
      const place = { topicId, partitionIndex }
      found.set(placeOf(place), { ...nothingCommitted(topicId, partitionIndex), isPending: true })
    }
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return found
    range = { after: [last.producerId, last.topicId, last.partitionIndex] }
  }
}

function toFetched(row: GroupOffsetRow): FetchedOffset {
  const { topicId, partitionIndex, offset, leaderEpoch, metadata } = row
  return { topicId, partitionIndex, isPending: false, offset, leaderEpoch, metadata }
}

function nothingCommitted(topicId: string, partitionIndex: number): FetchedOffset {
  const none = { offset: -1, leaderEpoch: -1, metadata: '' }
  return { topicId, partitionIndex, isPending: false, ...none }
}
