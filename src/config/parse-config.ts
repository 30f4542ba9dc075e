/**
 * From flags, environment and file to one frozen configuration, or to errors that say what to
 * change.
 */
import { didYouMean } from '../base/nearest.ts'
import { allowedOf, readOption, type OptionSpec } from './option.ts'
import { options, optionTable, type Config, type OptionName } from './options.ts'
import { parseProperties } from './properties.ts'
import { brokenRelations } from './relations.ts'

export type Source = 'flag' | 'environment' | 'file' | 'default'

export interface Origin {
  readonly source: Source
  /** The flag, the variable, or FILE:LINE, to be found again; `default` for a default. */
  readonly where: string
}

export interface LoadedConfig {
  readonly config: Config
  readonly origins: Readonly<Record<OptionName, Origin>>
}

export interface ConfigSources {
  /** By flag name, without dashes. A flag that the table does not have is the caller's affair. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  /** The whole environment: only KARST_* is looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly file?: { readonly name: string; readonly text: string } | undefined
}

export interface ConfigError {
  /** As it was given: the option, or the flag, variable or line that is none. */
  readonly name: string
  readonly where: string
  readonly message: string
}

export type ParsedConfig =
  | ({ readonly ok: true } & LoadedConfig)
  | { readonly ok: false; readonly errors: readonly ConfigError[] }

export const optionNames: readonly OptionName[] = Object.keys(options) as OptionName[]

/** `journal.group.bytes` → `journal-group-bytes`, or the short name that the table gives. */
export const flagOf = (name: OptionName): string => optionTable[name]?.flag ?? dashed(name)
const dashed = (name: string): string => name.replaceAll('.', '-')

/** `journal.group.bytes` → `KARST_JOURNAL_GROUP_BYTES`. */
export const variableOf = (name: OptionName): string =>
  `KARST_${name.replaceAll('.', '_').toUpperCase()}`

/** Names the file; read by whoever reads files. */
export const fileVariable = 'KARST_CONFIG'
/** Of commands that are clients: whoever has it set for all of them starts brokers, too. */
export const bootstrapVariable = 'KARST_BOOTSTRAP'

/**
 * What orchestrators put into every container beside a service called karst. Never an option's
 * name.
 */
const foreignVariable = /^KARST_(SERVICE_(HOST|PORT)|PORT(_|$))/

interface Given extends Origin {
  readonly name: OptionName
  readonly text: string
}

/** Flags over environment over file over defaults. All errors at once, in that order. */
export function parseConfig(sources: ConfigSources): ParsedConfig {
  const errors: ConfigError[] = []
  const given = [
    ...fromFile(sources.file, errors),
    ...fromEnvironment(sources.env ?? {}, errors),
    ...fromFlags(sources.flags ?? {}, errors),
  ]
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const name of optionNames) {
    values[name] = options[name].default
    origins[name] = { source: 'default', where: 'default' }
  }
  for (const { name, text, source, where } of given) {
    const spec: OptionSpec = options[name]
    const read = readOption(spec, text)
    if (read.ok) {
      values[name] = read.value
      origins[name] = { source, where }
      continue
    }
    const shown = spec.sensitive === true ? 'the given value' : JSON.stringify(text)
    errors.push({ name, where, message: `${shown} is not allowed; it takes ${allowedOf(spec)}` })
  }
  const config = Object.freeze(values) as Config
  if (errors.length === 0) {
    for (const { name, message } of brokenRelations(config)) {
      errors.push({ name, where: origins[name]?.where ?? 'default', message })
    }
  }
  if (errors.length > 0) return { ok: false, errors }
  return { ok: true, config, origins: Object.freeze(origins) }
}

function fromFlags(flags: NonNullable<ConfigSources['flags']>, errors: ConfigError[]): Given[] {
  const byFlag = new Map(optionNames.map((name) => [flagOf(name), name]))
  return Object.entries(flags).flatMap(([flag, text]) => {
    if (text === undefined) return []
    const name = byFlag.get(flag)
    if (name !== undefined) return [{ name, text, source: 'flag', where: `--${flag}` }]
    errors.push(
      unknown(
        `--${flag}`,
        'the command line',
        [...byFlag.keys()].map((f) => `--${f}`),
      ),
    )
    return []
  })
}

function fromEnvironment(env: NonNullable<ConfigSources['env']>, errors: ConfigError[]): Given[] {
  const byVariable = new Map(optionNames.map((name) => [variableOf(name), name]))
  return Object.entries(env).flatMap(([variable, text]) => {
    if (text === undefined || !variable.startsWith('KARST_')) return []
    if (variable === fileVariable || variable === bootstrapVariable) return []
    if (foreignVariable.test(variable)) return []
    const name = byVariable.get(variable)
    if (name !== undefined) return [{ name, text, source: 'environment', where: variable }]
    errors.push(unknown(variable, 'the environment', [...byVariable.keys(), fileVariable]))
    return []
  })
}

function fromFile(file: ConfigSources['file'], errors: ConfigError[]): Given[] {
  if (file === undefined) return []
  const { properties, errors: malformed } = parseProperties(file.text)
  for (const { line, message } of malformed) {
    errors.push({ name: file.name, where: `${file.name}:${line}`, message })
  }
  return properties.flatMap(({ name, text, line }) => {
    const where = `${file.name}:${line}`
    if (isOptionName(name)) return [{ name, text, source: 'file', where }]
    errors.push(unknown(name, where, optionNames))
    return []
  })
}

export const isOptionName = (name: string): name is OptionName => Object.hasOwn(options, name)

const unknown = (name: string, where: string, known: readonly string[]): ConfigError => ({
  name,
  where,
  message: `there is no such option.${didYouMean(name, known)}`,
})

/** One line per error: `num.partitions (KARST_NUM_PARTITIONS): "four" is not allowed; …`. */
export const configErrorText = (errors: readonly ConfigError[]): string =>
  errors
    .map(({ name, where, message }) =>
      where === name ? `${name}: ${message}` : `${name} (${where}): ${message}`,
    )
    .join('\n')
