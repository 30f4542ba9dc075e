/** `karst contract plan`, `apply` and `rollback`. */
import type { Applied } from '../contract/contracts.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, type CommandIo, type ExitCode } from './command.ts'
import {
  oneFile,
  readContractFile,
  registryAddress,
  registryFlag,
  tellPlanned,
} from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  'approved-by': {
    kind: 'value',
    shape: 'NAME',
    doc: 'Who approves what the contract in force allows to its approvers alone',
  },
  ...registryFlag,
  ...jsonFlag,
} as const

export const contractPlan: Command = {
  name: 'plan',
  summary: 'Show what applying a contract would change',
  help: formatHelp({
    usage: 'contract plan FILE [FLAGS]',
    about:
      'Compares the contract with the cluster: topics, configs, subjects, what brokers would\n' +
      'hold records to. Nothing is changed. Fails where it could not be applied.',
    flags: flagTable,
    examples: [['contract plan orders.odcs.yaml', 'what would change']],
  }),
  run: (argv, io) => send(argv, io, '/contracts/plan'),
}

export const contractApply: Command = {
  name: 'apply',
  summary: 'Make the cluster as a contract says, all of it or nothing',
  help: formatHelp({
    usage: 'contract apply FILE [FLAGS]',
    about:
      'Makes topics, configs and schemas, and puts the contract into force, in one\n' +
      'transaction. From then on no broker appends a batch that was judged by what held before.',
    flags: flagTable,
    examples: [['contract apply orders.odcs.yaml', 'the next revision']],
  }),
  run: (argv, io) => send(argv, io, '/contracts'),
}

async function send(argv: readonly string[], io: CommandIo, path: string): Promise<ExitCode> {
  const { flags, words } = parseFlags(flagTable, argv)
  const file = oneFile(words)
  const { text, files } = await readContractFile(io, file)
  const body = JSON.stringify({ text, files, approvedBy: flags['approved-by'] })
  const answer = JSON.parse(await askHttp(registryAddress(flags), path, body)) as Applied
  return tellPlanned(io, file, answer, flags.json)
}

export const contractRollback: Command = {
  name: 'rollback',
  summary: 'Apply an earlier revision of a contract again',
  help: formatHelp({
    usage: 'contract rollback CONTRACT REVISION [FLAGS]',
    about:
      'Applies the file of an earlier revision as the next one. Records that were written since\n' +
      'stay as they are.',
    flags: flagTable,
    examples: [['contract rollback ai.norm.acme.inference 3', 'as revision 3 was']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [id, revision, ...others] = words
    if (id === undefined || !/^\d{1,9}$/.test(revision ?? '') || others.length > 0) {
      throw new UsageError('takes a contract and the number of a revision')
    }
    const path = `/contracts/${encodeURIComponent(id)}/rollback`
    const body = JSON.stringify({ revision: Number(revision), approvedBy: flags['approved-by'] })
    const answer = JSON.parse(await askHttp(registryAddress(flags), path, body)) as Applied
    return tellPlanned(io, id, answer, flags.json)
  },
}
