/** `karst config`: what is set, and where each value comes from. */
import { optionTable, type OptionName } from '../config/options.ts'
import { optionNames, type LoadedConfig, type Origin } from '../config/parse-config.ts'
import { exitCode, type Command } from './command.ts'
import { configFlags, configFlagsShown, loadConfig } from './config-flags.ts'
import { formatHelp, parseFlags, type Flags } from './flags.ts'
import { UsageError } from './usage-error.ts'

const own = { json: { kind: 'switch', doc: 'Print one JSON object' } } as const

export const config: Command = {
  name: 'config',
  summary: 'Print every option, its value and where the value comes from',
  help: formatHelp({
    usage: 'config [NAME…] [FLAGS]',
    about: [
      'Prints the options that `karst up` would run with, given the same flags, environment and',
      'file. Every option is a flag (--num-partitions 8) and a variable (KARST_NUM_PARTITIONS).',
    ].join('\n'),
    flags: { ...own, ...configFlagsShown } satisfies Flags,
    examples: [
      ['config', 'all options'],
      ['config data.dir kafka.listen --json', 'two of them, for a program'],
      ['config --config karst.properties', 'check a file before using it'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...own, ...configFlags }, argv)
    const unknown = words.filter((word) => !Object.hasOwn(optionTable, word))
    if (unknown.length > 0) throw new UsageError(`there is no option ${unknown.join(', ')}`)
    const loaded = await loadConfig(flags, io)
    const rows = rowsOf(loaded, words.length === 0 ? optionNames : (words as OptionName[]))
    io.out(flags.json ? asJson(rows) : asTable(rows))
    return exitCode.ok
  },
}

interface Row {
  readonly name: OptionName
  readonly value: string | number | boolean | null
  readonly origin: Origin
}

function rowsOf({ config: values, origins }: LoadedConfig, names: readonly OptionName[]): Row[] {
  return names.map((name) => {
    const value = optionTable[name]?.sensitive === true ? '********' : (values[name] ?? null)
    return { name, value, origin: origins[name] }
  })
}

const asJson = (rows: readonly Row[]): string =>
  JSON.stringify(
    Object.fromEntries(rows.map(({ name, value, origin }) => [name, { value, ...origin }])),
    null,
    2,
  ) + '\n'

function asTable(rows: readonly Row[]): string {
  const cells = rows.map(({ name, value, origin }) => [name, String(value ?? ''), origin.where])
  const widths = [0, 1].map((at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)))
  return cells
    .map(([name = '', value = '', where = '']) =>
      [name.padEnd(widths[0] ?? 0), value.padEnd(widths[1] ?? 0), where].join('  '),
    )
    .map((line) => `${line}\n`)
    .join('')
}
