/** Groups to commit, and what is known of them afterwards. */
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import type { GroupIntent } from '../../src/catalog/commit-groups.ts'
import { partitionRow } from '../../src/catalog/contract-subject.ts'
import { partitions, topics } from '../../src/catalog/schema.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** One topic with partitions 1 to `count`. */
export async function fillTopic(database: CatalogDatabase, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, at) => at + 1)
  await database.transaction('fill', async (tx) => {
    const place = { topicId, name: 't', partitionIds: '[]', configs: '{}' }
    const facts = {
      contract: null,
      configVersion: 1,
      replicationFactor: 1,
      createdMs: 1,
      deletedMs: null,
    }
    await tx.put(topics, [{ ...place, ...facts }])
    for (let at = 0; at < ids.length; at += 1_000) {
      const rows = ids.slice(at, at + 1_000).map((id) => partitionRow(id, { topicId }))
      await tx.put(partitions, rows)
    }
  })
}

/** A group as it comes from S3: its object is its own. One idempotent batch per partition. */
export function group(
  incarnation: number,
  groupNumber: number,
  partitionIds: readonly number[],
  sequence = 0,
): GroupIntent {
  const appends = partitionIds.map((partitionId) => ({
    topicId,
    partitionId,
    configVersion: 1,
    producerId: incarnation,
    producerEpoch: 0,
    baseSequence: sequence,
    offsetCount: 1,
    maxTimestampMs: 1,
    byteLength: 100,
  }))
  const length = 100 * appends.length
  const object = { objectId: `o-${incarnation}-${groupNumber}`, position: 0, bytesPosition: 0 }
  return { incarnation, groupNumber, ...object, length, createdMs: 1, appends }
}

export async function logEndOf(database: CatalogDatabase, partitionId: number): Promise<number> {
  const [row] = await database.snapshot('end', (tx) => tx.get(partitions, [[partitionId]]))
  return row?.logEnd ?? -1
}
