/**
 * Reads and compares schemas for one request. Ordinary ones at once. What takes long is done
 * between two looks at the catalog: nobody may wait while a snapshot is open.
 */
import { assert } from '../../base/assert.ts'
import type { ReadTransaction } from '../../catalog/database.ts'
import { registryErrors } from '../registry-error.ts'
import type { StoredSchema } from '../registry-reads.ts'
import { hashOfText, type SchemaContent } from '../schema-content.ts'
import { resolveReferences, type Referring } from '../resolve-references.ts'
import type { SchemaFormats } from '../schema-parser.ts'
import {
  checkCompatibility,
  type CompatibilityLevel,
  type VersionConflict,
} from '../schema/compatibility.ts'
import {
  type CompatibilityOptions,
  type NamedSchema,
  type ParsedSchema,
  tooComplexRule,
} from '../schema/schema-format.ts'
import {
  answerTo,
  charsOf,
  type SchemaAnswer,
  type SchemaJob,
  type WholeSchema,
} from './schema-job.ts'
import type { HeldSchema, ParsedSchemas } from './parsed-schemas.ts'

/**
 * UTF-16 units of all texts that are worked on at once on the thread of the broker: some ten
 * milliseconds. Most schemas of people are smaller.
 */
export const inlineCharsMax = 16_384
/** Versions that are compared at once there: each may be a puzzle that takes as long as it may. */
const inlineVersionsMax = 10
/** UTF-16 units that one job holds, and more only for a single pair: what one message carries. */
const jobCharsMax = 4 * 1_048_576
/** Jobs of one request; each costs a look at the catalog. A contract has two for each large schema. */
const jobsMax = 100

/** Thrown where an answer is needed that is not there yet: the request begins again with it. */
class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly key: string
  readonly job: SchemaJob

  constructor(key: string, job: SchemaJob) {
    super('a schema is yet to be worked on')
    this.key = key
    this.job = job
  }
}

export interface Comparison {
  readonly level: CompatibilityLevel
  readonly options: CompatibilityOptions
  readonly candidate: SchemaContent & { readonly context: string }
  /** Oldest first. */
  readonly previous: readonly StoredSchema[]
}

type AnswerOf<Kind> = Extract<SchemaAnswer, { kind: Kind }>

export class RequestParser {
  readonly #formats: SchemaFormats
  readonly #parsed: ParsedSchemas
  readonly #answers = new Map<string, SchemaAnswer>()

  constructor(formats: SchemaFormats, parsed: ParsedSchemas) {
    this.#formats = formats
    this.#parsed = parsed
  }

  /**
   * Runs `body` again until all that it asks of this parser is answered. What it does before it
   * asks must do no harm if it is done again.
   */
  async run<Result>(
    answer: (job: SchemaJob) => Promise<SchemaAnswer>,
    body: () => Promise<Result>,
  ): Promise<Result> {
    for (let jobs = 0; jobs <= jobsMax; jobs++) {
      try {
        return await body()
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
        this.#answers.set(error.key, await answer(error.job))
      }
    }
    throw registryErrors.tooLarge(
      `The schemas are too large to be worked on together: more than ${jobsMax} ` +
        `times ${inlineCharsMax} characters and more`,
    )
  }

  /**
   * @param references see resolve
   * @throws RegistryError 42201, 42209
   */
  async read(
    { schemaType, text }: Pick<SchemaContent, 'schemaType' | 'text'>,
    references: readonly NamedSchema[],
    isNew: boolean,
  ): Promise<AnswerOf<'read'>> {
    return this.#answered({ kind: 'read', schema: { schemaType, text, references }, isNew })
  }

