/** `karst contract lint`. */
import { issueText } from '../contract/file/issue.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { readContractFile } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...jsonFlag } as const

export const contractLint: Command = {
  name: 'lint',
  summary: 'Check the files of contracts, without a broker',
  help: formatHelp({
    usage: 'contract lint FILE… [FLAGS]',
    about:
      'Tells everything that is wrong with the files, each with its line. Fails where there is\n' +
      'an error; a warning is worth a thought.',
    flags: flagTable,
    examples: [['contract lint orders.odcs.yaml', 'what is wrong with it']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('takes the files of contracts')
    const found = []
    for (const file of words) {
      const { issues } = await readContractFile(io, file)
      found.push(...issues.map((issue) => ({ file, ...issue })))
    }
    if (flags.json) io.out(jsonText(found))
    else for (const issue of found) io.out(`${issueText(issue.file, issue)}\n`)
    const isWrong = found.some(({ severity }) => severity === 'error')
    return isWrong ? exitCode.failure : exitCode.ok
  },
}
