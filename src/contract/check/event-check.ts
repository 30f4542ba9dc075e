/**
 * Holds records to a contract: key, encoding, schema, required facts, domain rules, in this order,
 * and tells the first thing that is wrong. Pure; made once for a version of a contract.
 */
import type { Contract, Encoding, Fact } from '../contract.ts'
import { compileRule, type CompiledRule } from '../rule.ts'
import type { NamesOnly } from './count-named.ts'
import type { BatchSchemas } from './held-schemas.ts'
import type { PartCheck } from './part-check.ts'
import { cloudEventPayload, type Payload, plainPayload } from './payload.ts'
import { type CheckedRecord, type Read, refused, utf8, type Violation } from './record.ts'

export interface EventCheckParts {
  readonly facts: readonly Fact[]
  readonly rules: Contract['rules']
  readonly encoding: Encoding
  readonly value: PartCheck
  /** Undefined: keys are any bytes. */
  readonly key: PartCheck | undefined
  /** The property that the key repeats as text; a path with dots. */
  readonly keyProperty: string | undefined
  /** The topic is compacted: a null value deletes a key. */
  readonly takesTombstones: boolean
  readonly needsKey: boolean
  /** Said where nothing but the names of schemas is looked at: this is all, then. */
  readonly namesOnly?: NamesOnly | undefined
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

  get namesOnly(): NamesOnly | undefined {
    return this.#parts.namesOnly
  }

  /** Undefined: nothing is wrong, or something was asked for and the batch comes again. */
  check(record: CheckedRecord, schemas: BatchSchemas): Violation | undefined {
    const { takesTombstones, encoding } = this.#parts
    const key = this.#checkKey(record, schemas)
    if ('violation' in key) return key.violation
    if (record.value === null) {
      if (takesTombstones) return undefined
      const message = 'the record has no value: only a compacted topic takes deletions'
      return { rule: 'schema', at: '', message }
    }
    const payload = readPayload(encoding, record, record.value)
    if ('violation' in payload) return payload.violation
    const read = this.#parts.value(payload.bytes, record.headers, schemas)
    if ('violation' in read) return read.violation
    if (schemas.asked.length > 0) return undefined
    return this.#checkSeen({ ...read, key: key.value, headers: payload.headers })
  }

  /** The key as its schema says; without one its text, or its bytes where it is none. */
  #checkKey(
    { key, headers }: CheckedRecord,
    schemas: BatchSchemas,
  ): Read<{ readonly value: unknown }> {
    const { needsKey, key: check } = this.#parts
    if (key !== null) return check?.(key, headers, schemas) ?? { value: utf8(key) ?? key }
    if (!needsKey) return { value: null }
    return refused('key', '', 'the record has no key: the contract names one')
  }

  #checkSeen(seen: Seen): Violation | undefined {
    const { facts, keyProperty } = this.#parts
    const differing = keyProperty === undefined ? undefined : differingKey(keyProperty, seen)
    if (differing !== undefined) return differing
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
  readonly key: unknown
  readonly headers: ReadonlyMap<string, string>
}

/** Where the contract says which property is the key, the key is nothing else. */
function differingKey(path: string, { value, key }: Seen): Violation | undefined {
  if (key === null) return undefined
  const text = textOf(valueAt(value, path))
  if (text !== undefined && text === key) return undefined
  const told = typeof key === 'string' ? shown(key) : 'no text'
  const message = `the key is ${told}, and must be ${path} of the value, which is ${shown(text)}`
  return { rule: 'key', at: pointerOf(path), message }
}

/** Keys and values are shown up to here: a message is read by a person. */
const shownCharsMax = 100

function shown(text: string | undefined): string {
  if (text === undefined) return 'not there'
  return JSON.stringify(text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text)
}

/** Undefined: nothing is wrong. */
export function checkFact(fact: Fact, seen: Seen): Violation | undefined {
  const { fact: name, in: place, at, required, oneOf } = fact
  if (place === 'catalog') return undefined
  const found = factIn(fact, seen)
  const broken = (message: string): Violation => {
    return { rule: `fact:${name}`, at: place === 'value' ? pointerOf(at) : at, message }
  }
  if (found === undefined || found === null || found === '') {
    if (!required) return undefined
    const what = { value: `${at} in the value`, header: `the header ${at}`, key: 'the key' }[place]
    return broken(`${name} is missing: the contract wants it as ${what}`)
  }
  if (oneOf.length === 0) return undefined
  const text = textOf(found)
  if (text !== undefined && oneOf.includes(text)) return undefined
  return broken(`${name} is ${text ?? 'no text'}, and must be one of ${oneOf.join(', ')}`)
}

/** Undefined where it is not there. */
export function factIn({ in: place, at }: Fact, { value, key, headers }: Seen): unknown {
  if (place === 'header') return headers.get(at)
  if (place === 'key') return key
  return valueAt(value, at)
}

function valueAt(value: unknown, path: string): unknown {
  if (!path.includes('.')) return ownOf(value, path)
  return path.split('.').reduce(ownOf, value)
}

function ownOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

function textOf(found: unknown): string | undefined {
  if (typeof found === 'string') return found
  const isPlain = ['number', 'bigint', 'boolean'].includes(typeof found)
  return isPlain ? String(found) : undefined
}

const pointerOf = (path: string): string => `/${path.split('.').join('/')}`
