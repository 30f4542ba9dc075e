/**
 * Does a reader's schema take all that a writer's does? Rules for each kind of value, for
 * enumerations, and for schemas made of schemas. Where the question has no simple answer, the
 * answer is no.
 */
import { briefEffort, judgePairs, PairMemo } from '../pair-memo.ts'
import type { CompatibilityOptions } from '../schema-format.ts'
import { arrayRules } from './json-array-rules.ts'
import type { RawSchema } from './json-dialect.ts'
import { jsonNodes } from './json-nodes.ts'
import { hasType } from './json-node.ts'
import type { JsonChoice, JsonNode, JsonType } from './json-node.ts'
import { objectRules } from './json-object-rules.ts'
import { lenientRules, pathText } from './json-rule.ts'
import type { Found, JsonComparison, JsonRules, JsonRule, Path } from './json-rule.ts'
import { numberRules, stringRules } from './json-scalar-rules.ts'
import { mergeNodes } from './merge-nodes.ts'
import type { JsonDocument } from './parse-json-schema.ts'
import { partsOf, withFactsOfValues } from './split-node.ts'

export function jsonIncompatibilities(
  reader: JsonDocument,
  writer: JsonDocument,
  { policy, isBrief }: CompatibilityOptions,
): Found {
  const [readers, writers] = [jsonNodes(reader), jsonNodes(writer)]
  const passes = policy === 'lenient' ? lenientRules : new Set<JsonRule>()
  const comparing = new Comparing(passes)
  const pass = (memo: PairMemo): Found =>
    comparing.run(memo, readers(reader.root), writers(writer.root))
  return judgePairs(pass, isBrief === true ? briefEffort : undefined)
}

const rulesOf: readonly (readonly [JsonType, JsonRules])[] = [
  ['string', stringRules],
  ['number', numberRules],
  ['object', objectRules],
  ['array', arrayRules],
]

class Comparing implements JsonComparison {
  #memo = new PairMemo()
  readonly #passes: ReadonlySet<JsonRule>
  readonly #whole = new Map<JsonNode, JsonNode>()
  readonly #branches = new Map<JsonNode, Map<RawSchema, JsonNode>>()

  constructor(passes: ReadonlySet<JsonRule>) {
    this.#passes = passes
  }

  /** One pass. Nodes that are made on the way are kept for the next, which knows pairs by them. */
  run(memo: PairMemo, reader: JsonNode, writer: JsonNode): Found {
    this.#memo = memo
    return this.pair(reader, writer, [])
  }

  readonly breach = (rule: JsonRule, at: Path, message: string): Found =>
    this.#passes.has(rule) ? [] : [{ rule, path: pathText(at), message }]

  readonly pair = (reader: JsonNode, writer: JsonNode, at: Path): Found => {
    if (reader.any || writer.never || reader === writer) return []
    return this.#memo.judge(reader, writer, () => this.#judge(reader, this.#wholeOf(writer), at))
  }

  /** With all that its `allOf` says. */
  #wholeOf(node: JsonNode): JsonNode {
    if (node.allOf.length === 0 && node.values === undefined) return node
    const before = this.#whole.get(node)
    if (before !== undefined) return before
    const own = { ...node, allOf: [] }
    this.#whole.set(node, own) // for an allOf that leads back here, which says nothing new
    const whole = node.allOf.reduce<JsonNode>(
      (merged, part) => mergeNodes(merged, this.#wholeOf(node.inner(part))),
      own,
    )
    const told = withFactsOfValues(whole)
    this.#whole.set(node, told)
    return told
  }

