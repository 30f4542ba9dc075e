/** What a look has learned so far; later steps stand on earlier ones. */
import { type CatalogReader, catalogLimits, type ReadTransaction } from '../catalog/database.ts'
import { decodeManifest, type Run } from '../catalog/manifest.ts'
import {
  type CommitLogRow,
  counters,
  type PartitionRow,
  type TopicRow,
  topics,
} from '../catalog/schema.ts'
import { type Key, keyOf, type Table } from '../catalog/table.ts'
import { readTail } from '../catalog/tail.ts'
import { Findings } from './finding.ts'

export interface Counts {
  topics: number
  partitions: number
  /** Runs that are named: packed, and not yet. */
  extents: number
  runs: number
  /** Objects of the store that belong to the cluster. */
  storedObjects: number
  storedBytes: number
  /** Backups of the catalog among them. */
  backupObjects: number
  /** Named by nothing any more; a collector deletes them when their grace is over. */
  garbageObjects: number
  /** Not named, and too young to judge. */
  youngObjects: number
  /** By a deep look: bytes whose checksums were computed. */
  provenBytes: number
}

export interface Survey {
  readonly topics: ReadonlyMap<string, TopicRow>
  readonly partitions: ReadonlyMap<number, PartitionRow>
  /** Groups that are not packed whole, with what they hold. */
  readonly groups: readonly UnpackedGroup[]
  /** Next numbers: what is named by a higher one is of a newer catalog. */
  readonly next: { readonly object: number; readonly incarnation: number }
  readonly counts: Counts
  readonly findings: Findings
}

export interface UnpackedGroup {
  readonly row: CommitLogRow
  readonly runs: readonly Run[]
}

/** Topics first: partitions of one that comes later are looked at by the next look. */
export async function beginSurvey(catalog: CatalogReader): Promise<Survey> {
  const found = new Map<string, TopicRow>()
  for await (const row of rowsOf(catalog, topics)) found.set(row.topicId, row)
  const tail = await readTail(catalog)
  const next = await catalog.snapshot('read counters', readNext)
  const groups = tail.groups.map((row) => {
    return { row, runs: decodeManifest(row.manifest, row.objectId, row.position) }
  })
  const living = [...found.values()].filter(({ deletedMs }) => deletedMs === null)
  return {
    topics: found,
    partitions: new Map(tail.partitions.map((row) => [row.partitionId, row])),
    groups,
    next,
    findings: new Findings(),
    counts: {
      topics: living.length,
      partitions: tail.partitions.length,
      extents: 0,
      runs: groups.reduce((sum, { runs }) => sum + runs.length, 0),
      storedObjects: 0,
      storedBytes: 0,
      backupObjects: 0,
      garbageObjects: 0,
      youngObjects: 0,
      provenBytes: 0,
    },
  }
}

async function readNext(tx: ReadTransaction): Promise<Survey['next']> {
  const [objects, brokers] = await tx.get(counters, [['object.id'], ['broker.incarnation']])
  return { object: objects?.next ?? 0, incarnation: brokers?.next ?? 0 }
}

/** Rows of a whole table in key order, a page at a time, each page of a moment of its own. */
export async function* rowsOf<Row extends object>(
  catalog: CatalogReader,
  table: Table<Row>,
  limit: number = catalogLimits.scanRowsMax,
): AsyncGenerator<Row, void, undefined> {
  for (let after: Key | undefined; ;) {
    const range = after === undefined ? { prefix: [], limit } : { prefix: [], limit, after }
    const page = await catalog.snapshot(`read ${table.name}`, (tx) => tx.scan(table, range))
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    after = keyOf(table, last)
  }
}

/** Where a partition is, for who reads of it. */
export function placeOf(
  { topics: known }: Survey,
  { topicId, partitionIndex }: PartitionRow,
): { readonly topic: string; readonly partition: number } {
  return { topic: known.get(topicId)?.name ?? `(${topicId})`, partition: partitionIndex }
}

/** How a partition is called in reports: by its topic and index, where its topic is known. */
export function partitionName(survey: Survey, row: PartitionRow): string {
  const { topic, partition } = placeOf(survey, row)
  return `${topic}-${partition}`
}

/** Partitions that somebody can read. */
export function livingPartitions({ partitions, topics: known }: Survey): PartitionRow[] {
  return [...partitions.values()].filter(({ topicId }) => known.get(topicId)?.deletedMs === null)
}
