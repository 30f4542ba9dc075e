/** Whether a partition is worth a pass of compaction, and over what (Kafka's LogCleanerManager). */
import type { CatalogDatabase } from '../catalog/database.ts'
import { type CompactionBasis, swapCompactedMax } from '../catalog/compact-swap.ts'
import { type ExtentRow, extents } from '../catalog/schema.ts'

/** What the configs of a topic say of its compaction. */
export interface CompactionPolicy {
  readonly topicName: string
  readonly partitionIds: readonly number[]
  readonly minLagMs: number
  readonly maxLagMs: number
  /** 0 to 1. */
  readonly dirtyRatioMin: number
  readonly deleteRetentionMs: number
  /** What one extent may span. */
  readonly spanMsMax: number
}

export interface CompactionPlan {
  /** From the log start on to what may be cleaned now, without a gap; some are clean already. */
  readonly extents: readonly ExtentRow[]
  /** Behind the last of them. */
  readonly end: number
  readonly dirtyBytes: number
}

/** Extents read at once. */
const extentsPerPage = 1_000

/**
 * Undefined where nothing is to be done: there is too little that is dirty, and no tombstone or
 * marker whose time is over.
 *
 * @throws Failure 'unavailable'
 */
export async function planCompaction(
  database: CatalogDatabase,
  partitionId: number,
  basis: CompactionBasis,
  policy: CompactionPolicy,
  nowMs: number,
): Promise<CompactionPlan | undefined> {
  const { logStart, decidedEnd, horizonMs } = basis
  const cleanEnd = Math.max(basis.cleanEnd, logStart)
  const isHorizonOver = horizonMs !== null && horizonMs <= nowMs
  if (cleanEnd >= decidedEnd && !isHorizonOver) return undefined
  const found = await readExtents(database, partitionId, logStart, decidedEnd)
  const mayChange = found.findIndex(
    (extent) => extent.nextOffset > cleanEnd && nowMs - timeOf(extent) < policy.minLagMs,
  )
  const usable = mayChange === -1 ? found : found.slice(0, mayChange)
  const dirty = usable.filter(({ nextOffset }) => nextOffset > cleanEnd)
  const [firstDirty] = dirty
  const end = usable.at(-1)?.nextOffset
  if (end === undefined) return undefined
  const bytes = bytesOf(usable)
  const dirtyBytes = bytesOf(dirty)
  const isDirty = dirtyBytes / bytes > policy.dirtyRatioMin
  const isLate = firstDirty !== undefined && nowMs - ageOf(firstDirty) > policy.maxLagMs
  if (!isDirty && !isLate && !isHorizonOver) return undefined
  return { extents: usable, end, dirtyBytes }
}

/** Records without timestamps are as old as their extent. */
const timeOf = ({ maxTimestampMs, createdMs }: ExtentRow): number =>
  maxTimestampMs >= 0 ? maxTimestampMs : createdMs

/** Times that lie ahead must not make it wait for ever. */
const ageOf = (extent: ExtentRow): number => Math.min(timeOf(extent), extent.createdMs)

const bytesOf = (some: readonly ExtentRow[]): number =>
  some.reduce((sum, { length }) => sum + length, 0)

async function readExtents(
  database: CatalogDatabase,
  partitionId: number,
  logStart: number,
  end: number,
): Promise<ExtentRow[]> {
  const found: ExtentRow[] = []
  for (let from = 0; ;) {
    const range = { prefix: [partitionId], from: [from], limit: extentsPerPage }
    const page = await database.snapshot('read extents to compact', (tx) => tx.scan(extents, range))
    for (const extent of page) {
      if (extent.nextOffset > end) return found
      const follows = found.at(-1)?.nextOffset ?? extent.baseOffset
      // Something was dropped between two pages: what is known so far is enough.
      if (extent.baseOffset !== follows) return found
      if (extent.nextOffset > logStart) found.push(extent)
    }
    if (page.length < extentsPerPage) return found
    from = (page.at(-1)?.baseOffset ?? 0) + 1
  }
}

/** Neighbours that are rewritten into one object: bounded in bytes and rows, of one leader epoch. */
export function groupExtents(
  some: readonly ExtentRow[],
  bytesMax: number,
): readonly (readonly ExtentRow[])[] {
  const groups: ExtentRow[][] = []
  let bytes = 0
  for (const extent of some) {
    const open = groups.at(-1)
    const isFull = bytes + extent.length > bytesMax || (open?.length ?? 0) >= swapCompactedMax
    if (open === undefined || isFull || open[0]?.leaderEpoch !== extent.leaderEpoch) {
      groups.push([extent])
      bytes = extent.length
    } else {
      open.push(extent)
      bytes += extent.length
    }
  }
  return groups
}
