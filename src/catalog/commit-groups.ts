/**
 * The commit: the one place where batches get their offsets. One transaction claims the groups'
 * ids, locks their partitions, reads what the judgement depends on, judges batch after batch, each
 * against what the earlier ones left, and writes manifest, outcomes, producer windows and log
 * ends.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import { encodeManifest, type Run } from './manifest.ts'
import { type AppendOutcome, decodeOutcomes, encodeOutcomes } from './outcomes.ts'
import {
  decodeWindow,
  encodeWindow,
  judgeSequence,
  type ProducerWindow,
  rememberBatch,
  sequenceAfter,
} from './producer-window.ts'
import {
  type CommitLogRow,
  commitLog,
  objects,
  type PartitionRow,
  partitions,
  producerStates,
  topics,
} from './schema.ts'

/** The transaction that a batch says it belongs to, as it was when the batch arrived. */
export interface AppendTransaction {
  readonly transactionalId: string
  readonly serial: number
}

/** One batch that asks for offsets. */
export interface AppendIntent {
  readonly topicId: string
  readonly partitionId: number
  /** The topic's config version under which the batch was validated. */
  readonly configVersion: number
  /** -1 without idempotence; epoch and sequence are -1 then too. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Offsets the batch takes: its last offset delta + 1. */
  readonly offsetCount: number
  readonly maxTimestampMs: number
  readonly byteLength: number
  /** Set where the batch belongs to a transaction. */
  readonly transaction?: AppendTransaction
  /**
   * An earlier batch of its producer failed and has not come again: out of order, whatever is known
   * here.
   */
  readonly isAhead?: boolean
}

/** A durable group that asks to be committed; its appends stand in the order of their bytes. */
export interface GroupIntent {
  readonly incarnation: number
  readonly groupNumber: number
  readonly objectId: string
  /** Where the group begins in its object, header included, and how long it is. */
  readonly position: number
  readonly length: number
  /** Where its first batch begins in the object. */
  readonly bytesPosition: number
  readonly createdMs: number
  readonly appends: readonly AppendIntent[]
}

export type GroupResult =
  | {
      readonly state: 'committed'
      /** One per append, in the group's order. */
      readonly outcomes: readonly AppendOutcome[]
      readonly runs: readonly Run[]
      /** What it changed of transactions, in the order in which it did. */
      readonly transactions: readonly TransactionChange[]
    }
  | { readonly state: 'cancelled' }

/**
 * What a commit changed of the transactions of a partition. With the group's runs it is one change
 * (T3): readers never see an end without the last stable offset and the aborted ranges below it.
 */
export type TransactionChange =
  | {
      /**
       * The producer wrote for its transaction: that began here, unless it is open in the partition
       * already.
       */
      readonly change: 'written'
      readonly partitionId: number
      readonly producerId: number
      readonly firstOffset: number
    }
  | {
      readonly change: 'committed' | 'aborted'
      readonly partitionId: number
      readonly producerId: number
      /** Where the transaction began in the partition; null where it wrote nothing there. */
      readonly firstOffset: number | null
      readonly markerOffset: number
    }

export interface CommitResult {
  /** One per group, in the order given. */
  readonly groups: readonly GroupResult[]
  /** Log ends before and after, of each partition that grew. */
  readonly ends: readonly { partitionId: number; previousEnd: number; logEnd: number }[]
}

/** Runs in one transaction: bounds how long its locks are held. */
export const commitRunsMax = 1_000

/**
 * Commits the groups in the order given. A group whose id is taken already keeps the outcome that
 * it has: committing again after a lost answer is safe.
 *
 * @throws Failure 'unavailable': nothing was committed. 'unknown-outcome': settle it with
 *   `cancelGroups`.
 * @throws Failure 'conflict': an object of theirs has been ended; nothing was committed.
 */
export function commitGroups(
  database: CatalogDatabase,
  groups: readonly GroupIntent[],
): Promise<CommitResult> {
  return database.transaction('commit-groups', (tx) => commitIn(tx, groups))
}

