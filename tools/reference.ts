/** docs/reference/config.md, made of the tables that the program reads. */
import { brokerConfigTable } from '../src/config/broker-configs.ts'
import { allowedValue } from '../src/config/config-value.ts'
import { inertConfigs } from '../src/config/inert-configs.ts'
import { proseText, rangeOf, type OptionSpec } from '../src/config/option.ts'
import { optionTable } from '../src/config/options.ts'
import { flagOf, optionNames, variableOf } from '../src/config/parse-config.ts'
import { topicOptionNames, topicOptionTable } from '../src/config/topic-configs.ts'

export const configReferencePath = 'docs/reference/config.md'

const cell = (text: string): string => text.replaceAll('|', '\\|')
const code = (text: string): string => (text === '' ? '(empty)' : `\`${text}\``)
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`

function typeText(spec: OptionSpec): string {
  if (spec.type === 'choice') return (spec.choices ?? []).map(code).join(', ')
  if (spec.type === 'address') return 'HOST:PORT'
  if (spec.type !== 'integer') return spec.type
  const unit = spec.unit === undefined || spec.unit === 'count' ? 'integer' : spec.unit
  return `${unit} ${rangeOf(spec)}`.trim()
}

function optionRows(): string[] {
  return optionNames.flatMap((name) => {
    const spec = optionTable[name]
    if (spec === undefined) return []
    const standard = spec.default === undefined ? 'none' : code(String(spec.default))
    const reason = spec.reason === undefined ? '' : ` *${proseText(spec.reason)}*`
    const ways = `${code(`--${flagOf(name)}`)} ${code(variableOf(name))}`
    return [row(code(name), standard, typeText(spec), ways, proseText(spec.doc) + reason)]
  })
}

function topicRows(): string[] {
  return topicOptionNames.flatMap((name) => {
    const spec = topicOptionTable[name]
    if (spec === undefined) return []
    const allowed = allowedValue(spec)
    return [row(code(name), code(spec.default), allowed, spec.broker ?? '', proseText(spec.doc))]
  })
}

function liveRows(): string[] {
  return Object.entries(brokerConfigTable).flatMap(([name, spec]) => {
    if (!spec.isLive) return []
    const standard = spec.default === null ? 'none' : code(spec.default)
    return [row(code(name), standard, allowedValue(spec), spec.doc)]
  })
}

const inertRows = (): string[] =>
  inertConfigs.map(({ because, configs }) =>
    row(because, Object.keys(configs).map(code).join(', ')),
  )

/** The whole page. */
export const configReference = (): string =>
  [
    '# Configuration',
    '',
    'Made by `npm run docs` from src/config/options/ and topic-options.ts: edit those.',
    '',
    '## Options of the broker',
    '',
    'An option is given as a flag, as an environment variable, or in a file of `name=value` lines',
    'named by `--config FILE` or `KARST_CONFIG`. A flag wins over the environment, the environment',
    'over the file. Sizes take `KiB`, `MiB`, `GiB`, `TiB`; times take `ms`, `s`, `min`, `h`, `d`.',
    '`karst config` prints what is in force and where it comes from.',
    '',
    row('Option', 'Default', 'Allowed', 'Flag and variable', 'What it does'),
    row('---', '---', '---', '---', '---'),
    ...optionRows(),
    '',
    '## Changed while the broker runs',
    '',
    'By `kafka-configs` or any client: for all brokers, or for one by its id. What one broker was',
    'told goes before what all were told, and that before what it was started with. All is kept in',
    'the catalog and counts at once.',
    '',
    row('Config', 'Default', 'Allowed', 'What it does'),
    row('---', '---', '---', '---'),
    ...liveRows(),
    '',
    '## Without effect',
    '',
    "Kafka's configs of a broker that have nothing to act on here. DescribeConfigs shows them with",
    "Kafka's default, as read-only; setting one is refused with the reason.",
    '',
    row('Because', 'Configs'),
    row('---', '---'),
    ...inertRows(),
    '',
    '## Configs of a topic',
    '',
    "Kafka's names, given with `karst topic create NAME --config name=value` or by a Kafka client.",
    'Where a topic says nothing, the option of the broker with the same meaning holds.',
    '',
    row('Config', 'Default', 'Allowed', "Kafka's broker config", 'What Karst makes of it'),
    row('---', '---', '---', '---', '---'),
    ...topicRows(),
    '',
  ].join('\n')
