/**
 * Makes a catalog that knows less than was acknowledged fit for brokers again (pitfalls A9, C2).
 * Records that the store still has are named again, with the offsets that they had; what is lost is
 * said; and every number is raised beyond what can have been given, so that none is given twice.
 * May be cut off anywhere, and is then run again.
 */
import { eachOf } from '../base/each-of.ts'
import { Failure } from '../base/errors.ts'
import { rescueReportId } from '../catalog/backup-key.ts'
import { drawNumbers } from '../catalog/counters.ts'
import { readCluster } from '../catalog/cluster.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { endRescue, readRescue, type RescueState, writeRescue } from '../catalog/rescue-state.ts'
import {
  type CommitLogRow,
  type ObjectRow,
  counters,
  objects,
  type TopicRow,
  topics,
} from '../catalog/schema.ts'
import { readTail } from '../catalog/tail.ts'
import { createTopic } from '../catalog/topics.ts'
import type { Journal } from '../journal/journal.ts'
import type { PackTopic } from '../log/pack-plan.ts'
import { objectKey } from '../log/stored-runs.ts'
import { claimPrefix } from '../start/claim-prefix.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { findObjects, type FoundObjects } from './found-objects.ts'
import { FoundRuns, isGroupThere, namedPieces, readPartitionIds } from './found-runs.ts'
import { packCopies } from './pack-copies.ts'
import { raiseCounters, voidTransactions, writeLeaderEpoch } from './rescue-numbers.ts'
import { type ReadRun, readLogBefore, type RescuedLog, rescueLog } from './rescue-log.ts'
import type { LostTopic, RescueReport, RescuedPartition } from './rescue-report.ts'
import { claimFound, writeLog } from './rescue-write.ts'

/** Partitions put together before what they need is packed and written: bounds the memory. */
const logsTogether = 50
/** Partitions whose bytes are read at once: the bucket is some ten milliseconds away. */
const readTogether = 4
const rowsPerStep = 200
const weekMs = 7 * 24 * 60 * 60_000

export interface RescueParts {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly place: string
  /** Bytes of groups that the catalog names, or of objects that hold one. */
  readonly readGroup: (objectId: string, position: number, length: number) => Promise<Uint8Array>
  /** True where groups are objects of the store. */
  readonly isFleet: boolean
  /** Where the report is kept. */
  readonly backups: ObjectStore
  readonly nowMs: number
  readonly progress: (text: () => string) => void
}

/**
 * @throws Failure 'invalid': the catalog is not in rescue. 'conflict': its restore is not over, or
 *   the store is another cluster's. 'unavailable' | 'unknown-outcome': run it again.
 */
export async function rescue(parts: RescueParts): Promise<RescueReport> {
  const { database, clusterId, isFleet, nowMs, progress } = parts
  const state = await stateOf(database)
  const cluster = await readCluster(database)
  if (cluster.clusterId !== clusterId) {
    throw new Failure(
      'conflict',
      `the catalog is of cluster ${cluster.clusterId}, not ${clusterId}`,
    )
  }
  if (isFleet) await claimPrefix(parts.objects, clusterId, parts.place)
  const firstObject = await firstUnknown(database, state)
  const found = await findObjects(database, parts, firstObject, progress)
  const { packed: object, incarnation } = found.highest
  await raiseCounters(database, { 'object.id': object, 'broker.incarnation': incarnation })
  const leaderEpoch = cluster.leaderEpoch + 1
  const topicsFound = await makeTopics(parts, found, leaderEpoch)
  await claimFound(database, found.packed)
  const tail = await readTail(database)
  const runs = new FoundRuns(await readPartitionIds(database))
  runs.addPacked(found)
  runs.addNamed(tail.groups, isGroupThere(found.sizes, isFleet))
  runs.addMarkers(found.decided.values())
  const unreadable = [...found.unreadable]
  for (const group of found.groups) {
    const reason = await runs.addGroup(parts, group, found.decided)
    if (reason !== undefined) unreadable.push({ objectId: group.objectId, reason })
  }
  const logs = new LogRescue(parts, found, runs, leaderEpoch)
  await logs.all()
  await endGroups(database, nowMs)
  const drawProducerIds = (count: number): Promise<number> =>
    drawNumbers(database, 'producer.id', count)
  const transactions = await voidTransactions(database, drawProducerIds, nowMs)
  await writeLeaderEpoch(database, leaderEpoch)
  const report: RescueReport = {
    ...{ clusterId, state, nowMs, leaderEpoch, transactions, unreadable },
    partitions: logs.done,
    topicsMade: topicsFound.made,
    topicsLost: [...topicsFound.lost, ...nameless(runs, topicsFound.lost)],
    undecided: runs.undecided,
  }
  const text = Buffer.from(JSON.stringify(report, null, 2))
  await parts.backups.put(objectKey(clusterId, rescueReportId(nowMs)), [text])
  await endRescue(database)
  return report
}

