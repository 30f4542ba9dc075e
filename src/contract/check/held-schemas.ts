/**
 * Schemas that records name by id or GUID, held ready by whoever checks batches. Only the broker
 * can ask the catalog for them: a batch that names one which is not here asks, and comes again.
 */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type { SchemaId } from './schema-frame.ts'
import { type SchemaText, type UsableSchema, usableSchema } from './usable-schema.ts'

/** What a record says: this schema, of the subject of its topic. */
export interface SubjectSchema {
  readonly subject: string
  readonly schema: SchemaId
}

/** What the catalog says. */
export type ToldSchema = SubjectSchema &
  (
    | (SchemaText & { readonly outcome: 'found' })
    /** No version of the subject has it. */
    | { readonly outcome: 'absent' }
    | { readonly outcome: 'unusable'; readonly message: string }
  )

/** What goes with a batch, beside its policy. */
export interface ToldSchemas {
  /** Rises with time: what was told under an earlier one may not be so any more. */
  readonly epoch: number
  readonly schemas: readonly ToldSchema[]
}

export const nothingTold: ToldSchemas = { epoch: 0, schemas: [] }

/** A batch is of one producer, with one schema, or two where it has just been changed. */
export const schemasPerBatchMax = 16

/** Held ready; some hundred kilobytes each. */
const heldMax = 1_000

export type FoundSchema =
  | { readonly outcome: 'usable'; readonly schema: UsableSchema }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'unusable'; readonly message: string }

export type SchemaAnswer =
  | FoundSchema
  /** It is not known here yet, and was put on the list of what the batch asks for. */
  | { readonly outcome: 'asked' }
  | { readonly outcome: 'too-many' }

export const keyOfSchema = ({ subject, schema }: SubjectSchema): string =>
  JSON.stringify([subject, schema.kind === 'id' ? schema.id : schema.guid])

export class HeldSchemas {
  readonly #formats: SchemaFormats
  /** In the order of use. */
  readonly #held = new Map<string, { readonly epoch: number; readonly found: FoundSchema }>()

  constructor(formats: SchemaFormats) {
    this.#formats = formats
  }

  /** Takes in what is told, and gives what one batch may ask. */
  async forBatch({ epoch, schemas }: ToldSchemas): Promise<BatchSchemas> {
    const told = new Map<string, FoundSchema>()
    for (const each of schemas) {
      const found = each.outcome === 'found' ? await made(each, this.#formats) : each
      told.set(keyOfSchema(each), found)
      // What is not there may be there in a moment.
      if (found.outcome !== 'absent') this.#hold(keyOfSchema(each), { epoch, found })
    }
    return new BatchSchemas((key) => told.get(key) ?? this.#use(key, epoch))
  }

  /** For a batch of which nothing was told. */
  atHand(epoch: number): BatchSchemas {
    return new BatchSchemas((key) => this.#use(key, epoch))
  }

  #use(key: string, epoch: number): FoundSchema | undefined {
    const held = this.#held.get(key)
    if (held === undefined || held.epoch !== epoch) return undefined
    this.#hold(key, held)
    return held.found
  }

  #hold(key: string, held: { readonly epoch: number; readonly found: FoundSchema }): void {
    this.#held.delete(key)
    this.#held.set(key, held)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= heldMax) break
      this.#held.delete(oldest)
    }
  }
}

/** Of one batch: what it names, and what it asks for. */
export class BatchSchemas {
  readonly asked: SubjectSchema[] = []
  readonly #find: (key: string) => FoundSchema | undefined
  /** By subject, then by id or GUID: records of a batch name the same again and again. */
  readonly #named = new Map<string, Map<number | string, SchemaAnswer>>()
  #count = 0

  /** @param find by keyOfSchema. */
  constructor(find: (key: string) => FoundSchema | undefined) {
    this.#find = find
  }

  find(subject: string, schema: SchemaId): SchemaAnswer {
    const named = this.#named.get(subject) ?? new Map<number | string, SchemaAnswer>()
    this.#named.set(subject, named)
    const name = schema.kind === 'id' ? schema.id : schema.guid
    const known = named.get(name)
    if (known !== undefined) return known
    if (this.#count >= schemasPerBatchMax) return { outcome: 'too-many' }
    this.#count++
    const found = this.#find(keyOfSchema({ subject, schema }))
    if (found === undefined) this.asked.push({ subject, schema })
    const answer = found ?? ({ outcome: 'asked' } as const)
    named.set(name, answer)
    return answer
  }
}

async function made(text: SchemaText, formats: SchemaFormats): Promise<FoundSchema> {
  const schema = await usableSchema(text, formats)
  return typeof schema === 'string'
    ? { outcome: 'unusable', message: schema }
    : { outcome: 'usable', schema }
}
