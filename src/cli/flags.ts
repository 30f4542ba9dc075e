/** Flags of a command as a table: parsed, checked and printed from the same lines. */
import { parseArgs } from 'node:util'
import { didYouMean } from '../base/nearest.ts'
import { UsageError } from './usage-error.ts'

export interface Flag {
  /** `switch` takes no value, `value` takes one, `values` may be given more than once. */
  readonly kind: 'switch' | 'value' | 'values'
  readonly short?: string
  /** How the value is called in help texts: `HOST:PORT`. */
  readonly shape?: string
  /** One line, with the default. */
  readonly doc: string
}

export type Flags = Readonly<Record<string, Flag>>

type ValueOf<Kind extends Flag['kind']> = Kind extends 'switch'
  ? boolean
  : Kind extends 'values'
    ? readonly string[]
    : string | undefined

export interface Parsed<T extends Flags> {
  readonly flags: { readonly [Name in keyof T]: ValueOf<T[Name]['kind']> }
  /** What is no flag, and everything after `--`. */
  readonly words: readonly string[]
}

/**
 * Takes `--name value`, `--name=value`, `-n value` and `--`. Names are as in the table.
 *
 * @throws UsageError a flag that the table does not have, or a value missing, or one too many.
 */
export function parseFlags<const T extends Flags>(table: T, argv: readonly string[]): Parsed<T> {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { kind, short }]) => [
      name,
      {
        type: kind === 'switch' ? ('boolean' as const) : ('string' as const),
        multiple: true,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  )
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  const values: Record<string, boolean | string | string[] | undefined> = {}
  for (const [name, { kind }] of Object.entries(table)) {
    values[name] = kind === 'switch' ? false : kind === 'values' ? [] : undefined
  }
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const flag = Object.hasOwn(table, token.name) ? table[token.name] : undefined
    if (flag === undefined) throw unknownFlag(token.rawName, table)
    values[token.name] = valueOf(flag, token.rawName, token.value, values[token.name])
  }
  return { flags: values as Parsed<T>['flags'], words }
}

function unknownFlag(rawName: string, table: Flags): UsageError {
  const known = Object.keys(table).map((name) => `--${name}`)
  return new UsageError(`unknown flag ${rawName}.${didYouMean(rawName, known)}`)
}

function valueOf(
  flag: Flag,
  rawName: string,
  value: string | undefined,
  before: boolean | string | string[] | undefined,
): boolean | string | string[] {
  if (flag.kind === 'switch') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, got ${value}`)
    return true
  }
  if (value === undefined || (value.startsWith('--') && value.length > 2)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${flag.shape ?? 'VALUE'}`)
  }
  if (Array.isArray(before)) return [...before, value]
  if (before !== undefined) throw new UsageError(`${rawName} is given twice: ${before}, ${value}`)
  return value
}

export interface HelpText {
  /** After `karst`: `topic create NAME [FLAGS]`. */
  readonly usage: string
  /** One paragraph or more. */
  readonly about: string
  readonly flags?: Flags
  /** Commands that work as typed, without `karst`, each with what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[]
}

/** The text that `--help` prints. */
export function formatHelp({ usage, about, flags = {}, examples }: HelpText): string {
  const left = (name: string, { kind, short, shape = 'VALUE' }: Flag): string =>
    (short === undefined ? '' : `-${short}, `) +
    `--${name}` +
    (kind === 'switch' ? '' : ` ${shape}`)
  const rows = Object.entries({ ...flags, help: helpFlag }).map(
    ([name, flag]) => [left(name, flag), flag.doc] as const,
  )
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `Usage: karst ${usage}\n`,
    `${about}\n`,
    'Flags:',
    ...rows.map(([name, doc]) => `  ${name.padEnd(width)}  ${doc}`),
    '\nExamples:',
    ...examples.flatMap(([command, does]) => [`  # ${does}`, `  karst ${command}`]),
    '',
  ].join('\n')
}

const helpFlag: Flag = { kind: 'switch', short: 'h', doc: 'Print this text' }
