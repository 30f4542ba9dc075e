/**
 * What is left of an event when all its headers are gone, as connectors, mirrors and sinks lose
 * them. Each fact that the contract places in the value or the key must still be there.
 */
import type { Fact } from '../contract.ts'
import { checkFact, factIn, type Seen } from '../check/event-check.ts'
import { cloudEventPayload, type Payload, plainPayload } from '../check/payload.ts'
import { type CheckedRecord, headerTexts, type Read, type Violation } from '../check/record.ts'

/** Of one fact in one record. */
export interface FactSight {
  readonly withHeaders: boolean
  readonly withoutHeaders: boolean
}

const contentType = 'content-type'
const structured = 'application/cloudevents'

/** The payload, and the headers before and after: attributes of a structured event are in its value. */
export interface Stripped {
  readonly payload: Uint8Array
  readonly before: Payload['headers']
  readonly after: Payload['headers']
}

/** Of a value that tells no schema. */
export function stripHeaders(
  encoding: 'plain' | 'cloudevents',
  record: CheckedRecord,
  value: Uint8Array,
): Read<Stripped> {
  const type = record.headers.findLast(({ name }) => name === contentType)
  const isStructured =
    encoding === 'cloudevents' &&
    headerTexts(record.headers).get(contentType)?.toLowerCase().startsWith(structured) === true
  if (!isStructured || type === undefined) {
    const { bytes, headers } = plainPayload(record, value)
    return { payload: bytes, before: headers, after: new Map() }
  }
  const before = cloudEventPayload(record, value)
  if ('violation' in before) return before
  // Whoever has lost the content type, too, knows an envelope by its specversion.
  const after = cloudEventPayload({ ...record, headers: [type] }, value)
  if ('violation' in after) return after
  const attributes = [...after.headers].filter(([name]) => name !== contentType)
  return { payload: after.bytes, before: before.headers, after: new Map(attributes) }
}

export interface SeenFacts {
  readonly sights: readonly FactSight[]
  /** The first fact of value or key that is missing, or has a value that it may not have. */
  readonly violation: Violation | undefined
}

/** One sight for each of `facts`. */
export function factsLeft(
  facts: readonly Fact[],
  before: Seen,
  after: Pick<Seen, 'headers'>,
): SeenFacts {
  const stripped = { ...before, ...after }
  const isThere = (fact: Fact, seen: Seen): boolean => {
    const found = factIn(fact, seen)
    return found !== undefined && found !== null && found !== ''
  }
  const sights = facts.map((fact) => ({
    withHeaders: isThere(fact, before),
    withoutHeaders: isThere(fact, stripped),
  }))
  for (const fact of facts) {
    if (fact.in !== 'value' && fact.in !== 'key') continue
    const violation = checkFact(fact, stripped)
    if (violation !== undefined) return { sights, violation }
  }
  return { sights, violation: undefined }
}
