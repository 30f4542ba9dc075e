/** `karst contract names`. */
import type { DivergentName } from '../contract/discovery/divergent-names.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...registryFlag, ...jsonFlag } as const

export const contractNames: Command = {
  name: 'names',
  summary: 'List what contracts call by different names',
  help: formatHelp({
    usage: 'contract names [FLAGS]',
    about:
      'Lists facts (tenant, trace, consent …) that contracts keep under different names or in\n' +
      'different places, and properties whose names differ in style only. Each with who uses\n' +
      'which, and the one that most use.',
    flags: flagTable,
    examples: [['contract names', 'what does not join without a translation']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const text = await askHttp(registryAddress(flags), '/contracts/names')
    const found = JSON.parse(text) as DivergentName[]
    if (flags.json) io.out(jsonText(found))
    else if (found.length === 0) io.err('all contracts use the same names\n')
    else io.out(tableText(columns, found.flatMap(rowsOf), io.terminal))
    return exitCode.ok
  },
}

const columns = ['KIND', 'WHAT', 'IN', 'NAME', 'MOST', 'CONTRACTS']

function rowsOf({ kind, what, majority, uses }: DivergentName): string[][] {
  return uses.map(({ in: place, name, contracts }) => {
    const isMajority = majority?.in === place && majority.name === name
    return [kind, what, place, name, isMajority ? 'yes' : 'no', contracts.join(', ')]
  })
}
