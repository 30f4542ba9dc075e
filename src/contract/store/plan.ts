/** What applying a contract changes: each thing that it says, as it is and as it will be. */
import type { ReadTransaction } from '../../catalog/database.ts'
import { topicNames, topics } from '../../catalog/schema.ts'
import { contractTopics } from '../../catalog/schema-contracts.ts'
import { type Topic, toTopic } from '../../catalog/topics.ts'
import type { JudgedChange, Judgement } from '../../registry/context-changes.ts'
import { RegistryError } from '../../registry/registry-error.ts'
import { judgeSchema } from '../../registry/register.ts'
import type { RequestParser } from '../../registry/judge/request-parser.ts'
import { parseSubject } from '../../registry/subject-name.ts'
import type { SubjectVersion } from '../../registry/subject-version.ts'
import type { Contract } from '../contract.ts'
import { parseContract } from '../file/parse-contract.ts'
import { type GuardedChange, guardedChanges } from '../guarded-changes.ts'
import { readRevision } from './contract-reads.ts'
import { type WantedEvent, wantedOf, type WantedSubject } from './wanted.ts'

export interface PlannedChange {
  readonly area: 'topic' | 'config' | 'subject' | 'enforcement' | 'acl' | 'masking' | 'lineage'
  readonly target: string
  readonly action: 'create' | 'change' | 'keep'
  readonly before?: string
  readonly after?: string
  /** Why it is shown and does not hold yet, or what else to know. */
  readonly note?: string
}

export interface ContractPlan {
  readonly contractId: string
  readonly version: string
  readonly changes: readonly PlannedChange[]
  /** Why it cannot be applied; empty where it can. */
  readonly faults: readonly string[]
  /** What the revision in force allows to nobody but its approvers. */
  readonly guarded: readonly GuardedChange[]
}

const notYet = 'shown only: this release does not enforce it'

/** A topic as it is to be. */
export interface PlannedTopic {
  readonly topic: string
  readonly configs: Readonly<Record<string, string>>
  readonly partitions: number | undefined
  /** Undefined where there is none yet. */
  readonly existing: Topic | undefined
}

export interface PlannedEvent extends WantedEvent, PlannedTopic {
  /** What registering its schemas writes; nothing of those that are versions already. */
  readonly registrations: readonly JudgedChange<SubjectVersion>[]
}

export interface Planning {
  readonly plan: ContractPlan
  readonly events: readonly PlannedEvent[]
  /** Topics for what is set aside. */
  readonly asides: readonly PlannedTopic[]
}

/** @param files texts of the files that the contract names, by path. */
export async function planContract(
  tx: ReadTransaction,
  parser: RequestParser,
  contract: Contract,
  files: Readonly<Record<string, string>>,
  nowMs: number,
  approvedBy?: string,
): Promise<Planning> {
  const faults = staticFaults(contract, files)
  const { guarded, unapproved } = await guardedBy(tx, contract, approvedBy)
  faults.push(...unapproved)
  const changes: PlannedChange[] = []
  const events: PlannedEvent[] = []
  const asides = new Map<string, PlannedTopic>()
  const isComplete = staticFaults(contract, files).length === 0
  for (const wanted of isComplete ? wantedOf(contract, files) : []) {
    const existing = await findTopic(tx, wanted.topic)
    changes.push(...topicChanges(wanted, existing))
    faults.push(...(await topicFaults(tx, contract, wanted, existing)))
    const registrations: JudgedChange<SubjectVersion>[] = []
    for (const each of wanted.subjects) {
      const judged = await judgeSubject(tx, parser, wanted, each, nowMs)
      if (typeof judged === 'string') faults.push(judged)
      else {
        changes.push(subjectChange(wanted, each, judged))
        if (!('answer' in judged)) registrations.push(judged)
      }
    }
    events.push({ ...wanted, existing, registrations })
    changes.push(enforcementChange(contract, wanted, existing))
    const { quarantine, partitions } = wanted
    if (quarantine === undefined || asides.has(quarantine.topic)) continue
    const aside = { ...quarantine, partitions, existing: await findTopic(tx, quarantine.topic) }
    asides.set(aside.topic, aside)
    changes.push(...topicChanges(aside, aside.existing))
    faults.push(...(await asideFaults(tx, contract, aside)))
  }
  changes.push(...shownOnly(contract))
  const { id: contractId, version } = contract
  const plan = { contractId, version, changes, faults, guarded }
  return { plan, events, asides: [...asides.values()] }
}

/** Guarded changes, and those of them that nobody has approved who may. */
async function guardedBy(
  tx: ReadTransaction,
  contract: Contract,
  approvedBy: string | undefined,
): Promise<{ readonly guarded: readonly GuardedChange[]; readonly unapproved: string[] }> {
  const row = await readRevision(tx, contract.id)
  const before = row === undefined ? undefined : parseContract(row.text).contract
  const guarded = before === undefined ? [] : guardedChanges(before, contract)
  const approvers = before?.approvers ?? []
  if (approvedBy !== undefined && approvers.includes(approvedBy)) return { guarded, unapproved: [] }
  const who =
    approvers.length === 0
      ? 'the contract in force names no approver'
      : `one of ${approvers.join(', ')} must approve it (--approved-by)`
  const wrong = approvedBy === undefined ? who : `${approvedBy} is no approver: ${who}`
  const unapproved = guarded.map(({ rule, at, message }) => `${at} ${message} (${rule}); ${wrong}`)
  return { guarded, unapproved }
}

