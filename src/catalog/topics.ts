/** Topics and their partitions: created, grown, configured and deleted, each in one transaction. */
import { noteChange } from './change-log.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from './database.ts'
import { nobodyYet } from './recent-producers.ts'
import {
  counters,
  type PartitionRow,
  partitions,
  type TopicRow,
  topicNames,
  topics,
} from './schema.ts'
import { catalogLimits } from './database.ts'

export interface Topic {
  readonly topicId: string
  readonly name: string
  /** By partition index. */
  readonly partitionIds: readonly number[]
  /** Overrides only. */
  readonly configs: Readonly<Record<string, string>>
  /** The contract that it is under: ID@REVISION. */
  readonly contract: string | null
  readonly configVersion: number
  readonly replicationFactor: number
  readonly createdMs: number
}

export interface NewTopic {
  readonly topicId: string
  readonly name: string
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
  readonly nowMs: number
  readonly leaderEpoch: number
}

export type CreateTopicResult =
  | { readonly outcome: 'created'; readonly topic: Topic }
  | { readonly outcome: 'exists' }

export type ChangeTopicResult =
  | { readonly outcome: 'changed'; readonly topic: Topic }
  | { readonly outcome: 'unknown-topic' }
  | { readonly outcome: 'not-more-partitions'; readonly partitionCount: number }

/** @throws Failure 'unavailable' | 'unknown-outcome': a retry answers 'exists' if it was created. */
export async function createTopic(
  database: CatalogDatabase,
  wanted: NewTopic,
): Promise<CreateTopicResult> {
  const first = await drawNumbers(database, 'partition.id', wanted.partitionCount)
  const { topicId, name, configs, replicationFactor, nowMs: createdMs } = wanted
  const partitionIds = Array.from({ length: wanted.partitionCount }, (_, index) => first + index)
  const judged = { configs, contract: null, configVersion: 0 }
  const made = { topicId, name, partitionIds, ...judged, replicationFactor }
  const topic: Topic = { ...made, createdMs }
  return database.transaction('create topic', async (tx) => {
    if (!(await insertTopic(tx, topic))) return { outcome: 'exists' }
    await putPartitions(tx, [topic], wanted.leaderEpoch)
    await noteChange(tx, { kind: 'topic', names: [topicId] })
    return { outcome: 'created', topic }
  })
}

/** False where there is a topic of that name: then nothing was inserted. */
async function insertTopic(tx: Transaction, topic: Topic): Promise<boolean> {
  await holdTopics(tx, [], [topic]) // before its name: the order of locks
  if ((await nameTopics(tx, [topic])).length === 0) return true
  await tx.delete(topics, [[topic.topicId]])
  return false
}

/**
 * Locks topics and inserts others, in the order of locks; resolves with those that were locked and
 * are not deleted. The caller names the new ones, puts their partitions, and notes the change.
 */
export async function holdTopics(
  tx: Transaction,
  topicIds: readonly string[],
  made: readonly Topic[],
): Promise<Topic[]> {
  const byId = new Map(made.map((topic) => [topic.topicId, topic]))
  const locked: Topic[] = []
  for (const topicId of [...topicIds, ...byId.keys()].toSorted(byCodePoint)) {
    const topic = byId.get(topicId)
    if (topic !== undefined) await tx.insert(topics, [toRow(topic)])
    else locked.push(...(await lockTopics(tx, [topicId])))
  }
  return locked
}

/** Ids are ASCII. */
const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Resolves with the names that exist already: then nothing is to be committed. */
export async function nameTopics(tx: Transaction, made: readonly Topic[]): Promise<string[]> {
  const isNew = await tx.insert(
    topicNames,
    made.map(({ name, topicId }) => ({ name, topicId })),
  )
  return made.filter((_, at) => isNew[at] !== true).map(({ name }) => name)
}

/** Of topics that were inserted and named. */
export async function putPartitions(
  tx: Transaction,
  made: readonly Topic[],
  leaderEpoch: number,
): Promise<void> {
  const empty = { leaderEpoch, producersKnownFrom: await producersFrom(tx) }
  await tx.put(
    partitions,
    made.flatMap((topic) => emptyPartitions(topic, 0, empty)),
  )
}

/**
 * The id of the next producer. Read behind the topic's name: who has a lower id may have written to
 * an earlier topic of that name, and goes on with the sequences that it had there.
 */
async function producersFrom(tx: Transaction): Promise<number> {
  const [row] = await tx.get(counters, [['producer.id']])
  return row?.next ?? 0
}

/** Locks the topics; those that are deleted are left out. */
async function lockTopics(tx: Transaction, topicIds: readonly string[]): Promise<Topic[]> {
  const keys = topicIds.map((topicId) => [topicId])
  const rows = await tx.lock(topics, keys, 'exclusive')
  return rows.filter(({ deletedMs }) => deletedMs === null).map(toTopic)
}

/**
 * Locked topics as they shall be; every append judged as they were is sent back. The caller notes
 * the change.
 */
export async function putTopics(tx: Transaction, changed: readonly Topic[]): Promise<Topic[]> {
  const raised = changed.map((topic) => ({ ...topic, configVersion: topic.configVersion + 1 }))
  await tx.put(topics, raised.map(toRow))
  return raised
}

/** The name is free at once; the data goes by a job. Resolves with the topic that was, if it was. */
export function deleteTopic(
  database: CatalogDatabase,
  topicId: string,
  nowMs: number,
): Promise<Topic | undefined> {
  return database.transaction('delete topic', async (tx) => {
    const row = await lockLiving(tx, topicId)
    if (row === undefined) return undefined
    await tx.put(topics, [{ ...row, deletedMs: nowMs }])
    await tx.delete(topicNames, [[row.name]])
    await noteChange(tx, { kind: 'topic', names: [topicId] })
    return toTopic(row)
  })
}

