/** `karst contract test`. */
import { assert } from '../base/assert.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import { systemClock } from '../base/system-clock.ts'
import type { Contract } from '../contract/contract.ts'
import { issueText } from '../contract/file/issue.ts'
import { parseContract } from '../contract/file/parse-contract.ts'
import { ReplayCheck, type ReplaySchema } from '../contract/replay/replay-check.ts'
import { ReplayReport } from '../contract/replay/replay-report.ts'
import { type WantedEvent, wantedOf } from '../contract/store/wanted.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, type CommandIo, type ExitCode, exitCode } from './command.ts'
import { oneFile, readContractFile, registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { registrySchemas } from './registry-schemas.ts'
import { replayText } from './replay-text.ts'
import { replayTopic } from './replay-topic.ts'
import { parseSince, sinceShape } from './since.ts'
import type { StartPosition } from './start-position.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const failuresDefault = 20
/** They are held in memory and read by a person. */
const failuresMax = 100_000

const flagTable = {
  against: { kind: 'value', shape: 'TOPIC', doc: 'The topic whose records are read' },
  since: {
    kind: 'value',
    shape: sinceShape,
    doc: 'From there on (the contract’s replay window, else the beginning)',
  },
  'from-beginning': { kind: 'switch', doc: 'All that the topic holds' },
  'strip-headers': {
    kind: 'switch',
    doc: 'Drop all headers, and see which facts are left instead',
  },
  'max-failures': {
    kind: 'value',
    shape: 'N',
    doc: `How many failures are told (${failuresDefault}); all are counted`,
  },
  ...registryFlag,
  ...clientFlags,
  ...jsonFlag,
} as const

type TestFlags = ReturnType<typeof parseFlags<typeof flagTable>>['flags']

export const contractTest: Command = {
  name: 'test',
  summary: 'Read the old records of a topic with a new contract',
  help: formatHelp({
    usage: 'contract test FILE --against TOPIC [FLAGS]',
    about:
      'Reads each record up to the end that the topic has now, of transactions the committed\n' +
      'ones, with the contract in FILE as the newest reader. Where values tell their schema, it\n' +
      'is asked for at --registry, and resolved into the contract’s. Nothing is changed. Fails\n' +
      'where a record cannot be read, or breaks the contract.',
    flags: flagTable,
    examples: [
      ['contract test orders.odcs.yaml --against orders --since 7d', 'the last week'],
      ['contract test orders.odcs.yaml --against orders --strip-headers', 'what headers alone say'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const file = oneFile(words)
    const { against: topic } = flags
    if (topic === undefined) throw new UsageError('needs --against TOPIC')
    if (flags.since !== undefined && flags['from-beginning']) {
      throw new UsageError('--since and --from-beginning: one of them')
    }
    const told =
      flags['max-failures'] === undefined
        ? failuresDefault
        : integerOf('--max-failures', flags['max-failures'], 1, failuresMax)
    const nowMs = systemClock.nowMs()
    const sinceMs =
      flags.since === undefined ? undefined : parseSince('--since', flags.since, nowMs)
    const { text, files, issues } = await readContractFile(io, file)
    const { contract } = parseContract(text)
    if (contract === undefined) {
      for (const issue of issues) io.err(`${issueText(file, issue)}\n`)
      return exitCode.failure
    }
    const wanted = wantedFor(contract, files, topic)
    const from = startOf(flags, contract, sinceMs, nowMs)
    return test({ io, flags, contract, wanted, topic, from, told })
  },
}

interface Task {
  readonly io: CommandIo
  readonly flags: TestFlags
  readonly contract: Contract
  readonly wanted: WantedEvent
  readonly topic: string
  readonly from: StartPosition
  /** How many failures are told. */
  readonly told: number
}

async function test(task: Task): Promise<ExitCode> {
  const { io, flags, contract, wanted, topic, from } = task
  const strips = flags['strip-headers']
  const schema = schemaIn(wanted, 'value')
  assert(schema !== undefined, 'values have a schema')
  const check = await ReplayCheck.open({
    contract,
    schema,
    keySchema: schemaIn(wanted, 'key'),
    formats: schemaFormats,
    findSchema: registrySchemas(registryAddress(flags), `${topic}-value`),
    stripHeaders: strips,
  })
  const report = new ReplayReport(strips ? check.facts : [], task.told)
  const read = await withClient(io, flags.bootstrap, (client) =>
    replayTopic(client, io, topic, from, check, report),
  )
  const summary = report.summary()
  if (flags.json) {
    const since = from.at === 'time' ? formatIsoTime(from.timeMs) : null
    const { id, version, enforcement } = contract
    const head = { contract: id, version, topic, encoding: enforcement.encoding, since }
    io.out(jsonText({ ...head, stripHeaders: strips, ...read, ...summary }))
  } else io.out(replayText(summary, io.terminal))
  if (!read.isComplete)
    io.err('stopped before the end: what is told is of the records until then\n')
  return read.isComplete && summary.failed === 0 ? exitCode.ok : exitCode.failure
}

function schemaIn({ subjects }: WantedEvent, part: 'key' | 'value'): ReplaySchema | undefined {
  const schema = subjects.find((each) => each.part === part)?.schema
  return schema && { type: schema.schemaType, text: schema.text }
}

/** The event that the topic carries; a contract of one event can be tried on any topic. */
function wantedFor(
  contract: Contract,
  files: Readonly<Record<string, string>>,
  topic: string,
): WantedEvent {
  const all = wantedOf(contract, files)
  const wanted = all.find((each) => each.topic === topic) ?? (all.length === 1 ? all[0] : undefined)
  if (wanted !== undefined) return wanted
  const topics = all.map((each) => each.topic).join(', ')
  throw new UsageError(`--against ${topic}: the contract has events for ${topics}`)
}

function startOf(
  flags: TestFlags,
  { operations }: Contract,
  sinceMs: number | undefined,
  nowMs: number,
): StartPosition {
  if (sinceMs !== undefined) return { at: 'time', timeMs: sinceMs }
  const { replayMs } = operations
  if (flags['from-beginning'] || replayMs === undefined) return { at: 'beginning' }
  return { at: 'time', timeMs: Math.max(0, nowMs - replayMs) }
}
