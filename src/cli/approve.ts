/** `karst approve`. */
import { isFailure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { approvalChecklist } from '../contract/approval/checklist.ts'
import { type CheckItem, type ItemState, itemStates } from '../contract/approval/check-item.ts'
import { parseEvidence } from '../contract/approval/evidence-file.ts'
import type { ClusterFacts, StreamFacts } from '../contract/approval/stream-facts.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { registryAddress, registryFlag } from './contract-file.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { clusterFactsOf, contractFactsOf, countedBy, subjectFactsOf } from './stream-facts.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  stream: { kind: 'value', shape: 'TOPIC', doc: 'The topic that is to be approved' },
  evidence: { kind: 'value', shape: 'FILE', doc: 'What was tried, by whom and when (YAML)' },
  metrics: { kind: 'value', shape: 'HOST:PORT', doc: 'A broker’s --http address: what it counted' },
  ...registryFlag,
  ...clientFlags,
  ...jsonFlag,
} as const

export const approve: Command = {
  name: 'approve',
  summary: 'Go through what must hold before a stream is approved',
  help: formatHelp({
    usage: 'approve --stream TOPIC [FLAGS]',
    about:
      'Looks at the contract, the registry, the topic and its groups, and prints for each item\n' +
      'whether it is met, what was looked at, and what is to be done. What no cluster can know\n' +
      'stands in the evidence file, a list of\n' +
      '  {item: backfill, by: ops, on: 2026-11-20, figure: 40 MB/s, expires: 2027-02-20}\n' +
      'with stream: for one topic only, and of: for one sink or connector. Nothing is changed.\n' +
      'Fails where any item is missing or cannot be known here.',
    flags: flagTable,
    examples: [
      ['approve --stream ai.norm.acme', 'what is missing'],
      ['approve --stream ai.norm.acme --evidence evidence.yaml --json', 'for a pipeline'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const { stream: topic, evidence: file, bootstrap, metrics } = flags
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    if (topic === undefined) throw new UsageError('needs --stream TOPIC')
    const evidence = file === undefined ? [] : parseEvidence(await io.readText(file), file)
    const facts = await factsOf(io, topic, { registry: registryAddress(flags), bootstrap, metrics })
    const items = approvalChecklist(facts, evidence)
    const missing = items.filter(({ state }) => state !== 'met')
    if (flags.json) io.out(jsonText({ topic, approved: missing.length === 0, items }))
    else {
      io.out(itemsText(items, io.terminal))
      io.err(`${summaryOf(items)}\n`)
    }
    return missing.length === 0 ? exitCode.ok : exitCode.failure
  },
}

interface Addresses {
  readonly registry: string
  readonly bootstrap: string | undefined
  readonly metrics: string | undefined
}

/** @throws Failure 'not-found': there is no such topic. 'unavailable': the registry. */
async function factsOf(
  io: CommandIo,
  topic: string,
  { registry, bootstrap, metrics }: Addresses,
): Promise<StreamFacts> {
  const contract = await contractFactsOf(registry, topic)
  const subject = await subjectFactsOf(registry, topic)
  const windowMs = contract?.contract.operations.replayMs
  let cluster: ClusterFacts | undefined
  try {
    cluster = await withClient(io, bootstrap, (client) => clusterFactsOf(client, topic, windowMs))
  } catch (error) {
    if (!isFailure(error, 'unavailable')) throw error
    io.err(`${error.message}: what brokers know is left open\n`)
  }
  const counted = metrics === undefined ? undefined : await countedBy(metrics)
  return { topic, lookedMs: systemClock.nowMs(), contract, subject, cluster, counted }
}

/** Told apart without colours, and by `grep`. */
const marks: Readonly<Record<ItemState, string>> = {
  met: '[x] met',
  missing: '[ ] missing',
  unknown: '[?] unknown',
}

/** A line for each thing that was looked at or is to be done; in a pipe one for each item. */
function itemsText(items: readonly CheckItem[], isTerminal: boolean): string {
  const columns = ['STATE', 'ITEM', 'LOOKED AT AND TO DO']
  const rows = items.flatMap(({ item, title, state, evidence, todo }) => {
    const seen = evidence.map(({ what, figure, at }) => `${what}: ${figure} (${dayOf(at)})`)
    const lines = [title, ...seen, ...todo.map((each) => `to do: ${each}`)]
    if (!isTerminal) return [[marks[state], item, lines.join('; ')]]
    const [first, ...others] = lines as [string, ...string[]]
    return [[marks[state], item, first], ...others.map((line) => ['', '', `  ${line}`])]
  })
  return tableText(columns, rows, isTerminal)
}

const dayOf = (iso: string): string => iso.slice(0, '2026-11-30'.length)

function summaryOf(items: readonly CheckItem[]): string {
  const counts = itemStates.map((each) => items.filter(({ state }) => state === each).length)
  const [met, missing, unknown] = counts as [number, number, number]
  return `${met} of ${items.length} are met, ${missing} missing, ${unknown} cannot be known here`
}
