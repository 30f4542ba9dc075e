/**
 * Domain rules in CEL (cel.dev), over `value`, `key` and `headers`. Patterns are RE2's, and loops
 * are counted, so that a rule ends.
 */
import { celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { guardLoops, partsOf, type RuleExpr, RuleSteps, ruleStepsMax } from './rule-steps.ts'
import { quickRule } from './quick-rule.ts'
import { ruleValue } from './rule-value.ts'

/** What a rule sees of a record. Numbers are doubles, or int where they came as bigint. */
export interface RuleInput {
  readonly value: unknown
  readonly key: unknown
  readonly headers: ReadonlyMap<string, string>
}

/** True, or what is wrong: the expression was false, or could not be told. */
export type RuleVerdict = true | string

export type CompiledRule = (input: RuleInput) => RuleVerdict

/** Of an expression: longer than anybody reads. */
export const ruleCharsMax = 4_000

const variables = new Set(['value', 'key', 'headers'])
/** Names that stand for types, as in `type(value.cents) == int`. */
const typeNames = new Set([
  ...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'],
  ...['google', 'dyn'],
])

const environment = celEnv({ funcs: strings })

/** What is wrong with the expression; undefined where it can be used. */
export function ruleFault(expr: string): string | undefined {
  if (expr.length > ruleCharsMax) return `has more than ${ruleCharsMax} characters`
  try {
    const parsed = parse(expr)
    const unknown = [...freeNames(parsed.expr)].filter(
      (name) => !variables.has(name) && !typeNames.has(name),
    )
    if (unknown.length > 0) {
      return `${unknown.join(', ')}: a rule sees ${[...variables].join(', ')}`
    }
    plan(environment, parsed)
    return undefined
  } catch (error) {
    return `no CEL: ${(error as Error).message.replace('<input>:', 'at ')}`
  }
}

/** @throws what `ruleFault` would have told. */
export function compileRule(expr: string): CompiledRule {
  const steps = new RuleSteps()
  const parsed = parse(expr)
  const holds = quickRule(parsed.expr)
  guardLoops(parsed.expr)
  const evaluate = plan(celEnv({ funcs: [...strings, steps.func()] }), parsed)
  return (input) => (holds?.(input) === true ? true : verdictOf(evaluate, steps, input))
}

function verdictOf(
  evaluate: ReturnType<typeof plan>,
  steps: RuleSteps,
  { value, key, headers }: RuleInput,
): RuleVerdict {
  steps.begin()
  const result = evaluate({
    value: ruleValue(value),
    key: ruleValue(key),
    headers: headers as Map<string, string>,
  })
  if (steps.isOver) return `it takes more than ${ruleStepsMax} turns of its loops`
  if (result === true) return true
  if (isCelError(result)) return result.message
  return result === false ? 'it is false' : 'it is neither true nor false'
}

/** Names that nothing in the expression binds. The parser bounds the depth. */
function freeNames(
  expr: RuleExpr | undefined,
  bound: ReadonlySet<string> = new Set(),
): Set<string> {
  const kind = expr?.exprKind
  if (kind?.case === 'identExpr') {
    return bound.has(kind.value.name) ? new Set() : new Set([kind.value.name])
  }
  const free = new Set<string>()
  const look = (part: RuleExpr | undefined, inner: ReadonlySet<string>): void => {
    for (const name of freeNames(part, inner)) free.add(name)
  }
  if (kind?.case !== 'comprehensionExpr') {
    for (const part of partsOf(expr)) look(part, bound)
    return free
  }
  const { iterVar, iterVar2, accuVar, iterRange, accuInit } = kind.value
  const { loopCondition, loopStep, result } = kind.value
  const names = [iterVar, iterVar2, accuVar].filter((name) => name !== '')
  for (const part of [iterRange, accuInit]) look(part, bound)
  for (const part of [loopCondition, loopStep, result]) look(part, new Set([...bound, ...names]))
  return free
}
