/** `karst contract show` and `history`. */
import { formatIsoTime } from '../base/iso-time.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

interface Revision {
  readonly revision: number
  readonly version: string
  readonly appliedMs: number
  readonly approvedBy: string | null
}

const showFlags = {
  revision: { kind: 'value', shape: 'N', doc: 'An earlier one; the one in force by default' },
  ...registryFlag,
  ...jsonFlag,
} as const

export const contractShow: Command = {
  name: 'show',
  summary: 'Print a contract as it was applied',
  help: formatHelp({
    usage: 'contract show CONTRACT [FLAGS]',
    about:
      'Prints the file, byte for byte; with --json also when it was applied, and at which\n' +
      'offset of each partition it began to count.',
    flags: showFlags,
    examples: [
      ['contract show ai.norm.acme.inference', 'the file that is in force'],
      ['contract show ai.norm.acme.inference --revision 2 --json', 'what held before, and where'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(showFlags, argv)
    const query = flags.revision === undefined ? '' : `?revision=${flags.revision}`
    const path = `/contracts/${encodeURIComponent(oneContract(words))}${query}`
    const found = JSON.parse(await askHttp(registryAddress(flags), path)) as { text: string }
    io.out(flags.json ? jsonText(found) : found.text)
    return exitCode.ok
  },
}

const historyFlags = { ...registryFlag, ...jsonFlag } as const

export const contractHistoryCommand: Command = {
  name: 'history',
  summary: 'List the revisions of a contract',
  help: formatHelp({
    usage: 'contract history CONTRACT [FLAGS]',
    about: 'Lists every revision that was applied, the newest first.',
    flags: historyFlags,
    examples: [['contract history ai.norm.acme.inference', 'when which version was applied']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(historyFlags, argv)
    const path = `/contracts/${encodeURIComponent(oneContract(words))}/history`
    const found = JSON.parse(await askHttp(registryAddress(flags), path)) as Revision[]
    const rows = found.map(({ revision, version, appliedMs, approvedBy }) => {
      return [revision, version, formatIsoTime(appliedMs), approvedBy]
    })
    const columns = ['REVISION', 'VERSION', 'APPLIED', 'APPROVED-BY']
    io.out(flags.json ? jsonText(found) : tableText(columns, rows, io.terminal))
    return exitCode.ok
  },
}

function oneContract(words: readonly string[]): string {
  const [id, ...others] = words
  if (id !== undefined && others.length === 0) return id
  throw new UsageError(`takes one contract, got ${words.join(' ') || 'nothing'}`)
}
