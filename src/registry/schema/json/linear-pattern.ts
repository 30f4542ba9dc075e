/**
 * Patterns of schemas, matched in time linear to the text. The engine's own expressions backtrack,
 * and `^(a+)+$` on forty characters would hold the broker for minutes. What RE2 has no word for
 * (looking ahead or behind, back references) is told, not checked.
 */
import { RE2JS } from 're2js'

export interface LinearPattern {
  /** Does it match anywhere in the text? Patterns are not anchored. */
  test: (text: string) => boolean
}

/**
 * UTF-16 units of one pattern: a program of RE2 grows with it, and every character walks the
 * program.
 */
const patternLengthMax = 2_000
/** Instructions of the compiled pattern: `(x{100}){10}` is short and has a thousand. */
const patternProgramMax = 10_000

/** ASCII, of which both engines think alike: what stands for itself, and classes of it. */
const literal = '[\\w :/@#%&=,;~!-]'
const escape = '\\\\[dw./]'
const characterClass = '\\[(?:[\\w :./@-]|\\\\[dw.])+\\]'
const quantifier = '(?:[+*]|\\{\\d{1,4}(?:,\\d{0,4})?\\})'
const plainPattern = new RegExp(
  `^\\^(?:(?:${literal}|${escape}|${characterClass})${quantifier}?)+\\$$`,
)

/**
 * Most patterns say of which characters a name is, from its beginning to its end. With one
 * quantifier at most the engine's own expression has nothing to go back to, and takes a tenth of
 * the time.
 */
export function plainMatcher(pattern: string): LinearPattern | undefined {
  if (!plainPattern.test(pattern) || (pattern.match(/[+*{]/g) ?? []).length > 1) return undefined
  try {
    const expression = new RegExp(pattern, 'u')
    return { test: (text) => expression.test(text) }
  } catch {
    return undefined // a range the wrong way round, or too much repeated
  }
}

/** Undefined where the pattern has no equal in RE2, or is too large. */
export function linearPattern(pattern: string): LinearPattern | undefined {
  if (pattern.length > patternLengthMax) return undefined
  return plainMatcher(pattern) ?? re2Matcher(pattern)
}

export function re2Matcher(pattern: string): LinearPattern | undefined {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    if (compiled.programSize() > patternProgramMax) return undefined
    return { test: (text) => compiled.matcher(text).find() }
  } catch {
    return undefined
  }
}
