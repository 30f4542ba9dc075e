/** What an option is, and how a value of it is read from text. */
import { parseAddress } from './address.ts'

export type OptionType = 'string' | 'integer' | 'boolean' | 'choice' | 'list' | 'address'

/** Text in lines that fit the page; a space stands between them. */
export type Prose = string | readonly string[]

export const proseText = (prose: Prose): string =>
  typeof prose === 'string' ? prose : prose.join(' ')

export interface OptionSpec {
  readonly type: OptionType
  /** As it would be written; undefined where nothing is the default. */
  readonly default: string | number | boolean | undefined
  /** `ms`, `bytes`, `count`: also what a size or a duration may be written in (`64MiB`, `7d`). */
  readonly unit?: 'ms' | 'minutes' | 'bytes' | 'count' | 'messages' | 'ratio'
  readonly min?: number
  readonly max?: number
  /** -1 is allowed besides [min, max], and means this. */
  readonly minusOne?: string
  /** Of a choice, and of the elements of a list, which has at least one and none twice. */
  readonly choices?: readonly string[]
  /** A choice may be written in capitals. */
  readonly anyCase?: true
  /** What it does, in one or two sentences. */
  readonly doc: Prose
  /** Why the default is what it is. */
  readonly reason?: Prose
  /** The command-line flag, without dashes; every option can be given by environment and file. */
  readonly flag?: string
  /** How the flag's value is called in help texts. */
  readonly shape?: string
  /** Shown as asterisks wherever it is printed. */
  readonly sensitive?: boolean
}

/** The TypeScript type of an option's value, from its line in the table. */
export type OptionValue<S extends OptionSpec> =
  | (S['type'] extends 'integer'
      ? number
      : S['type'] extends 'boolean'
        ? boolean
        : S extends { readonly type: 'choice'; readonly choices: readonly (infer Choice)[] }
          ? Choice
          : string)
  | (undefined extends S['default'] ? undefined : never)

export type OptionRead =
  | { readonly ok: true; readonly value: string | number | boolean }
  | { readonly ok: false; readonly allowed: string }

const refused = (allowed: string): OptionRead => ({ ok: false, allowed })

/** Reads `text` (untrusted) as `spec` says; where it cannot, says what would be allowed. */
export function readOption(spec: OptionSpec, text: string): OptionRead {
  const given = text.trim()
  const allowed = allowedOf(spec)
  switch (spec.type) {
    case 'string':
      return given === '' ? refused('a value that is not empty') : { ok: true, value: given }
    case 'boolean':
      if (given !== 'true' && given !== 'false') return refused(allowed)
      return { ok: true, value: given === 'true' }
    case 'choice':
      return readChoice(spec, spec.anyCase === true ? given.toLowerCase() : given)
    case 'list':
      return readList(spec, given)
    case 'address':
      return parseAddress(given) === undefined ? refused(allowed) : { ok: true, value: given }
    case 'integer': {
      const value = readInteger(spec, given)
      if (value === undefined || !inRange(spec, value)) return refused(allowed)
      return { ok: true, value }
    }
  }
}

function readChoice(spec: OptionSpec, given: string): OptionRead {
  const isOne = spec.choices?.includes(given) === true
  return isOne ? { ok: true, value: given } : refused(allowedOf(spec))
}

function readList(spec: OptionSpec, given: string): OptionRead {
  const elements = given.split(',').map((each) => each.trim())
  const isAllowed = elements.every((each) => spec.choices?.includes(each) ?? each !== '')
  if (!isAllowed || new Set(elements).size < elements.length) return refused(allowedOf(spec))
  return { ok: true, value: elements.join(',') }
}

function inRange(spec: OptionSpec, value: number): boolean {
  if (spec.minusOne !== undefined && value === -1) return true
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = spec
  return value >= min && value <= max
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const kibibyte = 1024

/** What one of each suffix is, in the unit of the option. */
const suffixes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1000, min: minuteMs, h: hourMs, d: dayMs },
  minutes: { min: 1, h: 60, d: 24 * 60 },
  bytes: { B: 1, KiB: kibibyte, MiB: kibibyte ** 2, GiB: kibibyte ** 3, TiB: kibibyte ** 4 },
}

function readInteger({ unit = 'count' }: OptionSpec, given: string): number | undefined {
  const match = /^([+-]?\d{1,16})\s*([A-Za-z]*)$/.exec(given)
  if (match === null) return undefined
  const [, digits = '', suffix = ''] = match
  const factor = suffix === '' ? 1 : suffixes[unit]?.[suffix]
  if (factor === undefined) return undefined
  const value = Number(digits) * factor
  return Number.isSafeInteger(value) ? value : undefined
}

/** What may be given, as a phrase: `an integer from 1 to 10, in bytes (64MiB)`. */
export function allowedOf(spec: OptionSpec): string {
  switch (spec.type) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'choice':
      return `one of ${(spec.choices ?? []).join(', ')}`
    case 'list':
      return `a list of ${(spec.choices ?? []).join(', ')}, with commas, each at most once`
    case 'address':
      return 'HOST:PORT, an IPv6 host in brackets, the port from 0 to 65535 (0: any free one)'
    case 'integer':
      return `an integer ${rangeOf(spec)}${suffixHint(spec)}`
  }
}

export function rangeOf({ min, max, minusOne }: OptionSpec): string {
  const least = min === undefined ? '' : `from ${min}`
  const most = max === undefined ? '' : `to ${max}`
  const range = [least, most].filter((part) => part !== '').join(' ')
  return (range === '' ? '' : range) + (minusOne === undefined ? '' : ` (or -1: ${minusOne})`)
}

function suffixHint({ unit = 'count' }: OptionSpec): string {
  const known = suffixes[unit]
  return known === undefined
    ? ''
    : `, in ${unit} or with a suffix (${Object.keys(known).join(', ')})`
}
