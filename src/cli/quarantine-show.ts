/** `karst quarantine show`. */
import { formatIsoTime } from '../base/iso-time.ts'
import { Failure } from '../base/errors.ts'
import type {
  QuarantinedRecord,
  QuarantineReason,
} from '../contract/quarantine/quarantine-record.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { placeOf, quarantineTopicFlag, topicOf } from './quarantine-choice.ts'
import { readQuarantine } from './quarantine-entries.ts'
import { loadEntries } from './quarantine-load.ts'
import { recordToJson } from './record-json.ts'
import { shown } from './record-text.ts'
import { escaped, jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...quarantineTopicFlag, ...jsonFlag, ...clientFlags } as const

export const quarantineShow: Command = {
  name: 'show',
  summary: 'Show records that were set aside as they were sent, and why they were',
  help: formatHelp({
    usage: 'quarantine show TOPIC PARTITION:OFFSET… [FLAGS]',
    about:
      'Shows records with key, value and headers as they were sent, and all that the broker\n' +
      'said of each. --json prints an array; bytes that are no text are {"base64":…}.\n' +
      'Exit code 1 when one of them is not in quarantine; the others are shown.',
    flags: flagTable,
    examples: [
      ['quarantine show decisions 0:17', 'one record'],
      ['quarantine show decisions 0:17 1:4 --json', 'two, for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const { topic, quarantineTopic, places } = topicOf(words, flags)
    if (places.length === 0) throw new UsageError('needs a PARTITION:OFFSET, as list prints them')
    const wants = (reason: QuarantineReason): boolean => places.includes(placeOf(reason))
    return withClient(io, flags.bootstrap, async (client) => {
      const { signal } = io
      const query = { client, signal, topic, quarantineTopic, wants }
      const { entries } = await readQuarantine(query)
      const loaded = await loadEntries(client, signal, entries)
      const found = loaded.flatMap(({ record }) => (record === undefined ? [] : [record]))
      if (flags.json) io.out(jsonText(found.map(toJson)))
      else io.out(found.map(toText).join('\n'))
      const there = new Set(found.map(({ reason }) => placeOf(reason)))
      const missing = places.filter((place) => !there.has(place))
      if (missing.length === 0) return exitCode.ok
      throw new Failure('not-found', `not in quarantine of ${topic}: ${missing.join(', ')}`)
    })
  },
}

function toJson({ reason, ...record }: QuarantinedRecord): object {
  const { topic, partition, offset, ...rest } = reason
  const sent = JSON.parse(recordToJson(topic, partition, { ...record, offset })) as object
  return { ...sent, reason: rest }
}

function toText({ reason, timestampMs, key, value, headers }: QuarantinedRecord): string {
  const { topic, topicId, setAsideMs, contract, revision, rule, at, message } = reason
  const rows: [name: string, text: string][] = [
    ['place', `${topic} ${placeOf(reason)} (topic id ${topicId})`],
    ['set aside', formatIsoTime(setAsideMs)],
    ['contract', `${contract} (in force: ${revision})`],
    ['rule', rule],
    ['at', at === '' ? '-' : at],
    ['message', message],
    ['timestamp', timestampMs < 0 ? '-' : formatIsoTime(timestampMs)],
  ]
  const lines = rows.map(([name, text]) => `${name}: ${escaped(text)}\n`)
  lines.push(`key: ${shown(key)}\n`)
  for (const header of headers) {
    lines.push(`header: ${escaped(header.key)}=${shown(header.value)}\n`)
  }
  lines.push(`value: ${shown(value)}\n`)
  return lines.join('')
}
