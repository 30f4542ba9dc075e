/** `karst placement`: where clients of a fleet find partitions, why there, and what moved when. */
import { formatIsoTime } from '../base/iso-time.ts'
import type { PlacementReport } from '../start/placement-report.ts'
import { type Command, exitCode } from './command.ts'
import { jsonFlag } from './client-flags.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  http: {
    kind: 'value',
    shape: 'HOST:PORT',
    doc: 'A broker’s --http address (127.0.0.1:9644)',
  },
  history: { kind: 'switch', doc: 'Print every version that is kept, the newest first' },
  ...jsonFlag,
} as const

export const placementCommand: Command = {
  name: 'placement',
  summary: 'Tell where clients of a fleet find partitions, and why',
  help: formatHelp({
    usage: 'placement [TOPIC] [FLAGS]',
    about:
      'Any broker of a fleet serves any partition; the placement tells clients which one to\n' +
      'ask, so that caches are warm and writes are batched. No data moves when it changes.',
    flags: flagTable,
    examples: [
      ['placement', 'the brokers, and how much of the whole each has'],
      ['placement orders', 'the brokers of each partition, and since when and why they are'],
      ['placement --history', 'what moved when'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [topic, ...others] = words
    if (others.length > 0) throw new UsageError(`takes one topic, got ${words.join(' ')}`)
    const query = topic === undefined ? '' : `?topic=${encodeURIComponent(topic)}`
    const text = await askHttp(flags.http ?? '127.0.0.1:9644', `/placement${query}`)
    const report = JSON.parse(text) as PlacementReport
    io.out(flags.json ? jsonText(report) : textOf(report, topic, flags.history, io.terminal))
    return exitCode.ok
  },
}

function textOf(
  report: PlacementReport,
  topic: string | undefined,
  isHistory: boolean,
  isTerminal: boolean,
): string {
  if (isHistory) {
    const rows = report.history.map(({ version, madeMs, madeBy, moved, reason }) => {
      return [version, formatIsoTime(madeMs), madeBy, moved, reason]
    })
    return tableText(['VERSION', 'MADE', 'BY', 'MOVED', 'REASON'], rows, isTerminal)
  }
  if (topic !== undefined) {
    const rows = report.partitions.map(({ partition, slot, zone, nodeId, sinceVersion, why }) => {
      return [partition, slot, zone === '' ? null : zone, nodeId, sinceVersion, why]
    })
    const columns = ['PARTITION', 'SLOT', 'ZONE', 'BROKER', 'SINCE', 'WHY']
    return tableText(columns, rows, isTerminal)
  }
  const rows = report.brokers.map(({ nodeId, name, zone, address, state, slots, shows }) => {
    return [nodeId, name, zone === '' ? null : zone, address, state, slots, shows]
  })
  const columns = ['BROKER', 'NAME', 'ZONE', 'ADDRESS', 'STATE', 'SLOTS', 'SHOWS']
  return tableText(columns, rows, isTerminal)
}
