/**
 * Holds records to a contract: encoding, schema, required facts, domain rules, in this order, and
 * tells the first thing that is wrong. Pure; made once for a version of a contract.
 */
import type { PayloadValidator } from '../../registry/schema/schema-format.ts'
import type { Contract, Fact } from '../contract.ts'
import { compileRule, type CompiledRule } from '../rule.ts'
import { cloudEventPayload, type Payload, plainPayload, type Read } from './payload.ts'
import { type CheckedRecord, utf8, type Violation } from './record.ts'

export interface EventCheckParts {
  readonly facts: readonly Fact[]
  readonly rules: Contract['rules']
  readonly encoding: 'plain' | 'cloudevents'
  readonly validator: PayloadValidator
  /** The topic is compacted: a null value deletes a key. */
  readonly takesTombstones: boolean
  readonly needsKey: boolean
}

interface NamedRule {
  readonly name: string
  readonly message: string
  readonly holds: CompiledRule
}

export class EventCheck {
  readonly #parts: EventCheckParts
  readonly #rules: readonly NamedRule[]

  constructor(parts: EventCheckParts) {
    this.#parts = parts
    this.#rules = parts.rules.map(({ name, message, expr }) => {
      return { name, message, holds: compileRule(expr) }
    })
  }

  /** Undefined: nothing is wrong. */
  check(record: CheckedRecord): Violation | undefined {
    const { takesTombstones, needsKey, encoding } = this.#parts
    if (record.key === null && needsKey) {
      return { rule: 'key', at: '', message: 'the record has no key: the contract names one' }
    }
    if (record.value === null) {
      if (takesTombstones) return undefined
      const message = 'the record has no value: only a compacted topic takes deletions'
      return { rule: 'schema', at: '', message }
    }
    const payload = readPayload(encoding, record, record.value)
    return 'violation' in payload ? payload.violation : this.#checkPayload(record, payload)
  }

  #checkPayload(record: CheckedRecord, payload: Payload): Violation | undefined {
    const { facts, validator } = this.#parts
    const read = validator.toValue(payload.bytes)
    if (!read.ok) return { rule: 'schema', at: read.at, message: read.message }
    const key = record.key === null ? null : (utf8(record.key) ?? record.key)
    const seen = { value: read.value, key, headers: payload.headers }
    for (const fact of facts) {
      const violation = checkFact(fact, seen)
      if (violation !== undefined) return violation
    }
    for (const { name, message, holds } of this.#rules) {
      const verdict = holds(seen)
      if (verdict === true) continue
      const why = verdict === 'it is false' ? '' : `: ${verdict}`
      return { rule: `rule:${name}`, at: '', message: `${message}${why}` }
    }
    return undefined
  }
}

function readPayload(
  encoding: EventCheckParts['encoding'],
  record: CheckedRecord,
  value: Uint8Array,
): Read<Payload> {
  return encoding === 'cloudevents' ? cloudEventPayload(record, value) : plainPayload(record, value)
}

/** What facts are looked for in. */
export interface Seen {
  readonly value: unknown
  readonly key: string | Uint8Array | null
  readonly headers: ReadonlyMap<string, string>
}

/** Undefined: nothing is wrong. */
export function checkFact(fact: Fact, seen: Seen): Violation | undefined {
  const { fact: name, in: place, at, required, oneOf } = fact
  if (place === 'catalog') return undefined
  const found = factIn(fact, seen)
  const rule = `fact:${name}`
  const where = place === 'value' ? pointerOf(at) : at
  if (found === undefined || found === null || found === '') {
    if (!required) return undefined
    const what = { value: `${at} in the value`, header: `the header ${at}`, key: 'the key' }[place]
    return { rule, at: where, message: `${name} is missing: the contract wants it as ${what}` }
  }
  if (oneOf.length === 0) return undefined
  const text = textOf(found)
  if (text !== undefined && oneOf.includes(text)) return undefined
  const allowed = oneOf.join(', ')
  return {
    rule,
    at: where,
    message: `${name} is ${text ?? 'no text'}, and must be one of ${allowed}`,
  }
}

/** Undefined where it is not there. */
export function factIn({ in: place, at }: Fact, { value, key, headers }: Seen): unknown {
  if (place === 'header') return headers.get(at)
  if (place === 'key') return key
  let found: unknown = value
  for (const name of at.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Readonly<Record<string, unknown>>)[name]
  }
  return found
}

function textOf(found: unknown): string | undefined {
  if (typeof found === 'string') return found
  const isPlain = ['number', 'bigint', 'boolean'].includes(typeof found)
  return isPlain ? String(found) : undefined
}

const pointerOf = (path: string): string => `/${path.split('.').join('/')}`
