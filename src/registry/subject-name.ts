/**
 * Subjects and their contexts. `orders-value` is in the default context '.'; `:.eu:orders-value` is
 * in '.eu'. Each context has its own ids. `:.eu:` alone is the context itself.
 */
import { associationsContext } from '../catalog/schema-associations.ts'
import { registryErrors } from './registry-error.ts'

export interface SubjectName {
  /** Begins with a dot. */
  readonly context: string
  /** Without its context; '' is the context itself. */
  readonly subject: string
}

export const defaultContext = '.'
/** Holds settings that count where a context says nothing. */
export const globalContext = '.__GLOBAL'
/** As a prefix: whatever the context. */
export const anyContext = ':*:'

/** Of a subject and of a context, each: they stand in keys, URLs and logs. */
const nameCharsMax = 1_024

/**
 * @throws RegistryError 42208: it is empty, too long, holds control characters or half a character,
 *   or is of a context that is not for schemas.
 */
export function parseSubject(text: string): SubjectName {
  const name = splitContext(text)
  const isOurs = name.context === associationsContext // its ids are a count
  const isNone = name.subject === '' && !text.startsWith(':')
  if (isOurs || isNone) throw registryErrors.invalidSubject(text)
  return name
}

/** As parseSubject; '' is the default context itself. */
export function splitContext(text: string): SubjectName {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  const isPlain = text.length <= 2 * nameCharsMax && !/[\u0000-\u001f\u007f-\u009f]/.test(text)
  // Half of a surrogate pair is no text outside of JavaScript: catalogs would each store another.
  if (!isPlain || !text.isWellFormed())
    throw registryErrors.invalidSubject(text.slice(0, nameCharsMax))
  const found = /^:(\.[^:]*):(.*)$/s.exec(text)
  const context = found?.[1] ?? defaultContext
  const subject = found === null ? text : (found[2] as string)
  if (context.length > nameCharsMax || subject.length > nameCharsMax) {
    throw registryErrors.invalidSubject(text.slice(0, nameCharsMax))
  }
  return { context, subject }
}

/** As clients write it. */
export function qualified({ context, subject }: SubjectName): string {
  return context === defaultContext ? subject : `:${context}:${subject}`
}

/**
 * The subject of a path that may name a context in front, `/contexts/.eu/subjects/orders-value`; a
 * subject that names one itself keeps it.
 */
export function inContext(context: string | undefined, subject: string): string {
  if (context === undefined || subject.startsWith(':.') || subject.startsWith(anyContext)) {
    return subject
  }
  const name = context.startsWith('.') ? context : `.${context}`
  return name === defaultContext ? subject : `:${name}:${subject}`
}
