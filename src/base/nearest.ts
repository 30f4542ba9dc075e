/** The known name closest to a mistyped one, for errors that end in "did you mean". */

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `name`, or
 * undefined where none is close enough to be what was meant: more than a third of the name differs.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase())
    if (edits < fewest) {
      best = candidate
      fewest = edits
    }
  }
  return best
}

/** ` Did you mean X?` with its leading space, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const meant = nearest(name, candidates)
  return meant === undefined ? '' : ` Did you mean ${meant}?`
}

/** Optimal string alignment, row by row. */
function editsBetween(left: string, right: string): number {
  let older: number[] = []
  let old = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1]
      let edits = Math.min(
        (row[j - 1] ?? 0) + 1,
        (old[j] ?? 0) + 1,
        (old[j - 1] ?? 0) + (same ? 0 : 1),
      )
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        edits = Math.min(edits, (older[j - 2] ?? 0) + 1)
      }
      row.push(edits)
    }
    older = old
    old = row
  }
  return old[right.length] ?? 0
}
