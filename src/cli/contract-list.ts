/** `karst contract list`. */
import { formatIsoTime } from '../base/iso-time.ts'
import type { ContractSummary } from '../contract/store/contract-reads.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  shadow: { kind: 'switch', doc: 'List topics that are under no contract instead' },
  ...registryFlag,
  ...jsonFlag,
} as const

export const contractList: Command = {
  name: 'list',
  summary: 'List the contracts in force',
  help: formatHelp({
    usage: 'contract list [FLAGS]',
    about: 'Lists each contract with the revision that is in force, and its topics.',
    flags: flagTable,
    examples: [
      ['contract list', 'all contracts'],
      ['contract list --shadow', 'topics that nobody has declared'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const address = registryAddress(flags)
    if (flags.shadow) {
      const names = JSON.parse(await askHttp(address, '/contracts/shadow-topics')) as string[]
      const cells = names.map((name) => [name])
      io.out(flags.json ? jsonText(names) : tableText(['TOPIC'], cells, io.terminal))
      return exitCode.ok
    }
    const text = await askHttp(address, '/contracts')
    const found = JSON.parse(text) as ContractSummary[]
    const rows = found.map(({ contractId, version, revision, appliedMs, topics }) => {
      return [contractId, version, revision, formatIsoTime(appliedMs), topics.join(', ')]
    })
    const columns = ['CONTRACT', 'VERSION', 'REVISION', 'APPLIED', 'TOPICS']
    io.out(flags.json ? jsonText(found) : tableText(columns, rows, io.terminal))
    return exitCode.ok
  },
}
