/**
 * Applies a contract: topics, their configs, schemas and the contract's own revision, in one
 * transaction or not at all. From its commit on no broker appends a batch that it has judged by
 * what held before.
 */
import { noteChange } from '../../catalog/change-log.ts'
import { drawNumbers } from '../../catalog/counters.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from '../../catalog/database.ts'
import { partitions } from '../../catalog/schema.ts'
import { contractRevisions, contracts, contractTopics } from '../../catalog/schema-contracts.ts'
import { registrySettings } from '../../catalog/schema-registry.ts'
import {
  holdTopics,
  nameTopics,
  putPartitions,
  putTopics,
  type Topic,
  toTopic,
} from '../../catalog/topics.ts'
import { topicNames, topics } from '../../catalog/schema.ts'
import {
  changeContexts,
  ChangedMeanwhile,
  type JudgedChange,
  seeChanges,
} from '../../registry/context-changes.ts'
import { scanBelow } from '../../catalog/scan-below.ts'
import { compareKeys } from '../../catalog/table.ts'
import type { RequestParser } from '../../registry/judge/request-parser.ts'
import type { SchemaParser } from '../../registry/schema-parser.ts'
import type { SubjectVersion } from '../../registry/subject-version.ts'
import { defaultContext, parseSubject } from '../../registry/subject-name.ts'
import type { Contract } from '../contract.ts'
import { type ContractPlan, type PlannedEvent, type PlannedTopic, planContract } from './plan.ts'
import { quarantineName } from './contract-reads.ts'
import { bindingOf } from './wanted.ts'

export interface ApplyParts {
  readonly database: CatalogDatabase
  readonly parser: SchemaParser
  readonly nowMs: () => number
  readonly freshTopicId: () => string
  /** Of a topic whose contract does not say. */
  readonly partitionCount: () => number
  readonly leaderEpoch: number
  /** Why a topic cannot have these overrides; undefined where it can. */
  readonly configFault: (configs: Readonly<Record<string, string>>) => string | undefined
  /** Told of topics that were made or changed, so that this broker knows at once. */
  readonly changed: (topicIds: readonly string[]) => Promise<void>
}

export interface ContractFile {
  readonly contract: Contract
  readonly text: string
  /** Texts of the files that it names, by path. */
  readonly files: Readonly<Record<string, string>>
  /** Who approves what the revision in force allows to its approvers alone. */
  readonly approvedBy?: string
}

export type ApplyOutcome =
  | { readonly outcome: 'applied'; readonly revision: number; readonly plan: ContractPlan }
  | { readonly outcome: 'refused'; readonly plan: ContractPlan }

/**
 * Applying again after a lost answer makes one revision more that says the same.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': look at the history.
 */
export async function applyContract(parts: ApplyParts, file: ContractFile): Promise<ApplyOutcome> {
  const changed: string[] = []
  const { database, parser } = parts
  const look = (own: RequestParser): Promise<Judged> =>
    database.snapshot('judge contract', (tx) => judge(tx, own, parts, file))
  const outcome = await parser.run((own) =>
    changeContexts<ApplyOutcome>(database, 'apply contract', async () => {
      changed.length = 0
      const judged = await look(own)
      if (judged.refused !== undefined) {
        return { answer: { outcome: 'refused', plan: judged.refused } }
      }
      const made = await newTopics(parts, [...judged.events, ...judged.asides])
      return changeOf(parts, file, judged, made, changed)
    }),
  )
  await parts.changed(changed)
  return outcome
}

interface Judged {
  readonly refused: ContractPlan | undefined
  readonly plan: ContractPlan
  readonly events: readonly PlannedEvent[]
  /** Topics for what is set aside: they belong to the contract, and nothing is held to it. */
  readonly asides: readonly PlannedTopic[]
  /** Topics that the contract had before and names no more. */
  readonly released: readonly Topic[]
  readonly schemas: readonly JudgedChange<SubjectVersion>[]
  readonly seen: JudgedChange<unknown>['seen']
}

