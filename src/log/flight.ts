/** A group on its way from sealing to its commit. */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { GroupPlace } from '../journal/journal.ts'
import type { LaneGroup } from './append-group.ts'

/**
 * A group that was sealed longer ago is not committed any more: by then its object may have been
 * taken for an orphan (after 15 minutes, log/jobs.ts), and a broker that was stopped must not name
 * it.
 */
const commitWithinMs = 60_000

/** Where a group without bytes is. */
export const nowhere: GroupPlace = { objectId: '', position: 0, length: 0, bytesPosition: 0 }

export interface Flight {
  readonly group: LaneGroup
  /** By either clock: one may stand still while a machine sleeps, the other may step. */
  readonly sealedMs: { readonly wall: number; readonly monotonic: number }
  place: GroupPlace | undefined
  failure: Error | undefined
  /** Settled when its write is: resolved if it is durable. */
  readonly written: PromiseWithResolvers<void>
}

export const newFlight = (clock: Clock, group: LaneGroup, place?: GroupPlace): Flight => {
  const written = Promise.withResolvers<void>()
  written.promise.catch(() => undefined) // mostly nobody waits for it
  const sealedMs = { wall: clock.nowMs(), monotonic: clock.monotonicMs() }
  return { group, sealedMs, place, failure: undefined, written }
}

/** Fails a durable group whose time is over; groups without bytes have all the time. */
export function failLate(flight: Flight, clock: Clock): void {
  const { wall, monotonic } = flight.sealedMs
  const ageMs = Math.max(clock.nowMs() - wall, clock.monotonicMs() - monotonic)
  if (ageMs <= commitWithinMs || flight.place === nowhere) return
  const message = `not committed within ${commitWithinMs} ms of its sealing`
  flight.failure ??= new Failure('unavailable', message)
}
