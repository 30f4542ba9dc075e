/**
 * JSON read within limits, and so that writing it again loses nothing: 1.0 stays 1.0, and a long
 * keeps all its digits.
 */

export type Json = null | boolean | number | string | RawNumber | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}
/** A number whose text is not the one that a double would be written as. */
export interface RawNumber {
  readonly rawJSON: string
}

export type JsonOutcome =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly message: string }

/** UTF-16 units. Ten times the largest schema we have seen; a schema is held whole, and compared. */
export const schemaTextMax = 1_048_576
/** Objects and arrays in each other. What walks a schema recurses, at most this deep per level. */
export const schemaDepthMax = 200

// In every Node that runs this, and not yet in the compiler's library.
const raw = JSON as unknown as {
  parse: (text: string, revive: typeof keepDigits) => Json
  rawJSON: (text: string) => RawNumber
  isRawJSON: (value: unknown) => value is RawNumber
}

export const isRawNumber = (value: Json): value is RawNumber => raw.isRawJSON(value)

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !raw.isRawJSON(value)

/** As a double; undefined for what is no number. */
export function numberOf(value: Json): number | undefined {
  if (typeof value === 'number') return value
  return isRawNumber(value) ? Number(value.rawJSON) : undefined
}

/** The own member of that name: `toString` is not in `{}`. */
export const member = (of: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(of, key) ? of[key] : undefined

/** Reads a schema's text. Says where it ends being JSON. */
export function readJson(text: string): JsonOutcome {
  if (text.length > schemaTextMax) return { ok: false, message: tooLong(text.length) }
  const deep = tooDeepAt(text, schemaDepthMax)
  if (deep !== undefined)
    return { ok: false, message: `${lineOf(text, deep)}: more than ${schemaDepthMax} levels deep` }
  try {
    return { ok: true, value: raw.parse(text, keepDigits) }
  } catch (error) {
    return { ok: false, message: `not JSON: ${locate(text, (error as Error).message)}` }
  }
}

export const tooLong = (length: number): string =>
  `the schema has ${length} characters, and ${schemaTextMax} are allowed`

const keepDigits = (_key: string, value: unknown, context: { source?: string }): unknown =>
  typeof value === 'number' && String(value) !== context.source && context.source !== undefined
    ? raw.rawJSON(context.source)
    : value

/** The engine says "position 17", and a person looks for a line. */
const locate = (text: string, message: string): string => {
  const at = /at position (\d+)/.exec(message)?.[1]
  return at === undefined ? message : `${lineOf(text, Number(at))}: ${message}`
}

const lineOf = (text: string, at: number): string => {
  const before = text.slice(0, at).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

/** Where the first bracket too many opens. The parser of the engine would recurse there. */
export function tooDeepAt(text: string, depthMax: number): number | undefined {
  // Most texts have fewer brackets than that, wherever they stand; looking for them is quick.
  if (!hasMore(text, ['{', '['], depthMax)) return undefined
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      if (++depth > depthMax) return at
    } else if (char === '}' || char === ']') depth--
  }
  return undefined
}

function hasMore(text: string, chars: readonly string[], most: number): boolean {
  let count = 0
  for (const char of chars) {
    for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) {
      if (++count > most) return true
    }
  }
  return false
}

/** The same JSON with all keys in order: of two texts that say the same, the one. */
export function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isJsonObject(value)) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  // By definition and not by assignment: a key may be `__proto__`.
  return Object.fromEntries(sorted.map(([key, each]) => [key, sortKeys(each)]))
}
