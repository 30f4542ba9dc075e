/**
 * Does a reader's schema take all that a writer's does? Rules for each kind of value, for
 * enumerations, and for schemas made of schemas. Where the question has no simple answer, the
 * answer is no.
 */
import { judgePairs, PairMemo } from '../pair-memo.ts'
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
  { policy }: CompatibilityOptions,
): Found {
  const [readers, writers] = [jsonNodes(reader), jsonNodes(writer)]
  const passes = policy === 'lenient' ? lenientRules : new Set<JsonRule>()
  const comparing = new Comparing(passes)
  return judgePairs((memo) => comparing.run(memo, readers(reader.root), writers(writer.root)))
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

  #judge(reader: JsonNode, writer: JsonNode, at: Path): Found {
    if (writer.never || writer.types.size === 0 || writer.values?.size === 0) return []
    const found = this.#plain(reader, writer, at)
    if (found.length === 0 || writer.choices.length === 0) return found
    // What was written is of some branch: it is enough that the reader takes each of them.
    const tried = writer.choices.map((choice) => this.#eachBranch(reader, writer, choice, at))
    if (tried.some((each) => each.length === 0)) return []
    const [choice] = writer.choices
    const [refused = []] = tried
    return this.#explain(reader, choice!, refused, found, at)
  }

  #eachBranch(reader: JsonNode, writer: JsonNode, choice: JsonChoice, at: Path): Found {
    const others = { ...writer, choices: writer.choices.filter((each) => each !== choice) }
    const known = this.#branches.get(writer) ?? new Map<RawSchema, JsonNode>()
    this.#branches.set(writer, known)
    return choice.branches.flatMap((branch) => {
      const merged = known.get(branch) ?? {
        ...mergeNodes(others, this.#wholeOf(writer.inner(branch))),
        isPart: true,
      }
      known.set(branch, merged)
      return this.pair(reader, merged, at)
    })
  }

  /** A branch that the reader lost has a name; any other difference is told as it is. */
  #explain(reader: JsonNode, choice: JsonChoice, refused: Found, plain: Found, at: Path): Found {
    const own = reader.choices.find(({ keyword }) => keyword === choice.keyword)
    const here = [...at, choice.keyword]
    if (own !== undefined && own.branches.length < choice.branches.length)
      return [
        ...this.breach(
          'SUM_TYPE_NARROWED',
          here,
          `data was written as one of ${choice.branches.length} alternatives, and readers ` +
            `have ${own.branches.length} and refuse the others`,
        ),
        ...(this.#passes.has('SUM_TYPE_NARROWED') ? refused : []),
      ]
    return refused.length > 0 ? refused : plain
  }

  /** Without looking into the writer's choices. */
  #plain(reader: JsonNode, writer: JsonNode, at: Path): Found {
    const kinds = this.#kinds(reader, writer, at)
    if (kinds.length > 0) return kinds
    const shared = rulesOf.filter(([type]) => takes(reader, type) && takes(writer, type))
    return [
      ...this.#values(reader, writer, at),
      ...shared.flatMap(([, rules]) => rules(reader, writer, at, this)),
      ...this.#allOf(reader, writer, at),
      ...reader.choices.flatMap((choice) => this.#choice(choice, reader, writer, at)),
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

  #allOf(reader: JsonNode, writer: JsonNode, at: Path): Found {
    return reader.allOf.flatMap((part, index) =>
      this.pair(reader.inner(part), writer, [...at, 'allOf', index]),
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
    return branches.filter(
      (branch, index) => this.pair(branch, writer, [...at, index]).length === 0,
    ).length
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
