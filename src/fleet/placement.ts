/**
 * Where clients find partitions and coordinators: by zone a broker for each slot, and one broker
 * for what only one may have. It is cache affinity and batching, not ownership: any broker serves
 * any partition.
 */
import { Failure } from '../base/errors.ts'
import { planSlots, type SlotMap, type SlotMove } from './plan-slots.ts'
import { slotCount } from './slots.ts'

export interface ZoneMove extends SlotMove {
  /** Undefined: of coordinators. */
  readonly zone?: string
}

/** Persisted as JSON in placement.body. */
export interface Placement {
  readonly zones: Readonly<Record<string, SlotMap>>
  /** Of groups, transactional ids, and of what one broker tells for all. */
  readonly coordinators: SlotMap
  /** By slot the version in which its coordinator got it; a placement of old has none: 0. */
  readonly coordinatorsSince?: readonly number[]
  /** Why this version was made. */
  readonly reason: string
  /** What is not as in the version before. */
  readonly moves: readonly ZoneMove[]
}

export interface Member {
  readonly nodeId: number
  readonly zone: string
}

export interface PlacementInput {
  readonly members: readonly Member[]
  /** Of each slot, positive. */
  readonly weights: readonly number[]
  readonly reason: string
  /** Of the placement to be made. */
  readonly version: number
}

/** The placement that follows `before`, or undefined where that is right as it is. */
export function planPlacement(
  before: Placement | undefined,
  { members, weights, reason, version }: PlacementInput,
): Placement | undefined {
  if (members.length === 0) return undefined
  const sorted = members.toSorted((a, b) => a.nodeId - b.nodeId)
  const zones: Record<string, SlotMap> = {}
  const moves: ZoneMove[] = []
  for (const [zone, inZone] of Map.groupBy(sorted, (member) => member.zone)) {
    const ids = inZone.map(({ nodeId }) => nodeId)
    const plan = planSlots(before?.zones[zone], ids, weights)
    zones[zone] = plan.slots
    moves.push(...plan.moves.map((move) => ({ ...move, zone })))
  }
  const even = Array.from({ length: slotCount }, () => 1)
  const ids = sorted.map(({ nodeId }) => nodeId)
  const own = planSlots(before?.coordinators, ids, even)
  moves.push(...own.moves)
  const isZoneGone = Object.keys(before?.zones ?? {}).some((zone) => zones[zone] === undefined)
  if (moves.length === 0 && !isZoneGone) return undefined
  const moved = new Set(own.moves.map(({ slot }) => slot))
  const coordinatorsSince = even.map((_, slot) => {
    return moved.has(slot) ? version : (before?.coordinatorsSince?.[slot] ?? 0)
  })
  return { zones, coordinators: own.slots, coordinatorsSince, reason, moves }
}

/** @throws Failure 'corrupt' */
export function parsePlacement(body: string): Placement {
  const placement = JSON.parse(body) as Placement
  const maps = [placement.coordinators, ...Object.values(placement.zones ?? {})]
  if (maps.some((slots) => slots?.length !== slotCount)) {
    throw new Failure('corrupt', 'a placement does not have a broker for each slot')
  }
  return placement
}