  /** Another notation of the schema; undefined: there is none of that name. */
  async formatted(
    tx: ReadTransaction,
    schema: StoredSchema,
    format: string,
  ): Promise<string | undefined> {
    const whole = await this.#whole(tx, schema)
    return (await this.#answered({ kind: 'format', schema: whole, format })).text
  }

  /** See checkCompatibility. @throws RegistryError 42201, 42209 */
  async conflicts(
    tx: ReadTransaction,
    comparison: Comparison,
  ): Promise<readonly VersionConflict[]> {
    const { level, options, candidate, previous } = comparison
    const own = await this.#whole(tx, candidate)
    const known = await this.#atOnce(tx, own, comparison)
    if (known !== undefined) return known
    for (let end = previous.length; end > 0;) {
      const group: WholeSchema[] = []
      for (let chars = charsOf(own); end > 0 && (group.length === 0 || chars < jobCharsMax);) {
        const whole = await this.#whole(tx, previous[--end] as StoredSchema)
        group.unshift(whole)
        chars += charsOf(whole)
      }
      const job = { kind: 'compare', level, options, candidate: own, previous: group } as const
      const { conflicts } = this.#later(job)
      if (conflicts.length === 0) continue
      return conflicts.map((each) => ({ ...each, previousIndex: each.previousIndex + end }))
    }
    return []
  }

  /** See resolveReferences. */
  resolve(tx: ReadTransaction, schema: Referring): Promise<NamedSchema[]> {
    return resolveReferences(tx, schema)
  }

  async #whole(
    tx: ReadTransaction,
    schema: SchemaContent & { readonly context: string },
  ): Promise<WholeSchema> {
    const references = await resolveReferences(tx, schema)
    return { schemaType: schema.schemaType, text: schema.text, references }
  }

  /** Undefined where they are too large, or too much of a puzzle. */
  async #atOnce(
    tx: ReadTransaction,
    own: WholeSchema,
    { level, options, candidate, previous }: Comparison,
  ): Promise<readonly VersionConflict[] | undefined> {
    let chars = charsOf(own)
    for (const { text } of previous) chars += text.length
    if (chars > inlineCharsMax || previous.length > inlineVersionsMax) return undefined
    const earlier: ParsedSchema[] = []
    for (const each of previous) {
      const held = this.#parsed.get(each) ?? (await this.#parse(tx, each))
      chars += held?.referenceChars ?? 0
      if (held === undefined || chars > inlineCharsMax) return undefined
      earlier.push(held.parsed)
    }
    const format = await this.#formats[candidate.schemaType]?.()
    assert(format !== undefined, 'the candidate was read before')
    const outcome = format.parse(own, { validateNew: false })
    if (!outcome.ok) return undefined
    const brief = { ...options, isBrief: true }
    const found = checkCompatibility(level, outcome.schema, earlier, format, brief)
    return found.some(({ rule }) => rule === tooComplexRule) ? undefined : found
  }

  async #parse(tx: ReadTransaction, schema: StoredSchema): Promise<HeldSchema | undefined> {
    const whole = await this.#whole(tx, schema)
    if (charsOf(whole) > inlineCharsMax) return undefined
    const format = await this.#formats[schema.schemaType]?.()
    const outcome = format?.parse(whole, { validateNew: false })
    if (outcome?.ok !== true) return undefined
    const held = { parsed: outcome.schema, referenceChars: charsOf(whole) - whole.text.length }
    this.#parsed.set(schema, held)
    return held
  }

  async #answered<Job extends SchemaJob & { readonly schema: WholeSchema }>(
    job: Job,
  ): Promise<AnswerOf<Job['kind']>> {
    const isSmall = charsOf(job.schema) <= inlineCharsMax
    return isSmall ? told<Job>(await answerTo(this.#formats, job)) : this.#later(job)
  }

  /** @throws Unanswered */
  #later<Job extends SchemaJob>(job: Job): AnswerOf<Job['kind']> {
    const key = hashOfText(JSON.stringify(job))
    const answer = this.#answers.get(key)
    if (answer === undefined) throw new Unanswered(key, job)
    return told<Job>(answer)
  }
}

/** @throws RegistryError 42201, 42209 */
function told<Job extends SchemaJob>(answer: SchemaAnswer): AnswerOf<Job['kind']> {
  if (answer.kind === 'invalid') throw registryErrors.invalidSchema(answer.message)
  if (answer.kind === 'too-large') throw registryErrors.tooLarge(answer.message)
  return answer as AnswerOf<Job['kind']>
}
