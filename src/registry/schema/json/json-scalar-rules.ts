/**
 * Bounds, patterns and multiples: what a reader asks of strings and numbers, the writer must
 * promise.
 */
import type { BoundKeyword, JsonNode } from './json-node.ts'
import { linearPattern } from './linear-pattern.ts'
import type { LinearPattern } from './linear-pattern.ts'
import type { Found, JsonComparison, JsonRule, JsonRules, Path } from './json-rule.ts'

/** `maxLength` is MAX_LENGTH in the names of rules. */
const ruleName = (keyword: string): string =>
  keyword.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** The reader's least must be at least as small as the writer's. */
export const lowerBound = (keyword: BoundKeyword): JsonRules =>
  bound(keyword, 'INCREASED', (r, w) => w >= r)
export const upperBound = (keyword: BoundKeyword): JsonRules =>
  bound(keyword, 'DECREASED', (r, w) => w <= r)

function bound(
  keyword: BoundKeyword,
  change: 'INCREASED' | 'DECREASED',
  holds: (reader: number, writer: number) => boolean,
): JsonRules {
  const name = ruleName(keyword)
  return (reader, writer, at, { breach }) => {
    const [asked, promised] = [reader.bounds[keyword], writer.bounds[keyword]]
    if (asked === undefined || (promised !== undefined && holds(asked, promised))) return []
    const rule = `${name}_${promised === undefined ? 'ADDED' : change}` as JsonRule
    const before = promised === undefined ? 'no bound' : `the bound ${promised}`
    return breach(
      rule,
      [...at, keyword],
      `readers refuse what is beyond ${keyword} ${asked}, and data was written with ${before}`,
    )
  }
}

export const stringRules: JsonRules = (reader, writer, at, comparison) => [
  ...lowerBound('minLength')(reader, writer, at, comparison),
  ...upperBound('maxLength')(reader, writer, at, comparison),
  ...reader.patterns.flatMap((pattern) => patternRule(pattern, writer, at, comparison)),
]

function patternRule(
  pattern: string,
  writer: JsonNode,
  at: Path,
  { breach }: JsonComparison,
): Found {
  if (writer.patterns.includes(pattern)) return []
  if (writer.values !== undefined && everyValue(writer.values, linearPattern(pattern))) return []
  const rule = writer.patterns.length === 0 ? 'PATTERN_ADDED' : 'PATTERN_CHANGED'
  return breach(
    rule,
    [...at, 'pattern'],
    `readers refuse strings that do not match ${JSON.stringify(pattern)}, and data ` +
      'was written without that promise',
  )
}

/** All strings of an enumeration match. */
function everyValue(values: ReadonlySet<string>, pattern: LinearPattern | undefined): boolean {
  if (pattern === undefined) return false
  const parsed = [...values].map((value): unknown => JSON.parse(value))
  return parsed.every((value) => typeof value !== 'string' || pattern.test(value))
}

export const numberRules: JsonRules = (reader, writer, at, comparison) => [
  ...edgeRule(reader, writer, at, comparison, lowerEdge),
  ...edgeRule(reader, writer, at, comparison, upperEdge),
  ...reader.multiples.flatMap((multiple) => multipleRule(multiple, writer, at, comparison)),
]

/** One end of a range. `sign` turns an upper end into a lower one. */
interface Edge {
  readonly open: BoundKeyword
  readonly closed: BoundKeyword
  readonly sign: 1 | -1
}
const lowerEdge: Edge = { open: 'exclusiveMinimum', closed: 'minimum', sign: 1 }
const upperEdge: Edge = { open: 'exclusiveMaximum', closed: 'maximum', sign: -1 }

/** The writer's end as a lower one: the least value, and whether that value itself is excluded. */
function endOf(node: JsonNode, edge: Edge): { least: number; excluded: boolean } | undefined {
  const closed = node.bounds[edge.closed]
  const open = node.bounds[edge.open]
  const ends = [
    ...(closed === undefined ? [] : [{ least: closed * edge.sign, excluded: false }]),
    ...(open === undefined ? [] : [openEnd(open * edge.sign, !node.types.has('number'))]),
  ]
  return ends.sort((a, b) => b.least - a.least || Number(b.excluded) - Number(a.excluded))[0]
}

/** Of whole numbers, more than 3 is 4 and more. */
const openEnd = (bound: number, whole: boolean): { least: number; excluded: boolean } =>
  whole ? { least: Math.floor(bound) + 1, excluded: false } : { least: bound, excluded: true }

function edgeRule(
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
  edge: Edge,
): Found {
  const promised = endOf(writer, edge)
  const change = edge.sign === 1 ? 'INCREASED' : 'DECREASED'
  return ([edge.closed, edge.open] as const).flatMap((keyword) => {
    const bound = reader.bounds[keyword]
    if (bound === undefined) return []
    const asked = bound * edge.sign
    const isOpen = keyword === edge.open
    if (promised !== undefined) {
      if (promised.least > asked) return []
      if (promised.least === asked && (!isOpen || promised.excluded)) return []
    }
    const rule = `${ruleName(keyword)}_${promised === undefined ? 'ADDED' : change}` as JsonRule
    return c.breach(
      rule,
      [...at, keyword],
      `readers refuse numbers beyond ${keyword} ${bound}, and data was written with ` +
        (promised === undefined ? 'no bound' : 'a wider one'),
    )
  })
}

function multipleRule(
  multiple: number,
  writer: JsonNode,
  at: Path,
  { breach }: JsonComparison,
): Found {
  const whole = writer.types.has('number') ? [] : [1]
  const promised = [...writer.multiples, ...whole]
  if (promised.some((each) => isMultiple(each, multiple))) return []
  const numbers = [...(writer.values ?? [])].map((value): unknown => JSON.parse(value))
  if (
    numbers.length > 0 &&
    numbers.every((each) => typeof each !== 'number' || isMultiple(each, multiple))
  )
    return []
  const [before] = writer.multiples
  const rule =
    before === undefined
      ? 'MULTIPLE_OF_ADDED'
      : isMultiple(multiple, before)
        ? 'MULTIPLE_OF_EXPANDED'
        : 'MULTIPLE_OF_CHANGED'
  return breach(
    rule,
    [...at, 'multipleOf'],
    `readers refuse numbers that are no multiple of ${multiple}, and data was ` +
      `written ${before === undefined ? 'without that promise' : `as multiples of ${before}`}`,
  )
}

/** In decimals, as people mean them: 0.3 is a multiple of 0.1. */
function isMultiple(number: number, of: number): boolean {
  const [a, b] = [decimalOf(number), decimalOf(of)]
  if (a === undefined || b === undefined || b.digits === 0n) return false
  const scale = Math.max(a.scale, b.scale)
  return (
    (a.digits * 10n ** BigInt(scale - a.scale)) % (b.digits * 10n ** BigInt(scale - b.scale)) === 0n
  )
}

/** Exponents beyond these are no measures of anything. */
const exponentMax = 100

function decimalOf(number: number): { digits: bigint; scale: number } | undefined {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number)) ?? []
  const scale = fraction.length - Number(exponent)
  if (whole === '' || Math.abs(scale) > exponentMax) return undefined
  const digits = BigInt(whole + fraction)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}