/**
 * Makes each group's fate certain: an id nobody has taken is cancelled for ever, an id that a live
 * or dead commit has taken answers with what that one decided.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
 */
export function cancelGroups(
  database: CatalogDatabase,
  groups: readonly GroupIntent[],
): Promise<GroupResult[]> {
  return database.transaction('cancel-groups', async (tx) => {
    const rows = groups.map((group) => claimRow(group, 'cancelled'))
    const claimed = await tx.insert(commitLog, rows)
    const found = await knownResults(tx, groups, claimed)
    return groups.map((_, index) => found.get(index) ?? { state: 'cancelled' })
  })
}

function claimRow(group: GroupIntent, state: CommitLogRow['state']): CommitLogRow {
  const { incarnation, groupNumber, objectId, position, length, createdMs } = group
  const [manifest, outcomes] = [new Uint8Array(0), new Uint8Array(0)]
  const place = { objectId, position, length }
  return { incarnation, groupNumber, state, ...place, createdMs, manifest, outcomes }
}

/** Results of the groups that were decided before, by index. */
async function knownResults(
  tx: Transaction,
  groups: readonly GroupIntent[],
  claimed: readonly boolean[],
): Promise<Map<number, GroupResult>> {
  const known = new Map<number, GroupResult>()
  const indexes = claimed.flatMap((isNew, index) => (isNew ? [] : [index]))
  if (indexes.length === 0) return known
  const keys = indexes.map((index) => {
    const group = groups[index] as GroupIntent
    return [group.incarnation, group.groupNumber]
  })
  const rows = await tx.get(commitLog, keys)
  for (const [at, index] of indexes.entries()) {
    const row = rows[at]
    const group = groups[index] as GroupIntent
    if (row === undefined) throw new Failure('unavailable', 'a claimed group is gone: ask again')
    known.set(
      index,
      row.state === 'cancelled'
        ? { state: 'cancelled' }
        : resultOf(group, decodeOutcomes(row.outcomes), epochOf(row)),
    )
  }
  return known
}

/** The leader epoch stands in the manifest's header; a group without runs has none. */
function epochOf(row: CommitLogRow): number {
  const { manifest } = row
  return manifest.length < 8 ? 0 : new DataView(manifest.buffer, manifest.byteOffset).getInt32(4)
}

async function commitIn(tx: Transaction, groups: readonly GroupIntent[]): Promise<CommitResult> {
  const claimed = await tx.insert(
    commitLog,
    groups.map((group) => claimRow(group, 'committed')),
  )
  const known = await knownResults(tx, groups, claimed)
  const fresh = groups.filter((_, index) => !known.has(index))
  const judge = await Judge.prepare(
    tx,
    fresh.flatMap((group) => group.appends),
  )
  const results = groups.map((group, index) => known.get(index) ?? judge.judgeGroup(group))
  await judge.write(tx)
  const rows = groups.flatMap((group, index) => {
    const result = results[index]
    if (known.has(index) || result?.state !== 'committed') return []
    const manifest = encodeManifest(result.runs, group.position)
    return [
      { ...claimRow(group, 'committed'), manifest, outcomes: encodeOutcomes(result.outcomes) },
    ]
  })
  await tx.put(commitLog, rows)
  await nameObjects(tx, fresh)
  return { groups: results, ends: judge.ends() }
}

/**
 * The first commit that names an object brings its row; later ones share its lock, so that nobody
 * ends the object meanwhile. What is ended is named by no commit any more: its space may be in use
 * again.
 */
async function nameObjects(tx: Transaction, groups: readonly GroupIntent[]): Promise<void> {
  const ids = [...new Set(groups.map((group) => group.objectId))].toSorted()
  const createdMs = groups[0]?.createdMs ?? 0
  for (const objectId of ids) {
    const [row] = await tx.lock(objects, [[objectId]], 'shared')
    if (row?.state === 'live') continue
    if (row !== undefined) throw new Failure('conflict', `object ${objectId} is ${row.state}`)
    const fresh = { objectId, kind: 'journal', state: 'live', size: 0 } as const
    const [isNew] = await tx.insert(objects, [{ ...fresh, createdMs, unnamedMs: null }])
    if (isNew !== true) throw new Failure('unavailable', `object ${objectId} was just registered`)
  }
}