async function stateOf(database: CatalogDatabase): Promise<RescueState> {
  const state = await readRescue(database)
  if (state === undefined) {
    throw new Failure(
      'invalid',
      'the catalog is not in rescue: it was not restored, and no broker found that it went back',
    )
  }
  if (state.isLoaded) return state
  throw new Failure('conflict', 'its restore is not over: run the same karst catalog restore again')
}

/** As it was before numbers were raised: noted, for a rescue that comes again. */
async function firstUnknown(database: CatalogDatabase, state: RescueState): Promise<number> {
  if (state.firstObject >= 0) return state.firstObject
  const [row] = await database.snapshot('read counter', (tx) => tx.get(counters, [['object.id']]))
  const firstObject = row?.next ?? 0
  await writeRescue(database, { ...state, firstObject })
  return firstObject
}

const nameless = (runs: FoundRuns, known: readonly LostTopic[]): LostTopic[] =>
  [...runs.unknownTopics]
    .filter((topicId) => known.every((each) => each.topicId !== topicId))
    .map((topicId) => ({ topicId, name: null, reason: 'no object tells its name' }))

/** Topics that packed objects name and the catalog does not know: made after the backup. */
async function makeTopics(
  { database, nowMs }: RescueParts,
  { packed, groups }: FoundObjects,
  leaderEpoch: number,
): Promise<{
  readonly made: { topicId: string; name: string; partitions: number }[]
  readonly lost: LostTopic[]
}> {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  const count = (topicId: string, index: number): void => {
    counts.set(topicId, Math.max(counts.get(topicId) ?? 0, index + 1))
  }
  for (const { footer, isNew } of packed) {
    if (!isNew) continue
    for (const [topicId, name] of footer.topics) names.set(topicId, name)
    for (const { topicId, partitionIndex } of footer.extents) count(topicId, partitionIndex)
  }
  for (const { header } of groups) {
    for (const { topicId, partitionIndex } of header.runs) count(topicId, partitionIndex)
  }
  const made: { topicId: string; name: string; partitions: number }[] = []
  const lost: LostTopic[] = []
  for (const [topicId, name] of names) {
    const [row] = await database.snapshot('read topic', (tx) => tx.get(topics, [[topicId]]))
    if (row !== undefined) continue
    const partitionCount = counts.get(topicId) ?? 1
    const shape = { topicId, name, partitionCount, replicationFactor: 1, configs: {} }
    const { outcome } = await createTopic(database, { ...shape, nowMs, leaderEpoch })
    if (outcome === 'created') made.push({ topicId, name, partitions: partitionCount })
    else lost.push({ topicId, name, reason: 'another topic has this name in the catalog' })
  }
  return { made, lost }
}

/** Everything in journal objects is packed now: brokers need not look for it. */
async function endGroups(database: CatalogDatabase, nowMs: number): Promise<void> {
  for (let after: string | undefined; ;) {
    const range = { prefix: [], limit: rowsPerStep }
    const page: ObjectRow[] = await database.snapshot('read objects', (tx) =>
      tx.scan(objects, after === undefined ? range : { ...range, after: [after] }),
    )
    const ended = page.filter(({ kind, state }) => kind !== 'packed' && state === 'live')
    await database.transaction('end groups', async (tx) => {
      const keys = ended.map(({ objectId }) => [objectId])
      const rows = await tx.lock(objects, keys, 'exclusive')
      const gone = rows.map((row) => ({ ...row, state: 'garbage' as const, unnamedMs: nowMs }))
      if (gone.length > 0) await tx.put(objects, gone)
    })
    after = page.at(-1)?.objectId
    if (page.length < rowsPerStep) return
  }
}

/** Every log of the cluster, some at a time. */
class LogRescue {
  readonly done: RescuedPartition[] = []
  readonly #parts: RescueParts
  readonly #found: FoundObjects
  readonly #runs: FoundRuns
  readonly #leaderEpoch: number
  readonly #journal: Pick<Journal, 'read'>
  readonly #read: ReadRun
  /** Of packed objects that logs may name. */
  readonly #sizes: Map<string, number>
  #incarnation = -1
  #producerId = -1
  #groups = 0

