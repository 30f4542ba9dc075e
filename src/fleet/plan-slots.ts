/**
 * Which broker has which slot. Pure. What can stay stays: a slot moves only because its broker is
 * gone, or because another has too little.
 */
import { assert } from '../base/assert.ts'
import { slotCount } from './slots.ts'

/** Node ids by slot. */
export type SlotMap = readonly number[]

export type MoveReason = 'first placement' | 'its broker is gone' | 'to share the load'

export interface SlotMove {
  readonly slot: number
  /** Undefined where nobody had it. */
  readonly from?: number
  readonly to: number
  readonly reason: MoveReason
}

export interface SlotPlan {
  readonly slots: SlotMap
  readonly moves: readonly SlotMove[]
}

/** A broker may have so much more, or less, than its share before something moves. */
const tolerance = 0.08

/**
 * @param members node ids, ascending; at least one.
 * @param weights of each slot, positive: what it costs its broker.
 */
export function planSlots(
  before: SlotMap | undefined,
  members: readonly number[],
  weights: readonly number[],
): SlotPlan {
  assert(members.length > 0 && weights.length === slotCount, 'slots are placed on brokers')
  const load = new Map(members.map((nodeId) => [nodeId, 0]))
  const slots: (number | undefined)[] = Array.from({ length: slotCount }, (_, slot) => {
    const nodeId = before?.[slot]
    return nodeId !== undefined && load.has(nodeId) ? nodeId : undefined
  })
  const add = (nodeId: number, weight: number): void => {
    load.set(nodeId, (load.get(nodeId) ?? 0) + weight)
  }
  for (const [slot, nodeId] of slots.entries()) {
    if (nodeId !== undefined) add(nodeId, weights[slot] as number)
  }
  const moves: SlotMove[] = []
  const move = (slot: number, to: number, reason: MoveReason): void => {
    const from = before?.[slot]
    moves.push({ slot, to, reason, ...(from === undefined ? {} : { from }) })
    slots[slot] = to
    add(to, weights[slot] as number)
  }
  for (const [slot, nodeId] of slots.entries()) {
    if (nodeId !== undefined) continue
    const reason = before === undefined ? 'first placement' : 'its broker is gone'
    move(slot, least(load), reason)
  }
  for (let left = isShared(load) ? 0 : slotCount; left > 0; left--) {
    const slot = slotToShare(slots as number[], load, weights)
    if (slot === undefined) break
    add(slots[slot] as number, -(weights[slot] as number))
    move(slot, least(load), 'to share the load')
  }
  return { slots: slots as number[], moves }
}

/** True where nothing needs to move; once something does, all is shared as well as it can be. */
function isShared(load: ReadonlyMap<number, number>): boolean {
  const weights = [...load.values()]
  const share = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
  return weights.every((weight) => Math.abs(weight - share) <= share * tolerance)
}

/** The one with the least; of equals the first. */
function least(load: ReadonlyMap<number, number>): number {
  let found = -1
  let low = Infinity
  for (const [nodeId, weight] of load) if (weight < low) [found, low] = [nodeId, weight]
  return found
}

/** Odd: all slots are looked at, and of equals not the first ones are taken together. */
const stride = 101

/** A slot of the broker with the most that is better with the one that has the least. */
function slotToShare(
  slots: readonly number[],
  load: ReadonlyMap<number, number>,
  weights: readonly number[],
): number | undefined {
  const sorted = [...load].toSorted(([, a], [, b]) => a - b)
  const [target = -1, low = 0] = sorted[0] ?? []
  const [nodeId, high = 0] = sorted.at(-1) ?? []
  let found: number | undefined
  let best = high
  let far = -1
  const distances = distancesTo(slots, target)
  for (let at = 0; at < slotCount; at++) {
    const slot = (at * stride) % slotCount
    if (slots[slot] !== nodeId) continue
    const weight = weights[slot] as number
    const worst = Math.max(high - weight, low + weight)
    const distance = distances[slot] as number
    if (worst < best || (found !== undefined && worst === best && distance > far)) {
      ;[found, best, far] = [slot, worst, distance]
    }
  }
  return found
}

/**
 * From each slot to the nearest that the broker has: partitions of one topic stand in slots beside
 * each other, and shall be on different brokers.
 */
function distancesTo(slots: readonly number[], nodeId: number): Uint16Array {
  const distances = new Uint16Array(slotCount).fill(slotCount)
  for (const step of [1, slotCount - 1]) {
    let distance = slotCount
    // Twice around: what comes before the first of its slots has it behind it.
    for (let left = 2 * slotCount, slot = 0; left > 0; left--) {
      distance = slots[slot] === nodeId ? 0 : distance + 1
      if (distance < (distances[slot] as number)) distances[slot] = distance
      slot += step
      if (slot >= slotCount) slot -= slotCount
    }
  }
  return distances
}
