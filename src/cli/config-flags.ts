/** The options as flags, and the configuration as commands get it. */
import { proseText } from '../config/option.ts'
import { optionTable } from '../config/options.ts'
import {
  configErrorText,
  fileVariable,
  flagOf,
  optionNames,
  parseConfig,
  type LoadedConfig,
} from '../config/parse-config.ts'
import type { CommandIo } from './command.ts'
import type { Flag, Flags } from './flags.ts'
import { UsageError } from './usage-error.ts'

const fileFlag: Flag = {
  kind: 'value',
  shape: 'FILE',
  doc: `Read options from a file of name=value lines (or ${fileVariable})`,
}

/** One flag per option, and `--config FILE`. Give it to `parseFlags` (with flags of your own). */
export const configFlags: Flags = {
  config: fileFlag,
  ...Object.fromEntries(
    optionNames.map((name): [string, Flag] => {
      const shape = optionTable[name]?.shape ?? 'VALUE'
      return [flagOf(name), { kind: 'value', shape, doc: docOf(name) }]
    }),
  ),
}

/** Those that a help text shows; `karst config` shows all. */
export const configFlagsShown: Flags = {
  config: fileFlag,
  ...Object.fromEntries(
    Object.entries(configFlags).filter(([flag]) =>
      optionNames.some((name) => optionTable[name]?.flag === flag),
    ),
  ),
}

function docOf(name: (typeof optionNames)[number]): string {
  const spec = optionTable[name]
  if (spec === undefined) return ''
  const [sentence = ''] = proseText(spec.doc).split(/\.(?:\s|$)/)
  const standard = spec.default === undefined ? '' : ` (${String(spec.default)})`
  return `${sentence}${standard}`
}

/**
 * Reads the file, if one is named, and puts flags over environment over file over defaults.
 *
 * @throws UsageError one line per wrong option: which, where it came from, what is allowed.
 * @throws Failure the file cannot be read.
 */
export async function loadConfig(
  flags: Readonly<Record<string, unknown>>,
  io: Pick<CommandIo, 'env' | 'readText'>,
): Promise<LoadedConfig> {
  const given: Record<string, string> = {}
  for (const name of optionNames) {
    const value = flags[flagOf(name)]
    if (typeof value === 'string') given[flagOf(name)] = value
  }
  const named = typeof flags['config'] === 'string' ? flags['config'] : io.env[fileVariable]
  const file = named === undefined ? undefined : { name: named, text: await io.readText(named) }
  const parsed = parseConfig({ flags: given, env: io.env, file })
  if (!parsed.ok) throw new UsageError(`wrong configuration\n${configErrorText(parsed.errors)}`)
  return parsed
}
