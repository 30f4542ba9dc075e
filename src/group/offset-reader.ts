/** Committed offsets are always read from the catalog, after they were asked for (C2, R1). */
import type { CatalogDatabase, ReadTransaction } from '../catalog/database.ts'
import { catalogLimits } from '../catalog/database.ts'
import { groupOffsets } from '../catalog/schema.ts'
import type { GroupOffsetRow } from '../catalog/schema.ts'
import type { FetchedOffset, FetchOffsetsRequest } from './offsets.ts'

/** @throws Failure 'unavailable' */
export function readOffsets(
  database: CatalogDatabase,
  { groupId, topics }: FetchOffsetsRequest,
): Promise<FetchedOffset[]> {
  if (topics === null) {
    return database.snapshot('fetch all offsets of a group', async (tx) =>
      (await readAllOffsets(tx, groupId)).map(toFetched),
    )
  }
  const keys = topics.flatMap(({ topicId, partitions }) =>
    partitions.map((partitionIndex) => [groupId, topicId, partitionIndex] as const),
  )
  if (keys.length === 0) return Promise.resolve([])
  return database.snapshot('fetch offsets', async (tx) => {
    const found: FetchedOffset[] = []
    for (let at = 0; at < keys.length; at += catalogLimits.scanRowsMax) {
      const some = keys.slice(at, at + catalogLimits.scanRowsMax)
      const rows = await tx.get(groupOffsets, some)
      for (const [index, key] of some.entries()) {
        const row = rows[index]
        found.push(row === undefined ? nothingCommitted(key[1], key[2]) : toFetched(row))
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

function toFetched(row: GroupOffsetRow): FetchedOffset {
  const { topicId, partitionIndex, offset, leaderEpoch, metadata } = row
  return { topicId, partitionIndex, offset, leaderEpoch, metadata }
}

function nothingCommitted(topicId: string, partitionIndex: number): FetchedOffset {
  return { topicId, partitionIndex, offset: -1, leaderEpoch: -1, metadata: '' }
}