/** Runs follow from outcomes: appended batches that touch in bytes and offsets. */
function resultOf(
  group: GroupIntent,
  outcomes: readonly AppendOutcome[],
  leaderEpoch: number,
): GroupResult {
  assert(outcomes.length === group.appends.length, 'one outcome per append')
  const runs: Run[] = []
  const transactions: TransactionChange[] = []
  let position = group.bytesPosition
  for (const [index, append] of group.appends.entries()) {
    const outcome = outcomes[index]
    if (outcome?.outcome === 'appended') {
      addToRuns(runs, append, outcome.baseOffset, group.objectId, position, leaderEpoch)
      const { partitionId, producerId } = append
      if (append.transaction !== undefined) {
        const firstOffset = outcome.baseOffset
        transactions.push({ change: 'written', partitionId, producerId, firstOffset })
      }
    }
    position += append.byteLength
  }
  return { state: 'committed', outcomes, runs, transactions }
}

function addToRuns(
  runs: Run[],
  append: AppendIntent,
  baseOffset: number,
  objectId: string,
  position: number,
  leaderEpoch: number,
): void {
  const { partitionId, byteLength, offsetCount, maxTimestampMs } = append
  const last = runs.at(-1)
  const touches =
    last !== undefined &&
    last.partitionId === partitionId &&
    last.nextOffset === baseOffset &&
    last.position + last.length === position
  const begin = touches ? last : { baseOffset, position, length: 0, maxTimestampMs }
  const run: Run = {
    partitionId,
    baseOffset: begin.baseOffset,
    nextOffset: baseOffset + offsetCount,
    objectId,
    position: begin.position,
    length: begin.length + byteLength,
    maxTimestampMs: Math.max(begin.maxTimestampMs, maxTimestampMs),
    leaderEpoch,
  }
  if (touches) runs[runs.length - 1] = run
  else runs.push(run)
}

interface ProducerEntry {
  readonly partitionId: number
  readonly producerId: number
  window: ProducerWindow | undefined
  lastMs: number
  changed: boolean
}

const producerKey = (append: AppendIntent): string => `${append.partitionId}:${append.producerId}`

/** State of one transaction, read under its locks, changed by each verdict. */
class Judge {
  readonly #partitions = new Map<number, { row: PartitionRow; end: number }>()
  readonly #configVersions = new Map<string, number>()
  readonly #producers = new Map<string, ProducerEntry>()

  /** Locks first; everything that is judged by is read in later statements (READ COMMITTED). */
  static async prepare(tx: Transaction, appends: readonly AppendIntent[]): Promise<Judge> {
    const judge = new Judge()
    const ids = [...new Set(appends.map((append) => append.partitionId))].toSorted((a, b) => a - b)
    const rows = await tx.lock(
      partitions,
      ids.map((id) => [id]),
      'exclusive',
    )
    for (const row of rows) judge.#partitions.set(row.partitionId, { row, end: row.logEnd })
    const topicIds = [...new Set(appends.map((append) => append.topicId))]
    const topicRows = await tx.get(
      topics,
      topicIds.map((id) => [id]),
    )
    for (const row of topicRows) {
      if (row !== undefined && row.deletedMs === null) {
        judge.#configVersions.set(row.topicId, row.configVersion)
      }
    }
    await judge.#readProducers(tx, appends)
    return judge
  }