function staticFaults({ events }: Contract, files: Readonly<Record<string, string>>): string[] {
  return events
    .flatMap(({ source, keySource }) => [source?.file, keySource?.file])
    .filter((file) => file !== undefined && files[file] === undefined)
    .map((file) => `the contract names ${file}, which was not sent along`)
}

async function findTopic(tx: ReadTransaction, name: string): Promise<Topic | undefined> {
  const [entry] = await tx.get(topicNames, [[name]])
  const [row] = entry === undefined ? [] : await tx.get(topics, [[entry.topicId]])
  return row === undefined ? undefined : toTopic(row)
}

async function topicFaults(
  tx: ReadTransaction,
  { id }: Contract,
  { topic, partitions }: WantedEvent,
  existing: Topic | undefined,
): Promise<string[]> {
  const [under] = await tx.get(contractTopics, [[topic]])
  const faults: string[] = []
  if (under !== undefined && under.contractId !== id) {
    faults.push(`topic ${topic} is under the contract ${under.contractId}`)
  }
  const had = existing?.partitionIds.length
  if (had !== undefined && partitions !== undefined && had !== partitions) {
    faults.push(`topic ${topic} has ${had} partitions, not ${partitions}: keys would move`)
  }
  return faults
}

async function asideFaults(
  tx: ReadTransaction,
  { id, events }: Contract,
  { topic, existing }: PlannedTopic,
): Promise<string[]> {
  const [under] = await tx.get(contractTopics, [[topic]])
  const owner = existing?.contract ?? undefined
  const isOther = under !== undefined && under.contractId !== id
  if (isOther) return [`the quarantine topic ${topic} belongs to the contract ${under.contractId}`]
  const isOwnEvent = events.some((event) => event.topic === topic)
  if (!isOwnEvent && owner === undefined) return []
  return [`the quarantine topic ${topic} is a topic of events: take another for what is set aside`]
}

function topicChanges(
  { topic: target, partitions, configs }: Omit<PlannedTopic, 'existing'>,
  existing: Topic | undefined,
): PlannedChange[] {
  const changes: PlannedChange[] = []
  if (existing === undefined) {
    const after = partitions === undefined ? 'partitions by default' : `${partitions} partitions`
    changes.push({ area: 'topic', target, action: 'create', after })
  } else changes.push({ area: 'topic', target, action: 'keep' })
  for (const [name, after] of Object.entries(configs)) {
    const before = existing?.configs[name]
    const at = `${target} ${name}`
    if (before === after) changes.push({ area: 'config', target: at, action: 'keep', after })
    else if (before === undefined) {
      changes.push({ area: 'config', target: at, action: 'create', after })
    } else changes.push({ area: 'config', target: at, action: 'change', before, after })
  }
  return changes
}

/** A text: why the schema cannot be registered. */
async function judgeSubject(
  tx: ReadTransaction,
  parser: RequestParser,
  { subjectConfig }: WantedEvent,
  { subject, schema }: WantedSubject,
  nowMs: number,
): Promise<Judgement<SubjectVersion> | string> {
  try {
    const name = parseSubject(subject)
    return await judgeSchema(tx, parser, name, schema, nowMs, subjectConfig)
  } catch (error) {
    if (error instanceof RegistryError) return `subject ${subject}: ${error.message}`
    throw error
  }
}

function subjectChange(
  { subjectConfig }: WantedEvent,
  { subject }: WantedSubject,
  judged: Judgement<SubjectVersion>,
): PlannedChange {
  if ('answer' in judged) {
    const after = `version ${judged.answer.version}`
    return { area: 'subject', target: subject, action: 'keep', after }
  }
  const after = `a new version, ${subjectConfig.compatibilityLevel}`
  return { area: 'subject', target: subject, action: 'create', after }
}

function enforcementChange(
  { enforcement }: Contract,
  { topic: target }: WantedEvent,
  existing: Topic | undefined,
): PlannedChange {
  const { stage, onViolation, encoding, check } = enforcement
  const before = existing?.contract ?? undefined
  const after = `${onViolation}, ${encoding} ${check === 'id' ? 'ids' : 'payloads'}`
  const note = stage === 'server' ? undefined : `the broker does not: stage is ${stage}`
  const action = before === undefined ? 'create' : 'change'
  const change = { area: 'enforcement', target, action, after } as const
  return { ...change, ...(before === undefined ? {} : { before }), ...(note ? { note } : {}) }
}

/** What the contract says and no part of this release holds anybody to. */
function shownOnly(contract: Contract): PlannedChange[] {
  const { readers, masking, lineage, events } = contract
  const topicsText = events.map(({ topic }) => topic).join(', ')
  const acls = readers.map(({ role, access }): PlannedChange => {
    const after = `${access} ${topicsText}`
    return { area: 'acl', target: role, action: 'create', after, note: notYet }
  })
  const masks = (masking?.rules ?? []).map(({ tag, op }): PlannedChange => {
    const target = `${masking?.target} ${tag}`
    return { area: 'masking', target, action: 'create', after: op, note: notYet }
  })
  const edges = (lineage?.derivedFrom ?? []).map((from): PlannedChange => {
    const after = `${lineage?.transform} -> ${topicsText}`
    return { area: 'lineage', target: from, action: 'create', after, note: notYet }
  })
  return [...acls, ...masks, ...edges]
}
