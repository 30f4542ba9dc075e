/**
 * Domain rules in CEL (cel.dev), over `value`, `key` and `headers`. The language has no loops but
 * those over what a record holds, so that a rule ends.
 */
import { celEnv, type CelInput, isCelError, parse, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'

/**
 * What a rule sees of a record, see ruleValue. Numbers are doubles, or int where they came as
 * bigint.
 */
export interface RuleInput {
  readonly value: unknown
  readonly key: unknown
  readonly headers: ReadonlyMap<string, string>
}

/**
 * A value as the evaluator takes it: objects as maps. It would look at prototypes and at names such
 * as `constructor`, which are a producer's to choose.
 */
export function ruleValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(ruleValue)
  return new Map(Object.entries(value).map(([name, each]) => [name, ruleValue(each)]))
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
  const evaluate = plan(environment, parse(expr))
  return ({ value, key, headers }) => {
    const result = evaluate({
      value: value as CelInput,
      key: key as CelInput,
      headers: headers as Map<string, string>,
    })
    if (result === true) return true
    if (isCelError(result)) return result.message
    return result === false ? 'it is false' : 'it is neither true nor false'
  }
}

type Expr = NonNullable<ReturnType<typeof parse>['expr']>

/** Names that nothing in the expression binds. The parser bounds the depth. */
function freeNames(expr: Expr | undefined, bound: ReadonlySet<string> = new Set()): Set<string> {
  const free = new Set<string>()
  const look = (part: Expr | undefined, also: readonly string[] = []): void => {
    const inner = also.length === 0 ? bound : new Set([...bound, ...also])
    for (const name of freeNames(part, inner)) free.add(name)
  }
  const kind = expr?.exprKind
  switch (kind?.case) {
    case 'identExpr':
      if (!bound.has(kind.value.name)) free.add(kind.value.name)
      break
    case 'selectExpr':
      look(kind.value.operand)
      break
    case 'callExpr':
      look(kind.value.target)
      for (const each of kind.value.args) look(each)
      break
    case 'listExpr':
      for (const each of kind.value.elements) look(each)
      break
    case 'structExpr':
      for (const { keyKind, value } of kind.value.entries) {
        if (keyKind.case === 'mapKey') look(keyKind.value)
        look(value)
      }
      break
    case 'comprehensionExpr': {
      const { iterVar, iterVar2, accuVar, iterRange, accuInit, loopCondition } = kind.value
      const names = [iterVar, iterVar2, accuVar].filter((name) => name !== '')
      look(iterRange)
      look(accuInit)
      for (const each of [loopCondition, kind.value.loopStep, kind.value.result]) look(each, names)
      break
    }
    default:
  }
  return free
}