  async #readProducers(tx: Transaction, appends: readonly AppendIntent[]): Promise<void> {
    for (const append of appends) {
      if (append.producerId < 0) continue
      const { partitionId, producerId } = append
      const entry = { partitionId, producerId, window: undefined, lastMs: 0, changed: false }
      this.#producers.set(producerKey(append), entry)
    }
    const entries = [...this.#producers.values()]
    if (entries.length === 0) return
    const rows = await tx.get(
      producerStates,
      entries.map((entry) => [entry.partitionId, entry.producerId]),
    )
    for (const [index, entry] of entries.entries()) {
      const row = rows[index]
      if (row !== undefined) entry.window = decodeWindow(row.epoch, row.window)
    }
  }

  judgeGroup(group: GroupIntent): GroupResult {
    const outcomes = group.appends.map((append) => this.#judge(append, group.createdMs))
    return resultOf(group, outcomes, this.#leaderEpoch())
  }

  #leaderEpoch(): number {
    for (const { row } of this.#partitions.values()) return row.leaderEpoch
    return 0
  }

  #judge(append: AppendIntent, nowMs: number): AppendOutcome {
    const partition = this.#partitions.get(append.partitionId)
    const configVersion = this.#configVersions.get(append.topicId)
    const isKnown = partition?.row.topicId === append.topicId && configVersion !== undefined
    if (partition === undefined || !isKnown) {
      return { outcome: 'refused', reason: 'unknown-partition' }
    }
    if (configVersion !== append.configVersion) {
      return { outcome: 'refused', reason: 'config-changed' }
    }
    const baseOffset = partition.end
    const refusal = append.producerId < 0 ? undefined : this.#sequence(append, baseOffset, nowMs)
    if (refusal !== undefined) return refusal
    partition.end += append.offsetCount
    return { outcome: 'appended', baseOffset }
  }

  #sequence(append: AppendIntent, baseOffset: number, nowMs: number): AppendOutcome | undefined {
    if (append.isAhead === true) return { outcome: 'refused', reason: 'out-of-order-sequence' }
    const entry = this.#producers.get(producerKey(append))
    assert(entry !== undefined, 'every producer of the groups was read')
    const { producerEpoch: epoch, baseSequence, offsetCount } = append
    const lastSequence = sequenceAfter(baseSequence, offsetCount - 1)
    const judged = judgeSequence(entry.window, { epoch, baseSequence, lastSequence })
    if (judged.verdict === 'duplicate') {
      const { baseOffset: first, timestampMs } = judged.of
      return { outcome: 'duplicate', baseOffset: first, timestampMs }
    }
    if (judged.verdict !== 'next') return { outcome: 'refused', reason: judged.verdict }
    const batch = { epoch, baseSequence, lastSequence }
    entry.window = rememberBatch(entry.window, batch, baseOffset, append.maxTimestampMs)
    entry.lastMs = nowMs
    entry.changed = true
    return undefined
  }

  async write(tx: Transaction): Promise<void> {
    const grown = [...this.#partitions.values()].filter(({ row, end }) => end !== row.logEnd)
    if (grown.length > 0) {
      await tx.put(
        partitions,
        grown.map(({ row, end }) => ({ ...row, logEnd: end })),
      )
    }
    const changed = [...this.#producers.values()].filter((entry) => entry.changed)
    if (changed.length === 0) return
    const rows = changed.map(({ partitionId, producerId, window, lastMs }) => {
      assert(window !== undefined, 'a changed producer has a window')
      const encoded = encodeWindow(window)
      const state = { epoch: window.epoch, window: encoded, lastMs, transactionOffset: null }
      return { partitionId, producerId, ...state }
    })
    const byKey = (a: (typeof rows)[number], b: (typeof rows)[number]): number =>
      a.partitionId - b.partitionId || a.producerId - b.producerId
    await tx.put(producerStates, rows.toSorted(byKey))
  }

  ends(): CommitResult['ends'] {
    return [...this.#partitions.values()]
      .filter(({ row, end }) => end !== row.logEnd)
      .map(({ row, end }) => ({
        partitionId: row.partitionId,
        previousEnd: row.logEnd,
        logEnd: end,
      }))
  }
}
