/** The states of groups as Kafka writes them, and back from what a client writes. */
import type { GroupStateName } from '../group/listing.ts'

const texts: Readonly<Record<GroupStateName, string>> = {
  empty: 'Empty',
  'preparing-rebalance': 'PreparingRebalance',
  'completing-rebalance': 'CompletingRebalance',
  stable: 'Stable',
  dead: 'Dead',
  assigning: 'Assigning',
  reconciling: 'Reconciling',
}

export function groupStateText(state: GroupStateName): string {
  return texts[state]
}

/** Undefined for a state that no group has. Case does not count, as in Kafka. */
export function parseGroupState(text: string): GroupStateName | undefined {
  const wanted = text.toLowerCase()
  const states = Object.keys(texts) as GroupStateName[]
  return states.find((state) => texts[state].toLowerCase() === wanted)
}
