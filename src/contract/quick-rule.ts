/**
 * The plain part of CEL, as functions: of most records it is told in a tenth of the evaluator's
 * time that they keep a rule. Where it is not sure, as with errors, types that differ and all that
 * it does not know, it says nothing, and the evaluator is asked. As there, what is true on one side
 * of `||` decides, whatever the other is: here also where that would take too long.
 */
import type { RuleInput } from './rule.ts'
import type { RuleExpr } from './rule-steps.ts'

/** True: the rule holds. False: ask the evaluator, which also says why it does not. */
export type QuickRule = (input: RuleInput) => boolean

const unsure: unique symbol = Symbol('unsure')

/** What an expression is of a record, or `unsure`. */
type Look = (input: RuleInput) => unknown

type Call = Extract<RuleExpr['exprKind'], { case: 'callExpr' }>['value']
type Select = Extract<RuleExpr['exprKind'], { case: 'selectExpr' }>['value']
type Constant = Extract<RuleExpr['exprKind'], { case: 'constExpr' }>['value']['constantKind']

/** Undefined where nothing of the expression is known here. */
export function quickRule(expr: RuleExpr | undefined): QuickRule | undefined {
  const look = lookOf(expr)
  return look && ((input) => look(input) === true)
}

/** Undefined: it is not known here. The parser bounds the depth. */
function lookOf(expr: RuleExpr | undefined): Look | undefined {
  const kind = expr?.exprKind
  switch (kind?.case) {
    case 'constExpr':
      return constantLook(kind.value.constantKind)
    case 'identExpr':
      return variableLook(kind.value.name)
    case 'selectExpr':
      return selectLook(kind.value)
    case 'callExpr':
      return callLook(kind.value)
    default:
      return undefined
  }
}

function constantLook({ case: kind, value }: Constant): Look | undefined {
  switch (kind) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return () => value
    case 'nullValue':
      return () => null
    case 'int64Value': {
      // Compared with a double it is the same number, and quicker.
      const plain = Number(value)
      const least = Number.isSafeInteger(plain) ? plain : value
      return () => least
    }
    default:
      return undefined
  }
}

function variableLook(name: string): Look | undefined {
  if (name === 'value') return ({ value }) => (value === undefined ? unsure : value)
  if (name === 'key') return ({ key }) => (key === undefined ? unsure : key)
  return name === 'headers' ? ({ headers }) => headers : undefined
}

/** `value.cents`, and `has(value.cents)`. */
function selectLook({ operand, field, testOnly }: Select): Look | undefined {
  const of = lookOf(operand)
  if (of === undefined) return undefined
  if (!testOnly) return (input) => fieldOf(of(input), field)
  return (input) => isThere(of(input), field)
}

/** What the evaluator makes of a field that is null is its own. */
function isThere(of: unknown, name: unknown): boolean | typeof unsure {
  const has = hasField(of, name)
  return has === true && fieldOf(of, name) === null ? unsure : has
}

function hasField(of: unknown, name: unknown): boolean | typeof unsure {
  if (typeof name !== 'string') return unsure
  if (of instanceof Map) return of.has(name)
  if (!isFields(of)) return unsure
  if (!Object.hasOwn(of, name)) return false
  return valueIn(of, name) === undefined ? unsure : true
}

/** `unsure` too where it is not there: that is an error. */
function fieldOf(of: unknown, name: unknown): unknown {
  if (hasField(of, name) !== true) return unsure
  return of instanceof Map ? of.get(name) : valueIn(of as object, name as string)
}

const valueIn = (of: object, name: string): unknown =>
  (of as Readonly<Record<string, unknown>>)[name]

/** As ruleValue sees it. */
const isFields = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array)

function callLook({ function: name, target, args }: Call): Look | undefined {
  if (name === '@in') return inLook(args)
  const given = target === undefined ? args : [target, ...args]
  const looks = given.map(lookOf)
  if (name === '_||_') return anyLook(looks)
  if (looks.includes(undefined)) return undefined
  const [a, b, c] = looks
  if (a === undefined) return undefined
  if (name === '!_') return (input) => notOf(a(input))
  if (b === undefined) return undefined
  const both = (target === undefined ? binaryCalls : textCalls).get(name)
  if (both !== undefined) {
    return given.length === 2 ? (input) => both(a(input), b(input)) : undefined
  }
  if (name === '_&&_') return allLook(a, b)
  if (name !== '_?_:_' || c === undefined) return undefined
  return (input) => {
    const which = a(input)
    return typeof which === 'boolean' ? (which ? b : c)(input) : unsure
  }
}