async function judge(
  tx: ReadTransaction,
  parser: RequestParser,
  { nowMs, configFault }: ApplyParts,
  { contract, files, approvedBy }: ContractFile,
): Promise<Judged> {
  const seen = await seeChanges(tx, [defaultContext])
  const planning = await planContract(tx, parser, contract, files, nowMs(), approvedBy)
  const { plan, events, asides } = planning
  const faults = [...plan.faults]
  for (const { topic, configs } of [...events, ...asides]) {
    const fault = configFault(configs)
    if (fault !== undefined) faults.push(`topic ${topic}: ${fault}`)
  }
  const none = { ...planning, released: [], schemas: [], seen }
  if (faults.length > 0) return { ...none, refused: { ...plan, faults } }
  const schemas = events.flatMap(({ registrations }) => registrations)
  const released = await releasedTopics(tx, contract.id, [...events, ...asides])
  return { ...planning, refused: undefined, released, schemas, seen }
}

async function releasedTopics(
  tx: ReadTransaction,
  contractId: string,
  wanted: readonly PlannedTopic[],
): Promise<Topic[]> {
  const kept = new Set(wanted.map(({ topic }) => topic))
  const rows = await scanBelow(tx, contractTopics, [])
  const names = rows
    .filter((row) => row.contractId === contractId && !kept.has(row.topicName))
    .map(({ topicName }) => [topicName])
  const entries = await tx.get(topicNames, names)
  const ids = entries.flatMap((entry) => (entry === undefined ? [] : [[entry.topicId]]))
  const found = await tx.get(topics, ids)
  return found.flatMap((row) => (row === undefined ? [] : [toTopic(row)]))
}

async function newTopics(
  { database, freshTopicId, partitionCount, nowMs }: ApplyParts,
  planned: readonly PlannedTopic[],
): Promise<Topic[]> {
  const made: Topic[] = []
  for (const { topic: name, existing, configs, partitions: wanted } of planned) {
    if (existing !== undefined) continue
    const count = wanted ?? partitionCount()
    const first = await drawNumbers(database, 'partition.id', count)
    const partitionIds = Array.from({ length: count }, (_, index) => first + index)
    const judged = { configs, contract: null, configVersion: 0, replicationFactor: 1 }
    made.push({ topicId: freshTopicId(), name, partitionIds, ...judged, createdMs: nowMs() })
  }
  return made
}

function changeOf(
  parts: ApplyParts,
  file: ContractFile,
  judged: Judged,
  made: readonly Topic[],
  changed: string[],
): JudgedChange<ApplyOutcome> {
  const { plan, events, asides, released, schemas, seen } = judged
  const { id: contractId } = file.contract
  let revision = 0
  return {
    seen: new Map([...seen, ...schemas.flatMap((each) => [...each.seen])]),
    contexts: [defaultContext, ...schemas.flatMap(({ contexts }) => contexts)],
    prepare: async (tx) => {
      const had = await holdTopicsOf(tx, [...events, ...asides], released, made)
      const boundaries = await boundariesOf(tx, [...had.values()], made)
      if (made.length > 0) await putPartitions(tx, made, parts.leaderEpoch)
      const approved = plan.guarded.length > 0 ? (file.approvedBy ?? null) : null
      revision = await writeRevision(tx, parts, file, boundaries, approved)
      await writeTopics(tx, contractId, judged)
      const binding = bindingOf(contractId, revision)
      const withConfigs = ({ topic, configs }: PlannedTopic): Topic => {
        const known = (had.get(topic) ?? made.find(({ name }) => name === topic)) as Topic
        return { ...known, configs: { ...known.configs, ...configs } }
      }
      const bound = [
        ...events.map((event) => ({ ...withConfigs(event), contract: binding })),
        ...asides.map(withConfigs),
      ]
      const freed = released.map(({ name }) => ({ ...(had.get(name) as Topic), contract: null }))
      await putTopics(tx, [...bound, ...freed])
      changed.push(...[...bound, ...freed].map(({ topicId }) => topicId))
    },
    write: async (tx, rows) => {
      for (const each of schemas) await each.write(tx, rows)
      const settings = events.flatMap(({ subjects, subjectConfig }) => {
        const value = JSON.stringify(subjectConfig)
        return subjects.map((each) => ({ ...parseSubject(each.subject), kind: 'config', value }))
      })
      await tx.put(registrySettings, settings)
      await noteChange(tx, { kind: 'topic', names: changed })
      return { outcome: 'applied', revision, plan }
    },
  }
}

