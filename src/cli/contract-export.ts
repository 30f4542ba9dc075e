/** `karst contract export` and `schema`. */
import { contractFileSchema } from '../contract/file-schema/contract-file-schema.ts'
import { type Command, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const formats = ['xregistry', 'openlineage'] as const

const flagTable = {
  format: { kind: 'value', shape: 'FORMAT', doc: `One of ${formats.join(', ')}` },
  contract: { kind: 'value', shape: 'CONTRACT', doc: 'Only this one; all by default' },
  bootstrap: {
    kind: 'value',
    short: 'b',
    shape: 'HOST:PORT',
    doc: 'Brokers as the document names them; the one that is asked by default',
  },
  ...registryFlag,
} as const

export const contractExport: Command = {
  name: 'export',
  summary: 'Print contracts for other catalogs',
  help: formatHelp({
    usage: 'contract export --format FORMAT [FLAGS]',
    about:
      'Prints JSON. xregistry: one document of xRegistry 1.0-rc4, with messages, endpoints and\n' +
      'schemas. openlineage: a list of dataset events, one for each topic, with owners, classes\n' +
      'and lineage as the contracts declare it.',
    flags: flagTable,
    examples: [
      ['contract export --format xregistry', 'all contracts and schemas'],
      ['contract export --format openlineage --contract ai.norm.acme.inference', 'of one contract'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const { format, contract, bootstrap } = flags
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    if (format === undefined || !(formats as readonly string[]).includes(format)) {
      throw new UsageError(`needs --format, one of ${formats.join(', ')}`)
    }
    const query = new URLSearchParams()
    if (contract !== undefined) query.set('contract', contract)
    if (bootstrap !== undefined) query.set('bootstrap', bootstrap)
    const asked = query.size === 0 ? '' : `?${query.toString()}`
    const text = await askHttp(registryAddress(flags), `/contracts/${format}${asked}`)
    io.out(jsonText(JSON.parse(text)))
    return exitCode.ok
  },
}

export const contractSchema: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of a contract’s file, for editors',
  help: formatHelp({
    usage: 'contract schema',
    about:
      'Prints the schema (draft 2020-12). Editors take it where a file begins with\n' +
      '# yaml-language-server: $schema=PATH',
    examples: [['contract schema > contract.schema.json', 'beside the contracts']],
  }),
  run(argv, io) {
    const { words } = parseFlags({}, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    io.out(jsonText(contractFileSchema))
    return Promise.resolve(exitCode.ok)
  },
}
