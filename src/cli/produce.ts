/** `karst produce`: lines, flags or JSON become records. */
import { Failure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { type ProducedRecord, Producer } from '../client/producer.ts'
import { CODECS, type Codec } from '../record/codec.ts'
import { clientFlags, withClient } from './client-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { inputLines } from './input-lines.ts'
import { integerOf } from './key-values.ts'
import { Progress } from './progress.ts'
import { type RecordSource, recordSource } from './record-source.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  value: { kind: 'values', short: 'v', shape: 'TEXT', doc: 'Send this in place of standard input' },
  key: { kind: 'value', short: 'k', shape: 'TEXT', doc: 'The key of every record' },
  'key-separator': {
    kind: 'value',
    short: 'K',
    shape: 'TEXT',
    doc: 'Lines are KEY, this text, VALUE',
  },
  'null-value': { kind: 'switch', doc: 'What has no value is null: a tombstone' },
  header: {
    kind: 'values',
    short: 'H',
    shape: 'NAME=TEXT',
    doc: 'A header of every record; may be given more than once',
  },
  partition: { kind: 'value', short: 'p', shape: 'N', doc: 'Send to this partition (by key)' },
  compression: {
    kind: 'value',
    short: 'z',
    shape: 'CODEC',
    doc: `One of ${CODECS.join(', ')} (none)`,
  },
  acks: {
    kind: 'value',
    shape: 'all|1|0',
    doc: 'Which answer to wait for (all: with it retries are safe, nothing comes twice)',
  },
  json: {
    kind: 'switch',
    doc: 'Lines are records as `karst consume --json` prints them, and so is the result',
  },
  ...clientFlags,
} as const

export const produceCommand: Command = {
  name: 'produce',
  summary: 'Send records to a topic: lines, flags or JSON',
  help: formatHelp({
    usage: 'produce TOPIC [FLAGS]',
    about:
      'Sends each line of standard input as a record, or each --value. Exit code 1 when a\n' +
      'record was not taken: standard error says which line. Values are text in UTF-8; for\n' +
      'other bytes use --json with {"value":{"base64":"…"}}. A JSON line may hold key, value,\n' +
      'headers, partition and timestamp.',
    flags: flagTable,
    examples: [
      ['produce events --value hello', 'one record'],
      ['produce events --key user-1 --value hello --header source=shell', 'key and header'],
      ['produce events --key-separator : < lines.txt', 'lines such as user-1:hello'],
      ['produce users --key user-1 --null-value', 'a tombstone'],
      ['produce events --json --compression zstd < records.jsonl', 'what consume --json printed'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [topic, ...more] = words
    if (topic === undefined) throw new UsageError('needs a TOPIC')
    if (more.length > 0) throw new UsageError(`takes one TOPIC, got ${words.join(' ')}`)
    const source = recordSource(flags)
    const codec = codecOf(flags.compression ?? 'none')
    const acks = acksOf(flags.acks ?? 'all')
    return withClient(io, flags.bootstrap, async (client) => {
      const run = { client, io, topic, source, codec, acks, json: flags.json }
      return produceAll(run, flags.partition)
    })
  },
}

interface Run {
  readonly client: KafkaClient
  readonly io: CommandIo
  readonly topic: string
  readonly source: RecordSource
  readonly codec: Codec
  readonly acks: -1 | 0 | 1
  readonly json: boolean
}

/** Failures told one by one; the rest are counted. */
const failuresShown = 10

async function produceAll(run: Run, flag: string | undefined): Promise<0 | 1> {
  const { client, io, topic, source, codec, acks } = run
  const partitionCount = (await client.topic(topic)).partitions.length
  const partition =
    flag === undefined ? undefined : integerOf('--partition', flag, 0, partitionCount - 1)
  let failures = 0
  const failed = (line: number, message: string): void => {
    if (++failures <= failuresShown) io.err(`${source.place(line)}: ${message}\n`)
  }
  const producer = await Producer.open(client, {
    topic,
    partitionCount,
    acks,
    codec,
    random: systemRandom,
    signal: io.signal,
    failed: (failure, line) => failed(line, failure.message),
  })
  const progress = new Progress(systemClock, (text) => io.err(text))
  let line = 0
  for await (const text of source.given ?? inputLines(io.input, io.signal)) {
    line++
    const parsed = source.parse(text)
    if ('fault' in parsed) {
      failed(line, parsed.fault)
      continue
    }
    const to = partition ?? parsed.partition
    if (to !== undefined && to >= partitionCount) {
      failed(line, `there is no partition ${to}: ${topic} has ${partitionCount}, from 0`)
      continue
    }
    const timestampMs = parsed.timestampMs ?? systemClock.nowMs()
    const record: ProducedRecord = { ...parsed, partition: to, timestampMs, line }
    await producer.add(record)
    if (producer.fatal !== undefined) break
    progress.tell(() => `${producer.sent} records sent`)
  }
  await producer.flush()
  if (failures > failuresShown) io.err(`and ${failures - failuresShown} more\n`)
  const { sent } = producer
  if (run.json) io.out(jsonText({ topic, sent, failed: failures }))
  else io.out(`sent ${sent} ${sent === 1 ? 'record' : 'records'} to ${topic}\n`)
  if (producer.fatal !== undefined) {
    throw new Failure(producer.fatal.kind, `stopped: ${producer.fatal.message}`)
  }
  return failures > 0 ? exitCode.failure : exitCode.ok
}

function codecOf(text: string): Codec {
  const codec = CODECS.find((each) => each === text)
  if (codec === undefined) {
    throw new UsageError(`--compression ${text}: must be one of ${CODECS.join(', ')}`)
  }
  return codec
}

function acksOf(text: string): -1 | 0 | 1 {
  if (text === 'all' || text === '-1') return -1
  if (text === '1') return 1
  if (text === '0') return 0
  throw new UsageError(`--acks ${text}: must be all, 1 or 0`)
}
