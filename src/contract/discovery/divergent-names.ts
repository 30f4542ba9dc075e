/**
 * The same thing under different names: a fact that contracts keep in different places, and
 * properties whose names differ in style only. Who joins events of two emitters has to know.
 */
import type { AppliedContract } from './applied-contracts.ts'
import { fieldPaths } from './event-fields.ts'

export interface DivergentName {
  /** `fact`: one of identity, trace, governance. `property`: of payloads. */
  readonly kind: 'fact' | 'property'
  /** The fact, or the name without style: `conversationid`. */
  readonly what: string
  /** What most contracts use; null where no use has more than the next. */
  readonly majority: NameUse | null
  /** By the number of contracts, most first. */
  readonly uses: readonly NameUse[]
}

export interface NameUse {
  readonly in: 'value' | 'header'
  /** The path in the value, the header's name, or the property's. */
  readonly name: string
  readonly contracts: readonly string[]
}

type Noted = Omit<NameUse, 'contracts'> & { readonly what: string; readonly contractId: string }

/** By kind and name. */
export function divergentNames(applied: readonly AppliedContract[]): DivergentName[] {
  return [
    ...divergent('fact', applied.flatMap(factsOf)),
    ...divergent('property', applied.flatMap(propertiesOf)),
  ]
}

/** Keys and the catalog have no names to differ in. */
function factsOf({ contractId, parsed }: AppliedContract): Noted[] {
  return (parsed.contract?.facts ?? []).flatMap(({ fact: what, in: place, at: name }) =>
    place === 'value' || place === 'header' ? [{ what, in: place, name, contractId }] : [],
  )
}

function propertiesOf({ contractId, parsed }: AppliedContract): Noted[] {
  const names = new Set(
    [...parsed.fields.values()]
      .flatMap((fields) => fieldPaths(fields))
      .map(({ field }) => field.name),
  )
  return [...names].map((name) => ({ what: withoutStyle(name), in: 'value', name, contractId }))
}

/** `conversation_id`, `conversationId` and `Conversation-ID` are one. */
const withoutStyle = (name: string): string => name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase()

function divergent(kind: DivergentName['kind'], noted: readonly Noted[]): DivergentName[] {
  const found: DivergentName[] = []
  for (const [what, own] of Map.groupBy(noted, (each) => each.what)) {
    const byName = Map.groupBy(own, (each) => `${each.in} ${each.name}`)
    if (byName.size < 2) continue
    const uses = [...byName.values()].map((same): NameUse => {
      const contracts = [...new Set(same.map(({ contractId }) => contractId))]
      const [{ in: place, name }] = same as [Noted]
      return { in: place, name, contracts }
    })
    uses.sort((a, b) => b.contracts.length - a.contracts.length || compare(a.name, b.name))
    const [first, second] = uses as [NameUse, NameUse]
    const majority = first.contracts.length > second.contracts.length ? first : null
    found.push({ kind, what, majority, uses })
  }
  return found.toSorted((a, b) => compare(a.what, b.what))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
