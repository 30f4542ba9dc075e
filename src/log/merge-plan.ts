/**
 * Which packed extents of a partition become one. Packing makes an extent per partition and window,
 * so that a partition that trickles has very many small ones: each is a row in the catalog, and a
 * request for whoever reads it again.
 */
import { mergedExtentsMax } from '../catalog/merge-swap.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import { extentBytesMax } from './pack-extents.ts'

/** An extent of at least this is left as it is. */
export const mergedBytesMin: number = extentBytesMax / 2
/** What is small waits for more of it until it is old, or there are so many. */
const mergeExtents = 60
/**
 * What is merged has at least twice the bytes of the largest extent in it: so each byte is written
 * again once for each doubling, nine times at most from 1 KiB to 512 KiB.
 */
const growth = 2

export interface MergePlan {
  /** Neighbours that are to become one, each list of two at least. */
  readonly groups: readonly (readonly ExtentRow[])[]
  /** Offsets below are as they shall be: the next look begins here. */
  readonly doneEnd: number
}

export interface MergeRules {
  /** What one extent may span: retention drops whole ones. */
  readonly spanMsMax: number
  /** What is small may wait so long for more of it. */
  readonly ageMs: number
  readonly nowMs: number
}

/** @param some in the order of offsets, without gaps. */
export function planMerge(some: readonly ExtentRow[], rules: MergeRules): MergePlan {
  const groups: (readonly ExtentRow[])[] = []
  let doneEnd = some[0]?.baseOffset ?? 0
  let isDone = true
  for (const small of smallNeighbours(some, rules.spanMsMax)) {
    const isWaiting = small.isLast && !isDue(small.extents, rules)
    const group = isWaiting ? [] : worthIt(small.extents)
    if (group.length > 0) groups.push(group)
    isDone &&= group.length === 0 && !small.isLast
    if (isDone) doneEnd = small.extents.at(-1)?.nextOffset ?? doneEnd
  }
  return { groups, doneEnd }
}

interface Neighbours {
  readonly extents: ExtentRow[]
  /** More may come behind it. */
  readonly isLast: boolean
}

/** Cut where an extent is large, or begins another leader epoch, or where one would be too large. */
function smallNeighbours(some: readonly ExtentRow[], spanMsMax: number): Neighbours[] {
  const found: ExtentRow[][] = []
  let open: ExtentRow[] = []
  const end = (): void => {
    if (open.length > 0) found.push(open)
    open = []
  }
  for (const extent of some) {
    if (open.length > 0 && !joins(open, extent, spanMsMax)) end()
    open.push(extent)
    if (extent.length >= mergedBytesMin) end()
  }
  end()
  return found.map((extents, at) => ({ extents, isLast: at === found.length - 1 }))
}

function joins(open: readonly ExtentRow[], extent: ExtentRow, spanMsMax: number): boolean {
  const [first] = open
  if (first === undefined || open.length >= mergedExtentsMax) return false
  const isNeighbour = open.at(-1)?.nextOffset === extent.baseOffset
  if (!isNeighbour || first.leaderEpoch !== extent.leaderEpoch) return false
  if (extent.length >= mergedBytesMin) return false
  if (bytesOf(open) + extent.length > extentBytesMax) return false
  const times = [...open, extent].flatMap(({ maxTimestampMs: ms }) => (ms < 0 ? [] : [ms]))
  return times.length < 2 || Math.max(...times) - Math.min(...times) <= spanMsMax
}

/** Of those at the end, to which more may come. */
function isDue(some: readonly ExtentRow[], { nowMs, ageMs }: MergeRules): boolean {
  const oldestMs = Math.min(...some.map(({ createdMs }) => createdMs))
  const isOld = nowMs - oldestMs >= ageMs
  return isOld || some.length >= mergeExtents || bytesOf(some) >= mergedBytesMin
}

/** Of neighbours those behind the one that is too large for the others, and so on; may be none. */
function worthIt(some: readonly ExtentRow[]): readonly ExtentRow[] {
  for (let rest = some; rest.length > 1;) {
    const largest = Math.max(...rest.map(({ length }) => length))
    if (bytesOf(rest) >= growth * largest) return rest
    rest = rest.slice(rest.findLastIndex(({ length }) => length === largest) + 1)
  }
  return []
}

const bytesOf = (some: readonly ExtentRow[]): number =>
  some.reduce((sum, { length }) => sum + length, 0)