/**
 * Resolves with the topics that there were, by name.
 *
 * @throws ChangedMeanwhile where one of them is not as it was looked at, or a new one is there.
 */
async function holdTopicsOf(
  tx: Transaction,
  events: readonly PlannedTopic[],
  released: readonly Topic[],
  made: readonly Topic[],
): Promise<Map<string, Topic>> {
  const seen = [...events.flatMap(({ existing }) => existing ?? []), ...released]
  const ids = seen.map(({ topicId }) => topicId)
  const had = new Map((await holdTopics(tx, ids, made)).map((topic) => [topic.topicId, topic]))
  for (const { topicId, configVersion } of seen) {
    if (had.get(topicId)?.configVersion !== configVersion) throw new ChangedMeanwhile()
  }
  if (made.length > 0 && (await nameTopics(tx, made)).length > 0) throw new ChangedMeanwhile()
  return new Map([...had.values()].map((topic) => [topic.name, topic]))
}

/** Under the locks of all partitions: no commit is between what held before and what holds now. */
async function boundariesOf(
  tx: Transaction,
  had: readonly Topic[],
  made: readonly Topic[],
): Promise<Record<string, { readonly topicId: string; readonly ends: readonly number[] }>> {
  const ids = had.flatMap(({ partitionIds }) => partitionIds)
  const keys = ids.map((id) => [id])
  const rows = await tx.lock(partitions, keys, 'exclusive')
  const ends = new Map(rows.map(({ partitionId, logEnd }) => [partitionId, logEnd]))
  const entries = [...had, ...made].map(({ name, topicId, partitionIds }) => {
    return [name, { topicId, ends: partitionIds.map((id) => ends.get(id) ?? 0) }] as const
  })
  return Object.fromEntries(entries)
}

/** Resolves with its number. */
async function writeRevision(
  tx: Transaction,
  { nowMs }: ApplyParts,
  { contract, text, files }: ContractFile,
  boundaries: object,
  approvedBy: string | null,
): Promise<number> {
  const { id: contractId, version } = contract
  await tx.insert(contracts, [{ contractId, revision: 0 }])
  const [row] = await tx.lock(contracts, [[contractId]], 'exclusive')
  const revision = (row?.revision ?? 0) + 1
  await tx.put(contracts, [{ contractId, revision }])
  const said = { text, files: JSON.stringify(files), boundaries: JSON.stringify(boundaries) }
  await tx.insert(contractRevisions, [
    { contractId, revision, version, appliedMs: nowMs(), approvedBy, ...said },
  ])
  return revision
}

async function writeTopics(
  tx: Transaction,
  contractId: string,
  { events, asides, released }: Judged,
): Promise<void> {
  const rows = [
    ...events.map(({ topic: topicName, event }) => ({ topicName, eventName: event.name })),
    ...asides.map(({ topic: topicName }) => ({ topicName, eventName: quarantineName })),
  ].map((row) => ({ ...row, contractId }))
  const gone = released.map(({ name: topicName }) => ({ topicName, contractId, eventName: '' }))
  const all = [...rows, ...gone].sort((a, b) => compareKeys([a.topicName], [b.topicName]))
  for (const row of all) {
    // A row that is not there cannot be locked; all are to be held, and taken in order.
    await tx.insert(contractTopics, [row])
    await tx.lock(contractTopics, [[row.topicName]], 'exclusive')
  }
  await tx.put(contractTopics, rows)
  if (gone.length === 0) return
  await tx.delete(
    contractTopics,
    gone.map(({ topicName }) => [topicName]),
  )
}
