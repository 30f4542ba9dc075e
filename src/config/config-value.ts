/**
 * Values of Kafka's configs, of topics, brokers and groups alike: what is allowed, and how it is
 * read.
 */

/** Kafka's types, as DescribeConfigs tells them. `short` has 16 bits, `int` 32, `long` 64. */
export type ConfigType =
  | 'boolean'
  | 'string'
  | 'short'
  | 'int'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password'

interface Form {
  readonly matches: RegExp
  readonly phrase: string
}

const throttledReplicas: Form = {
  matches: /^(\*|(\d+:\d+(\s*,\s*\d+:\d+)*)?)$/,
  phrase: "'*' or a list of PARTITION:BROKER, with commas",
}

const offsetReset: Form = {
  matches: /^(earliest|latest|by_duration:P(?!$)(\d+D)?(T(?!$)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$/i,
  phrase: 'earliest, latest or by_duration: with a duration (PnDTnHnMn.nS)',
}

const forms: { readonly 'throttled-replicas': Form; readonly 'offset-reset': Form } = {
  'throttled-replicas': throttledReplicas,
  'offset-reset': offsetReset,
}

export interface ValueSpec {
  readonly type: ConfigType
  /** Of numbers, both included; as far as the type goes where they are missing. */
  readonly min?: number
  readonly max?: number
  /** -1 is allowed besides [min, max]. */
  readonly minusOne?: true
  /** Of strings and of the elements of lists. */
  readonly choices?: readonly string[]
  /** What the whole text must be, and how that is told. */
  readonly form?: keyof typeof forms
  /** Allowed by Kafka and refused by Karst, with the reason that the client is told. */
  readonly refused?: { readonly values: readonly string[]; readonly because: string }
}

/** The largest value by type. */
const largest = { short: 32_767n, int: 2_147_483_647n, long: 9_223_372_036_854_775_807n } as const

/** Why `text` cannot be a value of `spec`; undefined where it can. */
export function valueFault(spec: ValueSpec, text: string): string | undefined {
  const given = text.trim()
  const because = elementsOf(spec, given).some((each) => spec.refused?.values.includes(each))
  if (because) return `${given} is refused: ${spec.refused?.because}`
  return allows(spec, given) ? undefined : `${JSON.stringify(text)} is not ${allowedValue(spec)}`
}

function allows(spec: ValueSpec, given: string): boolean {
  if (spec.form !== undefined) return forms[spec.form].matches.test(given)
  switch (spec.type) {
    case 'boolean':
      return /^(true|false)$/i.test(given)
    case 'string':
    case 'class':
    case 'password':
    case 'list':
      return elementsOf(spec, given).every((each) => spec.choices?.includes(each) ?? true)
    case 'double':
      return /^-?\d+(\.\d+)?([eE]-?\d+)?$/.test(given) && within(spec, Number(given))
    case 'short':
    case 'int':
    case 'long': {
      if (!/^[+-]?\d{1,19}$/.test(given)) return false
      const value = BigInt(given.replace('+', ''))
      const most = largest[spec.type]
      return value <= most && value >= -most - 1n && within(spec, Number(value))
    }
  }
}

function within({ min, max, minusOne }: ValueSpec, value: number): boolean {
  if (minusOne === true && value === -1) return true
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}

/** Of a list its elements; of anything else itself. An empty list has none. */
export function elementsOf({ type }: ValueSpec, given: string): string[] {
  if (type !== 'list') return [given]
  return given.trim() === '' ? [] : given.split(',').map((each) => each.trim())
}

/** As a phrase: `one of CreateTime, LogAppendTime`, `an int from 1`. */
export function allowedValue({ type, min, max, minusOne, choices, form }: ValueSpec): string {
  if (form !== undefined) return forms[form].phrase
  const range = [min === undefined ? '' : ` from ${min}`, max === undefined ? '' : ` to ${max}`]
  if (minusOne === true) range.push(', or -1')
  if (type === 'boolean') return 'true or false'
  if (type === 'list') {
    return choices === undefined ? 'a list' : `a list of ${choices.join(', ')}, with commas`
  }
  if (choices !== undefined) return `one of ${choices.join(', ')}`
  return `${type === 'int' ? 'an int' : `a ${type}`}${range.join('')}`
}

/** Text that was judged already, as the value it stands for; a `long` is clamped to safe integers. */
export function readValue(spec: ValueSpec, text: string): unknown {
  const given = text.trim()
  switch (spec.type) {
    case 'boolean':
      return given.toLowerCase() === 'true'
    case 'string':
    case 'class':
    case 'password':
      return given
    case 'list':
      return elementsOf(spec, given)
    case 'short':
    case 'int':
    case 'long':
    case 'double':
      return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Number(given)))
  }
}
