/** What a replay found: counts, whatever the number of records, and the first of what went wrong. */
import type { Fact } from '../contract.ts'
import type { ReplayVerdict } from './replay-check.ts'
import type { Writer } from './value-reader.ts'

export interface RecordPlace {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
}

export interface ReplayFailure extends RecordPlace {
  readonly rule: string
  readonly at: string
  readonly message: string
  readonly schemaId: number | null
  readonly schemaGuid: string | null
  readonly schemaVersion: number | null
}

/** Records of one writer's schema. */
export interface WriterCount {
  readonly schemaId: number | null
  readonly schemaGuid: string | null
  readonly schemaVersion: number | null
  /** Null where the registry does not have it. */
  readonly schemaType: string | null
  readonly records: number
  readonly ok: number
  readonly failed: number
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
}

/** How often a fact was there, before and after all headers were dropped. */
export interface FactCount {
  readonly fact: string
  readonly in: string
  readonly at: string
  readonly withHeaders: number
  readonly withoutHeaders: number
}

export interface ReplaySummary {
  readonly records: number
  readonly ok: number
  readonly failed: number
  readonly tombstones: number
  readonly byRule: Readonly<Record<string, number>>
  /** By version; empty where values do not tell their schema. */
  readonly writers: readonly WriterCount[]
  /** Records of schemas beyond the first thousands. */
  readonly otherWriters: number
  /** Empty where headers were kept. */
  readonly facts: readonly FactCount[]
  /** The first, by partition and offset. */
  readonly failures: readonly ReplayFailure[]
}

/** Whoever writes random ids fills no memory. */
const writersMax = 5_000
/** UTF-16 units: a message may name a whole union of types. */
const messageCharsMax = 500

type Counted = { -readonly [Name in keyof WriterCount]: WriterCount[Name] }

export class ReplayReport {
  readonly #failuresMax: number
  readonly #facts: { readonly fact: Fact; withHeaders: number; withoutHeaders: number }[]
  readonly #byRule = new Map<string, number>()
  readonly #writers = new Map<string, Counted>()
  readonly #failures: ReplayFailure[] = []
  #records = 0
  #tombstones = 0
  #failed = 0
  #otherWriters = 0

  /** @param facts what is counted where headers are dropped; else none. */
  constructor(facts: readonly Fact[], failuresMax: number) {
    this.#failuresMax = failuresMax
    this.#facts = facts.map((fact) => ({ fact, withHeaders: 0, withoutHeaders: 0 }))
  }

  get records(): number {
    return this.#records
  }

  get failed(): number {
    return this.#failed
  }

  add({ partition, offset, timestampMs }: RecordPlace, verdict: ReplayVerdict): void {
    this.#records++
    if (verdict.outcome === 'tombstone') {
      this.#tombstones++
      return
    }
    const { writer, violation, sights } = verdict
    if (writer !== undefined) this.#count(writer, violation !== undefined, timestampMs)
    for (const [at, { withHeaders, withoutHeaders }] of sights.entries()) {
      const counted = this.#facts[at]
      if (counted === undefined) continue
      if (withHeaders) counted.withHeaders++
      if (withoutHeaders) counted.withoutHeaders++
    }
    if (violation === undefined) return
    this.#failed++
    const { rule, at, message } = violation
    this.#byRule.set(rule, (this.#byRule.get(rule) ?? 0) + 1)
    if (this.#failures.length >= this.#failuresMax) return
    this.#failures.push({
      ...{ partition, offset, timestampMs, rule, at },
      message: message.slice(0, messageCharsMax),
      schemaId: writer?.id ?? null,
      schemaGuid: writer?.guid ?? null,
      schemaVersion: writer?.version ?? null,
    })
  }

  #count({ id, guid, version, type }: Writer, isFailed: boolean, timestampMs: number): void {
    const key = guid ?? String(id)
    const counted = this.#writers.get(key)
    if (counted === undefined && this.#writers.size >= writersMax) {
      this.#otherWriters++
      return
    }
    const own: Counted = counted ?? {
      ...{ schemaId: id ?? null, schemaGuid: guid ?? null, schemaVersion: version ?? null },
      ...{ schemaType: type ?? null, records: 0, ok: 0, failed: 0 },
      ...{ firstTimestampMs: timestampMs, lastTimestampMs: timestampMs },
    }
    own.records++
    if (isFailed) own.failed++
    else own.ok++
    own.firstTimestampMs = Math.min(own.firstTimestampMs, timestampMs)
    own.lastTimestampMs = Math.max(own.lastTimestampMs, timestampMs)
    this.#writers.set(key, own)
  }

  summary(): ReplaySummary {
    const byRule = [...this.#byRule].toSorted(([, a], [, b]) => b - a)
    return {
      records: this.#records,
      ok: this.#records - this.#failed - this.#tombstones,
      failed: this.#failed,
      tombstones: this.#tombstones,
      byRule: Object.fromEntries(byRule),
      writers: [...this.#writers.values()].toSorted(byVersion),
      otherWriters: this.#otherWriters,
      facts: this.#facts.map(({ fact: { fact, in: place, at }, ...counts }) => {
        return { fact, in: place, at, ...counts }
      }),
      failures: this.#failures.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset),
    }
  }
}

/** Those that the subject does not have come last. */
function byVersion(a: WriterCount, b: WriterCount): number {
  const order = (a.schemaVersion ?? Infinity) - (b.schemaVersion ?? Infinity)
  return Number.isNaN(order) || order === 0 ? (a.schemaId ?? 0) - (b.schemaId ?? 0) : order
}
