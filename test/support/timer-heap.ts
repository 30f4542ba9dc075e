/** Timers by when they are due, of equals the one that was set first: a binary heap. */
import type { Timer } from '../../src/base/clock.ts'

export interface Due {
  readonly atMs: number
  readonly run: () => void
}

interface Entry extends Due {
  readonly order: number
  state: 'waits' | 'fired' | 'cancelled'
}

export class TimerHeap {
  /** None is before its parent, which stands at (index - 1) / 2. */
  readonly #entries: Entry[] = []
  #order = 0
  #waiting = 0

  /** How many wait. */
  get size(): number {
    return this.#waiting
  }

  add(atMs: number, run: () => void): Timer {
    const entry: Entry = { atMs, run, order: ++this.#order, state: 'waits' }
    this.#waiting++
    this.#rise(entry)
    return {
      // It stays where it is, and is passed over when its time comes.
      cancel: () => {
        if (entry.state !== 'waits') return
        entry.state = 'cancelled'
        this.#waiting--
      },
    }
  }

  /** Takes out the first that is due at `untilMs`. */
  take(untilMs: number): Due | undefined {
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      const isWaiting = first.state === 'waits'
      if (isWaiting && first.atMs > untilMs) return undefined
      this.#removeFirst()
      if (!isWaiting) continue
      first.state = 'fired'
      this.#waiting--
      return first
    }
    return undefined
  }

  #rise(entry: Entry): void {
    const entries = this.#entries
    let at = entries.push(entry) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = entries[parentAt] as Entry
      if (isBefore(parent, entry)) break
      entries[at] = parent
      at = parentAt
    }
    entries[at] = entry
  }

  /** The last goes to the top, and sinks to where it belongs. */
  #removeFirst(): void {
    const entries = this.#entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return
    let at = 0
    for (let childAt = 1; childAt < entries.length; childAt = 2 * at + 1) {
      const right = entries[childAt + 1]
      if (right !== undefined && isBefore(right, entries[childAt] as Entry)) childAt++
      const child = entries[childAt] as Entry
      if (isBefore(last, child)) break
      entries[at] = child
      at = childAt
    }
    entries[at] = last
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
}
