/**
 * Bounds what a rule may take. CEL has no endless loops, but loops in loops over what a record
 * holds, which end next year: each turn of any of them is counted, and beyond the limit all end.
 */
import { type CelFunc, celFunc, CelScalar, parse } from '@bufbuild/cel'

export type RuleExpr = NonNullable<ReturnType<typeof parse>['expr']>

/** Turns of all loops of a rule, for one record: some tens of milliseconds. */
export const ruleStepsMax = 100_000

const stepName = 'karst_step'

export class RuleSteps {
  #left = 0

  /** Before each record. */
  begin(): void {
    this.#left = ruleStepsMax
  }

  /** True where what was evaluated since `begin` was cut short. */
  get isOver(): boolean {
    return this.#left < 0
  }

  /** What the loops of guarded expressions call. */
  func(): CelFunc {
    return celFunc(stepName, [], CelScalar.BOOL, () => --this.#left >= 0)
  }
}

/** Makes every loop ask before each turn whether there is another. */
export function guardLoops(expr: RuleExpr | undefined): void {
  for (const part of partsOf(expr)) guardLoops(part)
  const kind = expr?.exprKind
  if (kind?.case !== 'comprehensionExpr') return
  const { loopCondition } = kind.value
  const guard = parse(`${stepName}() && true`).expr
  if (guard?.exprKind.case !== 'callExpr' || loopCondition === undefined) return
  guard.exprKind.value.args.splice(1, 1, loopCondition)
  kind.value.loopCondition = guard
}

/** The expressions right below. */
export function partsOf(expr: RuleExpr | undefined): (RuleExpr | undefined)[] {
  const kind = expr?.exprKind
  switch (kind?.case) {
    case 'selectExpr':
      return [kind.value.operand]
    case 'callExpr':
      return [kind.value.target, ...kind.value.args]
    case 'listExpr':
      return kind.value.elements
    case 'structExpr':
      return kind.value.entries.flatMap(({ keyKind, value }) =>
        keyKind.case === 'mapKey' ? [keyKind.value, value] : [value],
      )
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = kind.value
      return [iterRange, accuInit, loopCondition, loopStep, result]
    }
    default:
      return []
  }
}
