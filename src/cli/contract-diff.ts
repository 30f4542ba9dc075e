/** `karst contract diff`. */
import type { PlannedChange } from '../contract/store/plan.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { planText, registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...registryFlag, ...jsonFlag } as const

export const contractDiff: Command = {
  name: 'diff',
  summary: 'Show where the cluster is not as a contract in force says',
  help: formatHelp({
    usage: 'contract diff CONTRACT [FLAGS]',
    about:
      'Compares the contract in force with the cluster: configs that somebody changed, a topic\n' +
      'that is gone or was made anew, a schema that is not there. Fails where there is any.',
    flags: flagTable,
    examples: [['contract diff ai.norm.acme.inference', 'what drifted']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [id, ...others] = words
    if (id === undefined || others.length > 0) throw new UsageError('takes one contract')
    const path = `/contracts/${encodeURIComponent(id)}/drift`
    const found = JSON.parse(await askHttp(registryAddress(flags), path)) as PlannedChange[]
    if (flags.json) io.out(jsonText(found))
    else if (found.length === 0) io.err('everything is as the contract says\n')
    else io.out(planText(found, io.terminal))
    return found.length === 0 ? exitCode.ok : exitCode.failure
  },
}