const notOf = (value: unknown): unknown => (typeof value === 'boolean' ? !value : unsure)

/** True where any is, whatever the others are: an error is forgotten then. */
function anyLook(looks: readonly (Look | undefined)[]): Look | undefined {
  const known = looks.filter((look) => look !== undefined)
  if (known.length === 0) return undefined
  const isWhole = known.length === looks.length
  return (input) => {
    let isSure = isWhole
    for (const look of known) {
      const told = look(input)
      if (told === true) return true
      if (told !== false) isSure = false
    }
    return isSure ? false : unsure
  }
}

/** False where either is, as `anyLook`. */
const allLook =
  (a: Look, b: Look): Look =>
  (input) => {
    const [left, right] = [a(input), b(input)]
    if (left === false || right === false) return false
    return left === true && right === true ? true : unsure
  }

/** `value.tool in ["refund", "search"]`, `"tool" in value`. */
function inLook([item, list]: readonly RuleExpr[]): Look | undefined {
  const look = lookOf(item)
  if (look === undefined) return undefined
  if (list?.exprKind.case !== 'listExpr') {
    const of = lookOf(list)
    return of && ((input) => holds(of(input), look(input)))
  }
  const items = list.exprKind.value.elements.map(lookOf)
  if (items.includes(undefined)) return undefined
  const known = items as Look[]
  return (input) => {
    const all = known.map((each) => each(input))
    return all.includes(unsure) ? unsure : holds(all, look(input))
  }
}

function holds(of: unknown, found: unknown): boolean | typeof unsure {
  if (!Array.isArray(of)) return isThere(of, found)
  if (found === unsure) return unsure
  const told = of.map((each) => areEqual(found, each))
  return told.includes(true) || (told.includes(unsure) ? unsure : false)
}

type Binary = (a: unknown, b: unknown) => unknown

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value))

/** Negative, 0 or positive. An int beyond 2^53 is rounded there where it meets a double. */
function compared(a: unknown, b: unknown): number | typeof unsure {
  if (!isNumber(a) || !isNumber(b)) return unsure
  const isExact =
    typeof a === typeof b || Number.isSafeInteger(Number(typeof a === 'bigint' ? a : b))
  if (!isExact) return unsure
  return a < b ? -1 : Number(a > b)
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || isNumber(value)

function areEqual(a: unknown, b: unknown): boolean | typeof unsure {
  if (isNumber(a) && isNumber(b)) return areSame(a, b)
  if (a === null || b === null) {
    const other = a === null ? b : a
    return other === null || (isPlain(other) ? false : unsure)
  }
  return typeof a === typeof b && isPlain(a) && isPlain(b) ? a === b : unsure
}

/** Of numbers; texts are ordered by code points there, and by UTF-16 units here. */
const ofOrder =
  (tell: (order: number) => boolean) =>
  (a: unknown, b: unknown): boolean | typeof unsure => {
    const order = compared(a, b)
    return order === unsure ? unsure : tell(order)
  }

/** An int and a double may be the same number. */
const areSame = ofOrder((order) => order === 0)

const ofTexts =
  (tell: (a: string, b: string) => boolean): Binary =>
  (a, b) =>
    typeof a === 'string' && typeof b === 'string' ? tell(a, b) : unsure

const binaryCalls: ReadonlyMap<string, Binary> = new Map([
  ['_==_', areEqual],
  ['_!=_', (a, b) => notOf(areEqual(a, b))],
  ['_<_', ofOrder((order) => order < 0)],
  ['_<=_', ofOrder((order) => order <= 0)],
  ['_>_', ofOrder((order) => order > 0)],
  ['_>=_', ofOrder((order) => order >= 0)],
  ['_[_]', fieldOf],
])

const textCalls: ReadonlyMap<string, Binary> = new Map([
  ['startsWith', ofTexts((a, b) => a.startsWith(b))],
  ['endsWith', ofTexts((a, b) => a.endsWith(b))],
  ['contains', ofTexts((a, b) => a.includes(b))],
])
