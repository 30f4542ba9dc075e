/**
 * Requests to a store that is shared: so many under way, tail before catch-up before background.
 * What is less urgent may hold only a part of the places, so that urgent requests never wait for
 * slow ones; and each so-manieth place goes to whoever is least urgent, so that nobody starves.
 */
import { Failure } from '../../base/errors.ts'
import type { ObjectPriority } from '../object-store.ts'

export interface RequestQueueLimits {
  /** Requests under way, of all priorities. */
  readonly underWayMax: number
  /** Requests that wait, of all priorities: beyond it a caller is refused at once. */
  readonly waitingMax: number
}

interface Waiting {
  readonly grant: () => void
  readonly giveUp: () => void
}

/** From the most to the least urgent. */
const priorities: readonly ObjectPriority[] = ['tail', 'catch-up', 'background']

/** Of all places: a quarter stays for the tail, and as much again for those who read. */
const shares: Readonly<Record<ObjectPriority, number>> = {
  tail: 1,
  'catch-up': 0.75,
  background: 0.5,
}

/** One place in so many goes to the least urgent that waits. */
const turnForLast = 8

export class RequestQueue {
  readonly #limits: RequestQueueLimits
  readonly #waiting: Record<ObjectPriority, Set<Waiting>> = {
    tail: new Set(),
    'catch-up': new Set(),
    background: new Set(),
  }
  readonly #underWay: Record<ObjectPriority, number> = { tail: 0, 'catch-up': 0, background: 0 }
  #turns = 0

  constructor(limits: RequestQueueLimits) {
    this.#limits = limits
  }

  get underWay(): number {
    return priorities.reduce((all, each) => all + this.#underWay[each], 0)
  }

  get waiting(): number {
    return priorities.reduce((all, each) => all + this.#waiting[each].size, 0)
  }

  /**
   * Runs `work` when it is its turn.
   *
   * @throws Failure 'overloaded': too many wait. 'unavailable': `signal` aborted before its turn.
   *   In both cases `work` was not begun. Whatever `work` throws.
   */
  async run<Result>(
    priority: ObjectPriority,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    await this.#enter(priority, signal)
    try {
      return await work()
    } finally {
      this.#underWay[priority]--
      this.#next()
    }
  }

  #enter(priority: ObjectPriority, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (signal?.aborted === true) throw new Failure('unavailable', 'given up before it began')
    if (this.#waiting[priority].size === 0 && this.#mayEnter(priority)) {
      this.#underWay[priority]++
      return undefined
    }
    if (this.waiting >= this.#limits.waitingMax) {
      throw new Failure('overloaded', `${this.#limits.waitingMax} requests wait for the store`)
    }
    return this.#wait(priority, signal)
  }

  #wait(priority: ObjectPriority, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const line = this.#waiting[priority]
    const waiting: Waiting = {
      grant: () => {
        signal?.removeEventListener('abort', waiting.giveUp)
        resolve()
      },
      giveUp: () => {
        line.delete(waiting)
        reject(new Failure('unavailable', 'given up before its turn'))
      },
    }
    line.add(waiting)
    signal?.addEventListener('abort', waiting.giveUp, { once: true })
    return promise
  }

  #mayEnter(priority: ObjectPriority): boolean {
    if (this.underWay >= this.#limits.underWayMax) return false
    const most = Math.max(1, Math.floor(this.#limits.underWayMax * shares[priority]))
    return this.#underWay[priority] < most
  }

  #next(): void {
    for (let next = this.#choose(); next !== undefined; next = this.#choose()) {
      const [first] = this.#waiting[next]
      if (first === undefined) return
      this.#waiting[next].delete(first)
      this.#underWay[next]++
      first.grant()
    }
  }

  /** Whose turn it is; undefined where nobody waits, or nobody who waits may enter. */
  #choose(): ObjectPriority | undefined {
    const able = priorities.filter((each) => this.#waiting[each].size > 0 && this.#mayEnter(each))
    if (able.length === 0) return undefined
    this.#turns++
    return this.#turns % turnForLast === 0 ? able.at(-1) : able[0]
  }
}
