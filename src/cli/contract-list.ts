/** `karst contract list`. */
import { durationText } from '../base/duration-text.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import type {
  ContractDescription,
  StreamDescription,
} from '../contract/discovery/contract-description.ts'
import type { LineageEdge } from '../contract/discovery/topic-lineage.ts'
import { rankOf } from '../contract/file/lint.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { askHttp } from './http-ask.ts'
import { type Cell, jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  topic: { kind: 'value', shape: 'TOPIC', doc: 'All that the contract of this topic says of it' },
  shadow: { kind: 'switch', doc: 'List topics that are under no contract instead' },
  ...registryFlag,
  ...jsonFlag,
} as const

export const contractList: Command = {
  name: 'list',
  summary: 'List the contracts in force, their topics, owners and classes',
  help: formatHelp({
    usage: 'contract list [FLAGS]',
    about:
      'Lists each topic under a contract: whose it is, how sensitive, who reads it.\n' +
      'With --topic everything about one: classes of its fields, where its facts live, what it\n' +
      'comes of and what comes of it. Fails where that topic is under no contract.',
    flags: flagTable,
    examples: [
      ['contract list', 'all contracts'],
      ['contract list --topic ai.norm.acme', 'one topic, with its lineage'],
      ['contract list --shadow', 'topics that nobody has declared'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    if (flags.shadow && flags.topic !== undefined) {
      throw new UsageError('takes --topic or --shadow, not both')
    }
    const address = registryAddress(flags)
    if (flags.shadow) {
      const names = JSON.parse(await askHttp(address, '/contracts/shadow-topics')) as string[]
      const cells = names.map((name) => [name])
      io.out(flags.json ? jsonText(names) : tableText(['TOPIC'], cells, io.terminal))
      return exitCode.ok
    }
    const { topic } = flags
    const query = topic === undefined ? '' : `?topic=${encodeURIComponent(topic)}`
    const text = await askHttp(address, `/contracts${query}`)
    const found = JSON.parse(text) as ContractDescription[]
    if (flags.json) io.out(jsonText(found))
    else if (topic === undefined) io.out(tableText(columns, found.flatMap(rowsOf), io.terminal))
    else
      for (const each of found) io.out(tableText(['WHAT', 'IS'], details(each, topic), io.terminal))
    if (topic === undefined || found.length > 0) return exitCode.ok
    io.err(`${topic} is under no contract\n`)
    return exitCode.failure
  },
}

const durationCell = (ms: number | undefined): string | null =>
  ms === undefined ? null : durationText(ms)

const columns = [
  ...['CONTRACT', 'VERSION', 'REVISION', 'STATUS', 'OWNER', 'TOPIC', 'CLASS'],
  ...['READERS', 'RETENTION', 'VIOLATIONS'],
]

function rowsOf(contract: ContractDescription): Cell[][] {
  const { contractId, version, revision, topics, streams } = contract
  const head = [contractId, version, revision]
  const lead = [...head, contract.status ?? null, contract.owner ?? null]
  if (streams === undefined) return topics.map((topic) => [...head, 'unreadable', null, topic])
  return streams.map((stream) => [
    ...lead,
    stream.topic,
    classOf(stream),
    stream.readers.map(({ role }) => role).join(', ') || null,
    durationCell(stream.retentionMs),
    stream.enforcement.onViolation,
  ])
}

/** Of the whole, else the highest of its fields. */
function classOf({ classification, fields }: StreamDescription): string | null {
  const highest = fields.reduce<string | undefined>(
    (high, field) => (rankOf(field.classification) > rankOf(high) ? field.classification : high),
    undefined,
  )
  return classification ?? highest ?? null
}

function details(contract: ContractDescription, topic: string): Cell[][] {
  const stream = contract.streams?.find((each) => each.topic === topic)
  const { contractId, version, revision, appliedMs, status, owner, tenant, approvers } = contract
  const applied = `revision ${revision}, ${formatIsoTime(appliedMs)}`
  return [
    ['contract', `${contractId} ${version}`],
    ['applied', applied],
    ['status', status ?? contract.fault ?? null],
    ['owner', owner ?? null],
    ['approvers', approvers?.join(', ') || null],
    ['tenant', tenant ?? null],
    ...(stream === undefined ? [] : streamDetails(stream)),
  ]
}

const stepText = ({ transform, isMasking }: LineageEdge): string | null =>
  `${isMasking ? 'masking plan ' : ''}${transform}` || null

function streamDetails(stream: StreamDescription): Cell[][] {
  const { event, subject, keySubject, fields, readers, facts, enforcement, compatibility } = stream
  const { stage, onViolation, encoding } = enforcement
  return [
    ['event', event],
    ['subject', `${subject}, ${compatibility.level}`],
    ...(keySubject === undefined ? [] : [['key subject', keySubject]]),
    ['class', classOf(stream)],
    ...fields.map(({ path, type, classification }) => [
      `field ${path}`,
      `${type}, ${classification ?? 'no class'}`,
    ]),
    ...readers.map(({ role, access, delayMsMax }) => [
      `reader ${role}`,
      delayMsMax === undefined ? access : `${access}, within ${durationText(delayMsMax)}`,
    ]),
    ...facts.map(({ fact, in: place, at }) => [
      `fact ${fact}`,
      at === '' ? place : `${place} ${at}`,
    ]),
    ...stream.derivedFrom.map((edge) => [`comes of ${edge.from}`, stepText(edge)]),
    ...stream.derived.map((edge) => [`goes into ${edge.to}`, stepText(edge)]),
    ['retention', durationCell(stream.retentionMs)],
    ['replay window', durationCell(stream.replayMs)],
    ['freshness', durationCell(stream.freshnessMs)],
    ['violations', `${onViolation} (${stage}, ${encoding} payloads)`],
  ]
}
