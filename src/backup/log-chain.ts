/**
 * Which of the runs that were found make up a log again. Pure. The same offsets may lie in several
 * places, as groups that were packed since and packed objects that were compacted since: the newest
 * place wins, because compaction does not bring back what it took away.
 */
import type { Run } from '../catalog/manifest.ts'

export interface Piece {
  readonly run: Run
  /** An extent of a packed object is named where it lies; a group or marker is packed anew. */
  readonly isPacked: boolean
  /** The number of the packed object: the higher the newer. -1 for groups. */
  readonly rank: number
}

/** A piece, or the part of it from an offset on. */
export interface Link {
  readonly piece: Piece
  readonly from: number
}

/** Offsets that nothing holds any more; exclusive of `to`. */
export interface Hole {
  readonly from: number
  readonly to: number
}

export interface Chain {
  readonly links: readonly Link[]
  readonly holes: readonly Hole[]
  /** Behind the last link; the log start where there is none. */
  readonly end: number
}

export function chainOf(pieces: readonly Piece[], logStart: number): Chain {
  const sorted = pieces
    .filter(({ run }) => run.nextOffset > logStart)
    .toSorted((a, b) => a.run.baseOffset - b.run.baseOffset)
  const links: Link[] = []
  const holes: Hole[] = []
  let next = logStart
  let open: Piece[] = []
  for (let at = 0; at < sorted.length || open.length > 0;) {
    while (at < sorted.length && (sorted[at] as Piece).run.baseOffset <= next) {
      open.push(sorted[at++] as Piece)
    }
    open = open.filter(({ run }) => run.nextOffset > next)
    const best = open.toSorted((a, b) => preference(a, b, next))[0]
    if (best !== undefined) {
      // What begins below the log start is named whole, as it was.
      links.push({ piece: best, from: links.length === 0 ? best.run.baseOffset : next })
      next = best.run.nextOffset
      continue
    }
    const following = sorted[at]?.run.baseOffset
    if (following === undefined) break
    holes.push({ from: next, to: following })
    next = following
  }
  return { links, holes, end: next }
}

/** Whole before cut, newest first, then the longest. */
function preference(a: Piece, b: Piece, next: number): number {
  const isCut = ({ run }: Piece): number => (run.baseOffset < next ? 1 : 0)
  return isCut(a) - isCut(b) || b.rank - a.rank || b.run.nextOffset - a.run.nextOffset
}
