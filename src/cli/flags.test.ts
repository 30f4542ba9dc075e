import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHelp, parseFlags } from './flags.ts'
import { UsageError } from './usage-error.ts'

const table = {
  partitions: { kind: 'value', short: 'p', shape: 'COUNT', doc: 'How many' },
  config: { kind: 'values', shape: 'NAME=VALUE', doc: 'Topic configs' },
  json: { kind: 'switch', doc: 'Print JSON' },
} as const

test('flags in every spelling, and what is no flag', () => {
  const { flags, words } = parseFlags(table, [
    'orders',
    '-p',
    '4',
    '--config=a=1',
    '--config',
    'b=2',
    '--json',
    '--',
    '--not-a-flag',
  ])
  assert.deepEqual({ ...flags }, { partitions: '4', config: ['a=1', 'b=2'], json: true })
  assert.deepEqual(words, ['orders', '--not-a-flag'])
})

test('nothing given is false, undefined and empty', () => {
  const { flags } = parseFlags(table, [])
  const partitions: string | undefined = flags.partitions
  const config: readonly string[] = flags.config
  const json: boolean = flags.json
  assert.deepEqual([partitions, config, json], [undefined, [], false])
})

test('a negative number is a value', () => {
  assert.equal(parseFlags(table, ['--partitions', '-1']).flags.partitions, '-1')
})

const misuses: readonly [argv: string[], message: RegExp][] = [
  [['--partitons', '4'], /unknown flag --partitons\. Did you mean --partitions\?/],
  [['--constructor'], /unknown flag --constructor/],
  [['-x'], /unknown flag -x/],
  [['--partitions'], /--partitions needs a value: --partitions COUNT/],
  [['--partitions', '--json'], /--partitions needs a value/],
  [['--partitions', '1', '-p', '2'], /-p is given twice: 1, 2/],
  [['--json=yes'], /--json takes no value, got yes/],
]
for (const [argv, message] of misuses) {
  test(`refused: ${argv.join(' ')}`, () => {
    assert.throws(
      () => parseFlags(table, argv),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    )
  })
}

test('help is made of the same table', () => {
  const text = formatHelp({
    usage: 'topic create NAME [FLAGS]',
    about: 'Creates a topic.',
    flags: table,
    examples: [['topic create orders -p 4', 'four partitions']],
  })
  assert.equal(
    text,
    `Usage: karst topic create NAME [FLAGS]

Creates a topic.

Flags:
  -p, --partitions COUNT  How many
  --config NAME=VALUE     Topic configs
  --json                  Print JSON
  -h, --help              Print this text

Examples:
  # four partitions
  karst topic create orders -p 4
`,
  )
})