  /** All that the reader asks, each part of it on its own. */
  #judge(reader: JsonNode, writer: JsonNode, at: Path): Found {
    if (writer.never || writer.types.size === 0 || writer.values?.size === 0) return []
    const own = this.#ofEachBranch(writer, (each) => this.#keywords(reader, each, at))
    if (own.found.some(({ rule }) => rule === 'TYPE_CHANGED' || rule === 'TYPE_NARROWED'))
      return own.found
    const choices = reader.choices.flatMap((choice) => {
      // Who takes all of them together takes each of them.
      const ask = (each: JsonNode): Found => this.#choice(choice, reader, each, at)
      const { found, lost } = this.#ofEachBranch(writer, ask, false)
      return found.length > 0 && lost !== undefined ? this.#explain(choice, lost, found, at) : found
    })
    return [
      ...own.found,
      ...reader.allOf.flatMap((part, index) =>
        this.pair(reader.inner(part), writer, [...at, 'allOf', index]),
      ),
      ...choices,
    ]
  }

  /**
   * What was written is of some branch of each of the writer's choices: it is enough that what is
   * asked holds of every branch of one of them. Others are left out of account meanwhile, for to
   * try them all together would take exponentially long.
   */
  #ofEachBranch(
    writer: JsonNode,
    ask: (writer: JsonNode) => Found,
    asWhole = true,
  ): { readonly found: Found; readonly lost?: JsonChoice } {
    const [first] = writer.choices
    if (first === undefined) return { found: ask(writer) }
    if (asWhole && ask(writer).length === 0) return { found: [] }
    let shown: Found = []
    for (const choice of writer.choices) {
      const refused = choice.branches.flatMap(
        (branch) => this.#ofEachBranch(this.#withBranch(writer, branch), ask, asWhole).found,
      )
      if (refused.length === 0) return { found: [] }
      if (choice === first) shown = refused
    }
    return { found: shown, lost: first }
  }

  #withBranch(writer: JsonNode, branch: RawSchema): JsonNode {
    const known = this.#branches.get(writer) ?? new Map<RawSchema, JsonNode>()
    this.#branches.set(writer, known)
    const before = known.get(branch)
    if (before !== undefined) return before
    const rest = { ...writer, choices: [] }
    const merged = mergeNodes(rest, this.#wholeOf(writer.inner(branch)))
    const part = { ...merged, isPart: true }
    known.set(branch, part)
    return part
  }

  /** A branch that the reader lost has a name; any other difference is told as it is. */
  #explain(own: JsonChoice, choice: JsonChoice, refused: Found, at: Path): Found {
    if (own.keyword !== choice.keyword || own.branches.length >= choice.branches.length)
      return refused
    return this.breach(
      'SUM_TYPE_NARROWED',
      [...at, choice.keyword],
      `data was written as one of ${choice.branches.length} alternatives, and readers have ` +
        `${own.branches.length} and refuse the others`,
    )
  }

  #keywords(reader: JsonNode, writer: JsonNode, at: Path): Found {
    if (writer.never || writer.types.size === 0 || writer.values?.size === 0) return []
    const kinds = this.#kinds(reader, writer, at)
    if (kinds.length > 0) return kinds
    const shared = rulesOf.filter(([type]) => takes(reader, type) && takes(writer, type))
    return [
      ...this.#values(reader, writer, at),
      ...shared.flatMap(([, rules]) => rules(reader, writer, at, this)),
      ...reader.nots.flatMap((not) => this.#not(reader.inner(not), writer, at)),
      ...this.#conditions(reader, writer, at),
    ]
  }

  #kinds(reader: JsonNode, writer: JsonNode, at: Path): Found {
    const refused = [...writer.types].filter((type) => !hasType(reader.types, type))
    if (refused.length === 0) return []
    const kept = [...reader.types].every((type) => hasType(writer.types, type))
    return this.breach(
      kept && reader.types.size > 0 ? 'TYPE_NARROWED' : 'TYPE_CHANGED',
      [...at, 'type'],
      `data was written as ${[...writer.types].join(' or ')}, and readers take ` +
        ([...reader.types].join(' or ') || 'nothing'),
    )
  }

  #values(reader: JsonNode, writer: JsonNode, at: Path): Found {
    if (reader.values === undefined) return []
    const written = writer.values ?? fewValues(writer)
    const here = [...at, 'enum']
    if (written === undefined)
      return this.breach(
        'ENUM_ARRAY_NARROWED',
        here,
        'data was written with any value of the type, and readers take those of the enum only',
      )
    const asked = reader.values
    const missing = [...written].filter((value) => !asked.has(value))
    if (missing.length === 0) return []
    const narrowed = [...asked].every((value) => written.has(value))
    return this.breach(
      narrowed ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED',
      here,
      `readers refuse ${missing.slice(0, 10).join(', ')}, which data was written with`,
    )
  }

  #choice(choice: JsonChoice, reader: JsonNode, writer: JsonNode, at: Path): Found {
    const here = [...at, choice.keyword]
    const branches = choice.branches.map((branch) => reader.inner(branch))
    const taken = this.#takenBy(branches, writer, here)
    if (taken > 1 && choice.keyword === 'oneOf' && !writer.isPart && writer.choices.length === 0)
      return this.breach(
        'ONE_OF_BRANCHES_OVERLAP',
        here,
        `data that was written before fits ${taken} branches of oneOf, and readers take ` +
          'what fits exactly one: use anyOf',
      )
    if (taken > 0) return []
    const [only] = branches
    if (branches.length === 1) return this.pair(only!, writer, [...here, 0])
    const parts = partsOf(writer)
    if (parts.length > 1 && parts.every((part) => this.#takenBy(branches, part, here) > 0))
      return []
    return this.breach(
      'COMBINED_TYPE_SUBSCHEMAS_CHANGED',
      here,
      `data was written that no single alternative of ${choice.keyword} takes`,
    )
  }

  #takenBy(branches: readonly JsonNode[], writer: JsonNode, at: Path): number {
    const taken = branches.filter(
      (branch, index) =>
        !clash(branch, writer) && this.pair(branch, writer, [...at, index]).length === 0,
    )
    return taken.length
  }

  /** What the reader excludes, the writer must have excluded, or be unable to write. */
  #not(excluded: JsonNode, writer: JsonNode, at: Path): Found {
    const disjoint = ![...writer.types].some(
      (type) =>
        hasType(excluded.types, type) || (type === 'number' && excluded.types.has('integer')),
    )
    if (excluded.never || disjoint) return []
    const promised = writer.nots.some(
      (not) => this.pair(writer.inner(not), excluded, at).length === 0,
    )
    if (promised) return []
    return this.breach(
      'NOT_TYPE_EXTENDED',
      [...at, 'not'],
      'readers refuse what `not` describes, and data was written without that promise',
    )
  }

  #conditions(reader: JsonNode, writer: JsonNode, at: Path): Found {
    return reader.conditionals.flatMap((asked) => {
      const before = writer.conditionals.find(({ condition }) => condition === asked.condition)
      if (before === undefined)
        return this.breach(
          'CONDITION_ADDED',
          [...at, 'if'],
          'readers ask more where a condition holds, and data was written without that promise',
        )
      return (['holds', 'fails'] as const).flatMap((part) =>
        this.pair(reader.inner(asked[part]), writer.inner(before[part]), [
          ...at,
          part === 'holds' ? 'then' : 'else',
        ]),
      )
    })
  }
}

const takes = (node: JsonNode, type: JsonType): boolean =>
  node.types.has(type) || (type === 'number' && node.types.has('integer'))

/** All values there are, of types that have few. */
function fewValues(node: JsonNode): ReadonlySet<string> | undefined {
  const values = [...node.types].map((type) =>
    type === 'null' ? ['null'] : type === 'boolean' ? ['true', 'false'] : undefined,
  )
  return values.includes(undefined) ? undefined : new Set(values.flatMap((each) => each ?? []))
}

/**
 * One property tells them apart, as discriminators do: both list its values, and share none. Most
 * alternatives that do not fit are seen by this, without comparing all their properties.
 */
const clash = (reader: JsonNode, writer: JsonNode): boolean =>
  [...reader.properties].some(([name, schema]) => {
    const written = writer.properties.get(name)
    if (written === undefined) return false
    const [asked, promised] = [reader.inner(schema).values, writer.inner(written).values]
    if (asked === undefined || promised === undefined || promised.size === 0) return false
    return takes(writer, 'object') && ![...promised].some((value) => asked.has(value))
  })