  constructor(parts: RescueParts, found: FoundObjects, runs: FoundRuns, leaderEpoch: number) {
    this.#parts = parts
    this.#found = found
    this.#runs = runs
    this.#leaderEpoch = leaderEpoch
    this.#sizes = new Map(found.packed.map(({ objectId, size }) => [objectId, size]))
    const { readGroup, objects: store, clusterId } = parts
    this.#journal = { read: (objectId, position, length) => readGroup(objectId, position, length) }
    this.#read = ({ objectId, position, length }) =>
      objectId.startsWith('packed-')
        ? store.read(objectKey(clusterId, objectId), position, length)
        : readGroup(objectId, position, length)
  }

  async all(): Promise<void> {
    const { database, progress } = this.#parts
    this.#incarnation = await drawNumbers(database, 'broker.incarnation', 1)
    this.#producerId = await drawNumbers(database, 'producer.id', 1)
    let waiting: { topic: TopicRow; partitionId: number }[] = []
    for await (const topic of this.#topics()) {
      for (const partitionId of JSON.parse(topic.partitionIds) as number[]) {
        waiting.push({ topic, partitionId })
        if (waiting.length < logsTogether) continue
        await this.#some(waiting)
        waiting = []
      }
      progress(() => `${this.done.length} logs`)
    }
    await this.#some(waiting)
  }

  async *#topics(): AsyncGenerator<TopicRow, void, undefined> {
    for (let after: string | undefined; ;) {
      const range = { prefix: [], limit: rowsPerStep }
      const page = await this.#parts.database.snapshot('read topics', (tx) =>
        tx.scan(topics, after === undefined ? range : { ...range, after: [after] }),
      )
      for (const row of page) if (row.deletedMs === null) yield row
      after = page.at(-1)?.topicId
      if (page.length < rowsPerStep) return
    }
  }

  async #some(wanted: readonly { topic: TopicRow; partitionId: number }[]): Promise<void> {
    const { database, nowMs } = this.#parts
    const read: ({ readonly log: RescuedLog; readonly topic: PackTopic } | undefined)[] = []
    // In their order, whichever is read first.
    await eachOf(wanted.entries(), readTogether, async ([at, { topic, partitionId }]) => {
      const before = await readLogBefore(database, partitionId)
      if (before === undefined) return
      const named = namedPieces(before.extents, this.#found.sizes)
      const pieces = [...named, ...this.#runs.of(partitionId)]
      const log = await rescueLog(before, pieces, this.#read, nowMs)
      read[at] = { log, topic: packTopicOf(topic) }
    })
    const logs = read.filter((each) => each !== undefined)
    const copied = await packCopies(database, this.#parts, this.#journal, logs, nowMs)
    for (const [objectId, size] of copied.sizes) this.#sizes.set(objectId, size)
    const sizes = this.#sizes
    for (const { log, topic } of logs) {
      const groupId = { incarnation: this.#incarnation, groupNumber: ++this.#groups }
      const shared = { database, leaderEpoch: this.#leaderEpoch, nowMs, sizes, groupId }
      const parts = { ...shared, producerId: this.#producerId }
      const written = await writeLog(parts, log, copied.runs.get(log.row.partitionId) ?? [])
      const { partitionIndex, logEnd, logStart } = log.row
      this.done.push({
        topic: topic.name,
        partition: partitionIndex,
        knownEnd: logEnd,
        recoveredEnd: log.end,
        logEnd: written.logEnd,
        holes: log.holes.filter(({ to }) => to > logStart),
        abortedTransactions: written.aborted,
      })
    }
  }
}

/** As a broker packs it, by what the topic itself says. */
function packTopicOf({ name, configs }: TopicRow): PackTopic {
  const given = JSON.parse(configs) as Readonly<Record<string, string>>
  const retentionMs = Number(given['retention.ms'] ?? weekMs)
  const segmentMs = Number(given['segment.ms'] ?? weekMs)
  return { name, retentionMs, segmentMs }
}

/** For who reads groups by their objects alone. */
export const groupRowOf = (objectId: string): CommitLogRow => ({
  incarnation: 0,
  groupNumber: 0,
  state: 'committed',
  objectId,
  position: 0,
  length: 0,
  createdMs: 0,
  manifest: new Uint8Array(0),
  outcomes: new Uint8Array(0),
  changes: null,
})
