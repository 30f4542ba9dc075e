/**
 * Which schemas the subjects of topics have, as the catalog says. Records name them by ids that
 * anybody can make up: the catalog is asked by one read at a time, and not again for what it has
 * just said.
 */
import type { Clock } from '../base/clock.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { keyOfSchema, type SubjectSchema, type ToldSchema } from './check/held-schemas.ts'

/**
 * A version may be deleted meanwhile: so long it goes on to count, milliseconds. See
 * TopicContracts, too.
 */
export const foundKeptMs = 60_000
/** A version may be registered meanwhile, by another broker: so long it is not seen, milliseconds. */
export const absentKeptMs = 1_000
/** Schemas kept, with their texts. */
const foundMax = 1_000
/** Schemas that are not there, by name. */
const absentMax = 10_000
/** Schemas asked for in one read; each takes up to five steps. */
const readMax = 64

interface Kept {
  readonly told: ToldSchema
  readonly untilMs: number
}

interface Waiting {
  readonly asked: SubjectSchema
  readonly promise: Promise<ToldSchema>
  readonly resolve: (told: ToldSchema) => void
  readonly reject: (error: unknown) => void
}

export class SchemaLookup {
  readonly #database: CatalogDatabase
  readonly #clock: Clock
  /** By keyOfSchema, the oldest first. */
  readonly #found = new Map<string, Kept>()
  readonly #absent = new Map<string, Kept>()
  /** Whom the catalog has not answered yet, those of the read that is under way first. */
  readonly #waiting = new Map<string, Waiting>()
  #isReading = false

  constructor(database: CatalogDatabase, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** In the order in which they are asked for. @throws Failure 'unavailable' */
  find(asked: readonly SubjectSchema[]): Promise<ToldSchema[]> {
    const found = Promise.all(asked.map((each) => this.#tell(each)))
    if (!this.#isReading && this.#waiting.size > 0) void this.#read()
    return found
  }

  #tell(asked: SubjectSchema): Promise<ToldSchema> {
    const key = keyOfSchema(asked)
    const kept = this.#found.get(key) ?? this.#absent.get(key)
    if (kept !== undefined && kept.untilMs > this.#clock.monotonicMs()) {
      return Promise.resolve(kept.told)
    }
    const waiting = this.#waiting.get(key) ?? { asked, ...Promise.withResolvers<ToldSchema>() }
    this.#waiting.set(key, waiting)
    return waiting.promise
  }

  /** Until nobody waits. */
  async #read(): Promise<void> {
    this.#isReading = true
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting.values()].slice(0, readMax)
      const read = readNow(this.#database, some)
      const outcome = await read.catch((error: unknown) => ({ error }))
      for (const [at, { asked, resolve, reject }] of some.entries()) {
        this.#waiting.delete(keyOfSchema(asked))
        if ('error' in outcome) reject(outcome.error)
        else {
          const told = outcome[at] as ToldSchema
          this.#keep(told)
          resolve(told)
        }
      }
    }
    this.#isReading = false
  }

  #keep(told: ToldSchema): void {
    const key = keyOfSchema(told)
    const isFound = told.outcome === 'found'
    const nowMs = this.#clock.monotonicMs()
    for (const each of [this.#found, this.#absent]) each.delete(key)
    const kept = isFound ? this.#found : this.#absent
    kept.set(key, { told, untilMs: nowMs + (isFound ? foundKeptMs : absentKeptMs) })
    const max = isFound ? foundMax : absentMax
    for (const oldest of kept.keys()) {
      if (kept.size <= max) break
      kept.delete(oldest)
    }
  }
}

/** What reads the registry is loaded with the first question. */
async function readNow(
  database: CatalogDatabase,
  waiting: readonly Waiting[],
): Promise<ToldSchema[]> {
  const { readSubjectSchemas } = await import('./store/read-subject-schemas.ts')
  return readSubjectSchemas(
    database,
    waiting.map(({ asked }) => asked),
  )
}
