/** A distribution as plain numbers: counted on the hot path, read when somebody asks. */
import { assert } from './assert.ts'

export class Histogram {
  /** Upper bounds of the buckets, rising; above the last there is one more bucket. */
  readonly bounds: readonly number[]
  /** Per bucket, not cumulated; one more than bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    assert(
      bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0)),
      'the bounds of a histogram rise',
    )
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.bounds.length && value > this.bounds[at]!) at++
    this.counts[at]!++
    this.sum += value
  }

  get count(): number {
    return this.counts.reduce((all, each) => all + each, 0)
  }
}
