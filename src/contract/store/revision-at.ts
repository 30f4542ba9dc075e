/** Which revision of a contract held where a record stands. */
import type { CatalogDatabase } from '../../catalog/database.ts'
import { contractRevisions } from '../../catalog/schema-contracts.ts'

/** Revisions read at once: their files come with them, and the last few are the ones asked for. */
const pageRows = 4

export interface Place {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

interface Boundary {
  readonly topicId: string
  readonly ends: readonly number[]
}

/** Undefined: none of this contract did. @throws Failure 'unavailable' */
export function revisionAt(
  database: CatalogDatabase,
  contractId: string,
  { topic, topicId, partition, offset }: Place,
): Promise<number | undefined> {
  return database.snapshot('find revision', async (tx) => {
    let after: readonly [number] | undefined
    for (;;) {
      const rows = await tx.scan(contractRevisions, {
        ...{ prefix: [contractId], limit: pageRows, descending: true },
        ...(after === undefined ? {} : { after }),
      })
      for (const { revision, boundaries } of rows) {
        const bound = (JSON.parse(boundaries) as Readonly<Record<string, Boundary>>)[topic]
        const from = bound?.topicId === topicId ? bound.ends[partition] : undefined
        if (from !== undefined && from <= offset) return revision
      }
      const last = rows.at(-1)
      if (rows.length < pageRows || last === undefined) return undefined
      after = [last.revision]
    }
  })
}