/** Grows the topic to `partitionCount` partitions. */
export async function growTopic(
  database: CatalogDatabase,
  topicId: string,
  partitionCount: number,
  leaderEpoch: number,
): Promise<ChangeTopicResult> {
  const first = await drawNumbers(database, 'partition.id', partitionCount)
  return database.transaction('grow topic', async (tx) => {
    const row = await lockLiving(tx, topicId)
    if (row === undefined) return { outcome: 'unknown-topic' }
    const topic = toTopic(row)
    const had = topic.partitionIds.length
    if (partitionCount <= had) return { outcome: 'not-more-partitions', partitionCount: had }
    const added = Array.from({ length: partitionCount - had }, (_, index) => first + index)
    const grown: Topic = { ...topic, partitionIds: [...topic.partitionIds, ...added] }
    await tx.put(topics, [toRow(grown)])
    const empty = { leaderEpoch, producersKnownFrom: await producersFrom(tx) }
    await tx.put(partitions, emptyPartitions(grown, had, empty))
    await noteChange(tx, { kind: 'topic', names: [topicId] })
    return { outcome: 'changed', topic: grown }
  })
}

/**
 * Applies `change` to the overrides as they are now; every append judged under the old ones is sent
 * back.
 */
export function configureTopic(
  database: CatalogDatabase,
  topicId: string,
  change: (configs: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<ChangeTopicResult> {
  return database.transaction('configure topic', async (tx) => {
    const [topic] = await lockTopics(tx, [topicId])
    if (topic === undefined) return { outcome: 'unknown-topic' }
    const [changed = topic] = await putTopics(tx, [{ ...topic, configs: change(topic.configs) }])
    await noteChange(tx, { kind: 'topic', names: [topicId] })
    return { outcome: 'changed', topic: changed }
  })
}

/**
 * The living topic of that id, read under its lock: behind any change whose answer was lost.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
 */
export function settleTopic(
  database: CatalogDatabase,
  topicId: string,
): Promise<Topic | undefined> {
  return database.transaction('settle topic', async (tx) => {
    const row = await lockLiving(tx, topicId)
    return row === undefined ? undefined : toTopic(row)
  })
}

/** The living topic of that name. */
export async function readTopic(
  database: CatalogDatabase,
  name: string,
): Promise<Topic | undefined> {
  return database.snapshot('read topic', async (tx) => {
    const [entry] = await tx.get(topicNames, [[name]])
    if (entry === undefined) return undefined
    const [row] = await tx.get(topics, [[entry.topicId]])
    return row === undefined ? undefined : toTopic(row)
  })
}

/** The topic of that id, where it lives. */
export function readTopicById(
  database: CatalogDatabase,
  topicId: string,
): Promise<Topic | undefined> {
  return database.snapshot('read topic', async (tx) => {
    const [row] = await tx.get(topics, [[topicId]])
    return row === undefined || row.deletedMs !== null ? undefined : toTopic(row)
  })
}

/** All living topics, by name. */
export function listTopics(database: CatalogDatabase): Promise<Topic[]> {
  return database.snapshot('list topics', async (tx) => {
    const found: Topic[] = []
    for (let after: string | undefined; ;) {
      const page = await namesPage(tx, after)
      const rows = await tx.get(
        topics,
        page.map((entry) => [entry.topicId]),
      )
      for (const row of rows) if (row !== undefined) found.push(toTopic(row))
      if (page.length < catalogLimits.scanRowsMax) return found
      after = page.at(-1)?.name
    }
  })
}

function namesPage(
  tx: ReadTransaction,
  after: string | undefined,
): Promise<{ name: string; topicId: string }[]> {
  const range = { prefix: [], limit: catalogLimits.scanRowsMax }
  return tx.scan(topicNames, after === undefined ? range : { ...range, after: [after] })
}

async function lockLiving(tx: Transaction, topicId: string): Promise<TopicRow | undefined> {
  const [row] = await tx.lock(topics, [[topicId]], 'exclusive')
  return row?.deletedMs === null ? row : undefined
}

function emptyPartitions(
  topic: Topic,
  fromIndex: number,
  { leaderEpoch, producersKnownFrom }: Pick<PartitionRow, 'leaderEpoch' | 'producersKnownFrom'>,
): PartitionRow[] {
  const { topicId } = topic
  const ends = { logStart: 0, logEnd: 0, packedEnd: 0 }
  const empty = { ...ends, leaderEpoch, producersKnownFrom, recentProducers: nobodyYet }
  return topic.partitionIds
    .map((partitionId, partitionIndex) => {
      return { partitionId, topicId, partitionIndex, ...empty }
    })
    .slice(fromIndex)
}

function toRow(topic: Topic): TopicRow {
  const { partitionIds, configs, ...rest } = topic
  return {
    ...rest,
    partitionIds: JSON.stringify(partitionIds),
    configs: JSON.stringify(configs),
    deletedMs: null,
  }
}

export function toTopic(row: TopicRow): Topic {
  const { topicId, name, contract, configVersion, replicationFactor, createdMs } = row
  const partitionIds = JSON.parse(row.partitionIds) as number[]
  const configs = JSON.parse(row.configs) as Record<string, string>
  const said = { configs, contract, configVersion }
  return { topicId, name, partitionIds, ...said, replicationFactor, createdMs }
}
