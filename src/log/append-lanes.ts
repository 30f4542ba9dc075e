/**
 * The lanes of a broker. Appends of topics of the class `low` have one of their own, where every
 * group travels in its commit: they never wait for a request to the object store. A partition is in
 * one lane at a time (W4, W6): where its class changes, or the budget is used up, its appends wait
 * until those before them are decided in the lane that they came from.
 */
import { Failure } from '../base/errors.ts'
import type { EndIntent, MarkIntent } from '../catalog/end-transaction.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import type { PendingAppend } from './append-group.ts'
import type { AppendLane } from './append-lane.ts'
import type { InlineBudget } from './inline-budget.ts'

export interface AppendLanesParts {
  readonly standard: AppendLane
  /** Given where topics can be of the class `low`. */
  readonly low?: LowLane | undefined
}

export interface LowLane {
  readonly lane: AppendLane
  readonly budget: InlineBudget
  /** A batch that is larger goes the standard way. */
  readonly batchBytesMax: number
  /** Bytes in both lanes; beyond, none waits to go from one to the other. */
  readonly queuedBytesMax: number
}

/** Ends that wait for the lane `low`; beyond, they are refused as overloaded. */
const waitingEndsMax = 10_000

/** One that waits until its partition is free to move. */
interface Held {
  readonly append: PendingAppend
  readonly lane: AppendLane
  readonly settle: PromiseWithResolvers<AppendOutcome>
}

/** Where the appends of a partition are that are not decided. */
interface Place {
  lane: AppendLane
  /** Of the lane. */
  count: number
  readonly held: Held[]
}

export class AppendLanes {
  readonly #standard: AppendLane
  readonly #low: LowLane | undefined
  /** By partition, of those that have appends under way; of one lane there is no need to know. */
  readonly #places = new Map<number, Place>()
  #heldBytes = 0
  #waitingEnds = 0

  constructor({ standard, low }: AppendLanesParts) {
    this.#standard = standard
    this.#low = low
  }

  /** Bytes accepted and not yet decided. */
  get queuedBytes(): number {
    return this.#standard.queuedBytes + (this.#low?.lane.queuedBytes ?? 0) + this.#heldBytes
  }

  /** See AppendLane.append. `isLow`: of a topic of that class. */
  append(append: PendingAppend, isLow: boolean): Promise<AppendOutcome> {
    const low = this.#low
    if (low === undefined) return this.#standard.append(append)
    const lane = isLow && mayBeLow(low, append.byteLength) ? low.lane : this.#standard
    const place = this.#places.get(append.partitionId)
    if (place === undefined) {
      const fresh = { lane, count: 0, held: [] }
      this.#places.set(append.partitionId, fresh)
      return this.#send(fresh, append)
    }
    if (place.lane === lane && place.held.length === 0) return this.#send(place, append)
    return this.#hold(place, append, lane, low.queuedBytesMax)
  }

  #hold(
    { held }: Place,
    append: PendingAppend,
    lane: AppendLane,
    bytesMax: number,
  ): Promise<AppendOutcome> {
    if (this.queuedBytes + append.byteLength > bytesMax) {
      const message = `the append queues are full: ${this.queuedBytes} of ${bytesMax} bytes`
      return Promise.reject(new Failure('overloaded', message))
    }
    append.hold.retain()
    this.#heldBytes += append.byteLength
    const settle = Promise.withResolvers<AppendOutcome>()
    held.push({ append, lane, settle })
    return settle.promise
  }

  async #send(place: Place, append: PendingAppend): Promise<AppendOutcome> {
    place.count++
    try {
      return await place.lane.append(append)
    } finally {
      place.count--
      if (place.count === 0) this.#move(append.partitionId, place)
    }
  }

  /** Nothing of the partition is under way: those that wait go on, up to the next change of lane. */
  #move(partitionId: number, place: Place): void {
    const [first] = place.held
    if (first === undefined) {
      this.#places.delete(partitionId)
      return
    }
    place.lane = first.lane
    while (place.held[0]?.lane === first.lane) {
      const { append, settle } = place.held.shift() as Held
      this.#heldBytes -= append.byteLength
      this.#send(place, append).then(settle.resolve, settle.reject)
      append.hold.release() // the lane has its own, or has refused it
    }
  }

  /**
   * See AppendLane.end. What was sealed before the call in the lane `low` comes before the end, as
   * in the standard lane.
   */
  async end(intent: EndIntent | MarkIntent): Promise<unknown> {
    if (this.#low === undefined) return this.#standard.end(intent)
    if (this.#waitingEnds >= waitingEndsMax) {
      throw new Failure('overloaded', `${this.#waitingEnds} ends of transactions wait`)
    }
    this.#waitingEnds++
    await this.#low.lane.settled()
    this.#waitingEnds--
    return this.#standard.end(intent)
  }

  /** See AppendLane.settled. */
  async settled(): Promise<void> {
    await Promise.all([this.#standard.settled(), this.#low?.lane.settled()])
  }

  /** See AppendLane.close. */
  async close(): Promise<void> {
    await Promise.all([this.#standard.close(), this.#low?.lane.close()])
  }
}

function mayBeLow({ budget, batchBytesMax }: LowLane, byteLength: number): boolean {
  return byteLength <= batchBytesMax && budget.takeLow(byteLength)
}
