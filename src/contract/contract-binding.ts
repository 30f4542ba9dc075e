/** What a topic says of its contract: `<contract id>@<revision>`. */

export const contractIdOf = (binding: string): string => binding.slice(0, binding.lastIndexOf('@'))

const revisionOf = (binding: string): number => Number(binding.slice(binding.lastIndexOf('@') + 1))

/**
 * True where no other revision held between the two. Brokers judge alike under one revision, so who
 * judges a batch again then says what others said of its retry. Where one held in between, a retry
 * may have been refused under it, for good, and the batch must not be written after all. (Found by
 * simulation, seed 1700289908: a broker that was slow wrote under the revision after the one under
 * which another broker had refused.)
 */
export function isSameOrNext(before: string | null, after: string | null): boolean {
  if (before === null || after === null) return before === after
  const [from, to] = [revisionOf(before), revisionOf(after)]
  return contractIdOf(before) === contractIdOf(after) && (to === from || to === from + 1)
}
