/**
 * Changes that no schema language minds and somebody does: labels that an evaluator counts by, a
 * class that gets lower, a purpose more, a mask that hides less, records gone before they can be
 * replayed. Each needs an approver that the contract itself has named.
 */
import {
  type Contract,
  type EventProperty,
  type MaskingOperation,
  maskingOperations,
} from './contract.ts'
import { rankOf } from './file/lint.ts'

export interface GuardedChange {
  readonly rule:
    | 'frozen-labels'
    | 'class-lowered'
    | 'purpose-widened'
    | 'mask-weakened'
    | 'retention'
  /** What it is about: a property, a purpose, a tag. */
  readonly at: string
  /** What changes, and what it means for whom. */
  readonly message: string
}

/** From the revision in force to the next. */
export function guardedChanges(before: Contract, after: Contract): GuardedChange[] {
  return [
    ...before.events.flatMap((event) => {
      const next = after.events.find(({ name }) => name === event.name)
      if (next === undefined) return []
      const whole = lowered(event.name, event.classification, next.classification)
      return [...whole, ...betweenProperties(`${event.name}.`, event.properties, next.properties)]
    }),
    ...widenedPurposes(before, after),
    ...weakenedMasks(before, after),
    ...shortenedRetention(before, after),
  ]
}

function betweenProperties(
  under: string,
  before: readonly EventProperty[],
  after: readonly EventProperty[],
): GuardedChange[] {
  return before.flatMap((property) => {
    const next = after.find(({ name }) => name === property.name)
    const at = `${under}${property.name}`
    if (next === undefined) {
      return property.frozenLabels ? [relabelled(at, property.values, [])] : []
    }
    return [
      ...(property.frozenLabels ? frozen(at, property, next) : []),
      ...lowered(at, property.classification, next.classification),
      ...betweenProperties(`${at}.`, partsOf(property), partsOf(next)),
    ]
  })
}

const partsOf = ({ properties, items }: EventProperty): readonly EventProperty[] =>
  items === undefined ? properties : [...properties, items]

function frozen(at: string, before: EventProperty, after: EventProperty): GuardedChange[] {
  const isSame =
    before.values.length === after.values.length &&
    before.values.every((value) => after.values.includes(value))
  if (!isSame) return [relabelled(at, before.values, after.values)]
  if (after.frozenLabels) return []
  const message = 'are not frozen any more: evaluators that count by them are not told of changes'
  return [{ rule: 'frozen-labels', at, message }]
}

function relabelled(
  at: string,
  before: readonly string[],
  after: readonly string[],
): GuardedChange {
  const gone = before.filter((value) => !after.includes(value))
  const added = after.filter((value) => !before.includes(value))
  const told = [
    ...(added.length > 0 ? [`${added.join(', ')} would come`] : []),
    ...(gone.length > 0 ? [`${gone.join(', ')} would go`] : []),
  ].join(', ')
  const message = `are frozen labels, and ${told}: evaluators would count wrongly without a word`
  return { rule: 'frozen-labels', at, message }
}

function lowered(
  at: string,
  before: string | undefined,
  after: string | undefined,
): GuardedChange[] {
  if (rankOf(after) >= rankOf(before)) return []
  const message = `is ${before}, and would be ${after ?? 'without a class'}: more would see it`
  return [{ rule: 'class-lowered', at, message }]
}

function widenedPurposes(before: Contract, after: Contract): GuardedChange[] {
  const had = before.consent?.purposes
  if (had === undefined) return []
  const added = (after.consent?.purposes ?? []).filter((purpose) => !had.includes(purpose))
  const changes = added.map((at): GuardedChange => {
    const message = 'would be a purpose more: what was consented to does not cover it'
    return { rule: 'purpose-widened', at, message }
  })
  if (after.consent !== undefined) return changes
  const message = 'would not be asked for any more'
  return [...changes, { rule: 'purpose-widened', at: 'ai.consent', message }]
}

function weakenedMasks(before: Contract, after: Contract): GuardedChange[] {
  return (before.masking?.rules ?? []).flatMap(({ tag, op }): GuardedChange[] => {
    const next = after.masking?.rules.find((rule) => rule.tag === tag)?.op
    if (next !== undefined && strengthOf(next) >= strengthOf(op)) return []
    const message = `is masked by ${op}, and would be by ${next ?? 'nothing'}, which hides less`
    return [{ rule: 'mask-weakened', at: tag, message }]
  })
}

const strengthOf = (op: MaskingOperation): number => maskingOperations.indexOf(op)

function shortenedRetention(before: Contract, after: Contract): GuardedChange[] {
  const { replayMs } = before.operations
  const { retentionMs } = after.operations
  if (replayMs === undefined || retentionMs === undefined || retentionMs >= replayMs) return []
  const days = (ms: number): string => `${Math.round(ms / 86_400_000)} d`
  const message = `would be ${days(retentionMs)}, and readers may replay ${days(replayMs)}`
  return [{ rule: 'retention', at: 'retention', message }]
}
