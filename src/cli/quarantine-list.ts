/** `karst quarantine list`. */
import { formatIsoTime } from '../base/iso-time.ts'
import { systemClock } from '../base/system-clock.ts'
import type { QuarantineReason } from '../contract/quarantine/quarantine-record.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { quarantineTopicFlag, ruleFlag, topicOf } from './quarantine-choice.ts'
import { type QuarantineEntry, readQuarantine } from './quarantine-entries.ts'
import { tellBesides } from './quarantine-notes.ts'
import { jsonText, tableText } from './table-text.ts'
import { parseSince, sinceShape } from './since.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  ...ruleFlag,
  contract: { kind: 'value', shape: 'ID[@VERSION]', doc: 'Only what broke this contract' },
  since: { kind: 'value', shape: sinceShape, doc: 'Only set aside since then: 30m, 12h, 7d' },
  limit: { kind: 'value', short: 'n', shape: 'N', doc: 'Show so many at most (100)' },
  ...quarantineTopicFlag,
  ...jsonFlag,
  ...clientFlags,
} as const

const limitStandard = '100'

export const quarantineList: Command = {
  name: 'list',
  summary: 'List the records of a topic that broke its contract and were set aside',
  help: formatHelp({
    usage: 'quarantine list TOPIC [FLAGS]',
    about:
      'Lists what is in quarantine of TOPIC now, by the place that each record would have had\n' +
      'there, with the rule that it broke and where. Standard error says how many there are of\n' +
      'each rule.',
    flags: flagTable,
    examples: [
      ['quarantine list decisions', 'the first hundred'],
      ['quarantine list decisions --rule fact:tenant --since 7d', 'of one rule, in a week'],
      ['quarantine list decisions --contract ai.decisions --json', 'of a contract, as JSON'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const { topic, quarantineTopic, places } = topicOf(words, flags)
    if (places.length > 0) throw new UsageError(`takes one TOPIC, got ${words.join(' ')}`)
    const limit = integerOf('--limit', flags.limit ?? limitStandard, 1)
    const { rule, contract } = flags
    const sinceMs =
      flags.since === undefined
        ? -Infinity
        : parseSince('--since', flags.since, systemClock.nowMs())
    const wants = (reason: QuarantineReason): boolean =>
      (rule === undefined || reason.rule === rule) &&
      (contract === undefined || isOf(reason, contract)) &&
      reason.setAsideMs >= sinceMs
    return withClient(io, flags.bootstrap, async (client) => {
      const query = { client, signal: io.signal, topic, quarantineTopic, wants }
      const { entries, ...besides } = await readQuarantine(query)
      const shown = entries.slice(0, limit)
      const rules = countsOf(entries)
      if (flags.json) {
        const { isCut, foreign, undecided } = besides
        const late = besides.late.length
        const told = { topic, quarantineTopic, count: entries.length, rules, isCut }
        io.out(jsonText({ ...told, late, foreign, undecided, records: shown.map(toJson) }))
      } else {
        io.out(linesOf(shown, io))
        io.err(summaryOf(topic, entries.length, shown.length, rules))
      }
      tellBesides(io, quarantineTopic, besides)
      return exitCode.ok
    })
  },
}

/** With or without its version. */
const isOf = ({ contract }: QuarantineReason, wanted: string): boolean =>
  contract === wanted || contract.startsWith(`${wanted}@`)

function countsOf(entries: readonly QuarantineEntry[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const { reason } of entries) counts.set(reason.rule, (counts.get(reason.rule) ?? 0) + 1)
  const most = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return Object.fromEntries(most)
}

function summaryOf(
  topic: string,
  count: number,
  shown: number,
  rules: Readonly<Record<string, number>>,
): string {
  if (count === 0) return `nothing of ${topic} is in quarantine, or nothing that was asked for\n`
  const byRule = Object.entries(rules).map(([rule, each]) => `${rule} ${each}`)
  const some = shown < count ? `, the first ${shown} are shown` : ''
  return `${count} in quarantine${some}; by rule: ${byRule.join(', ')}\n`
}

const toJson = ({ reason, bytes }: QuarantineEntry): object => {
  const { topic: _, ...rest } = reason
  return { ...rest, bytes }
}

/** The message is cut to what the terminal's line has left. */
function linesOf(shown: readonly QuarantineEntry[], { terminal, columns }: CommandIo): string {
  const rows = shown.map(({ reason, bytes }) => {
    const { partition, offset, setAsideMs, contract, rule, at, message } = reason
    const place = [`${partition}:${offset}`, formatIsoTime(setAsideMs), contract, bytes]
    return [...place, rule, at === '' ? null : at, message]
  })
  const names = ['PLACE', 'SET-ASIDE', 'CONTRACT', 'BYTES', 'RULE', 'AT', 'MESSAGE']
  const text = tableText(names, rows, terminal)
  if (columns === undefined) return text
  return text
    .split('\n')
    .map((line) => Array.from(line).slice(0, columns).join(''))
    .join('\n')
}
