/**
 * The commit: the one place where batches get their offsets. One transaction claims the groups'
 * ids, locks their partitions, reads what the judgement depends on, judges batch after batch, each
 * against what the earlier ones left, and writes manifest, outcomes, producer windows and log
 * ends.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { type CatalogDatabase, sentWithCommit, type Transaction } from './database.ts'
import { decodeManifest, encodeManifest, type Run } from './manifest.ts'
import { CommitJudge } from './commit-judge.ts'
import type { EndIntent, MarkIntent } from './end-transaction.ts'
import { isInline } from './group-objects.ts'
import { writeInline } from './inline-data.ts'
import type { CrowdedPartitions } from './producer-entries.ts'
import { type AppendOutcome, decodeOutcomes, encodeOutcomes } from './outcomes.ts'
import { type CommitLogRow, commitLog, type ObjectRow, objects } from './schema.ts'
import { abortedRanges } from './schema-transactions.ts'
import { encodeTransactionChanges } from './transaction-changes.ts'

/** The transaction that a batch says it belongs to, as it was when the batch arrived. */
export interface AppendTransaction {
  readonly transactionalId: string
  readonly serial: number
  /** Its client begins every transaction with a new epoch (KIP-890), so at sequence 0. */
  readonly isBumping: boolean
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
   * An earlier batch of its producer failed and has not come again to this broker: out of order,
   * unless the producer is known here by now.
   */
  readonly isAhead?: boolean
}

/**
 * A durable group that asks to be committed; its appends stand in the order of their bytes. One
 * that ends transactions has no bytes and no object (''). One that brings its bytes along becomes
 * durable by the commit.
 */
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
  /** All of the group's bytes, where they go into the catalog; the object is an inline one then. */
  readonly inline?: Uint8Array
  readonly ends?: readonly (EndIntent | MarkIntent)[]
}

export type GroupResult =
  | {
      readonly state: 'committed'
      /** One per append, in the group's order. */
      readonly outcomes: readonly AppendOutcome[]
      readonly runs: readonly Run[]
      /** What it changed of transactions, in the order in which it did. */
      readonly transactions: readonly TransactionChange[]
      /**
       * The answers of its ends, in order; none where it was decided before: the answers are lost,
       * and asking again tells.
       */
      readonly answers: readonly unknown[]
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

type CommittedGroup = Extract<GroupResult, { state: 'committed' }>

export interface CommitResult {
  /** One per group, in the order given. */
  readonly groups: readonly GroupResult[]
  /** Log ends before and after, of each partition that grew. */
  readonly ends: readonly { partitionId: number; previousEnd: number; logEnd: number }[]
}

/** Runs in one transaction: bounds how long its locks are held. */
export const commitRunsMax = 1_000

/** Whose groups: a database may keep a session for each lane. */
export type CommitLane = 'groups' | 'low'

/**
 * Commits the groups in the order given. A group whose id is taken already keeps the outcome that
 * it has: committing again after a lost answer is safe.
 *
 * @param durable groups may be judged while they are still being written: then this resolves, in
 *   milliseconds, once they are durable, and nothing is committed before. Where it rejects nothing
 *   is committed at all, and its error is thrown.
 * @throws Failure 'unavailable': nothing was committed. 'unknown-outcome': settle it with
 *   `cancelGroups`.
 * @throws Failure 'conflict': an object of theirs has been ended; nothing was committed.
 */
export function commitGroups(
  database: CatalogDatabase,
  groups: readonly GroupIntent[],
  durable?: Promise<void>,
  lane: CommitLane = 'groups',
): Promise<CommitResult> {
  const crowded = crowdedOf(database)
  return database.transaction(`commit-${lane}`, async (tx) => {
    const result = await commitIn(tx, groups, crowded)
    await durable
    return result
  })
}

const crowdedPartitions = new WeakMap<CatalogDatabase, CrowdedPartitions>()

/** What the commits of a database have seen: a guess, by which a later one saves a round trip. */
function crowdedOf(database: CatalogDatabase): CrowdedPartitions {
  let crowded = crowdedPartitions.get(database)
  if (crowded === undefined) crowdedPartitions.set(database, (crowded = new Set()))
  return crowded
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
  lane: CommitLane = 'groups',
): Promise<GroupResult[]> {
  return database.transaction(`cancel-${lane}`, async (tx) => {
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
  const said = { manifest, outcomes, changes: null }
  return { incarnation, groupNumber, state, ...place, createdMs, ...said }
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
        : withEnds(
            resultOf(group, decodeOutcomes(row.outcomes), epochOf(row)),
            await knownEnds(tx, row),
          ),
    )
  }
  return known
}

/** The leader epoch stands in the manifest's header; a group without runs has none. */
function epochOf(row: CommitLogRow): number {
  const { manifest } = row
  return manifest.length < 8 ? 0 : new DataView(manifest.buffer, manifest.byteOffset).getInt32(4)
}

/** The ends of a group that was decided before, as its markers and the aborted ranges tell. */
async function knownEnds(
  tx: Transaction,
  row: CommitLogRow,
): Promise<{ runs: Run[]; changes: TransactionChange[] }> {
  if (row.objectId !== '') return { runs: [], changes: [] }
  const runs = decodeManifest(row.manifest, row.objectId, row.position)
  const ranges = await tx.get(
    abortedRanges,
    runs.map(({ partitionId, baseOffset }) => [partitionId, baseOffset]),
  )
  const changes = runs.map((run, index): TransactionChange => {
    assert(run.marker !== undefined, 'a group without an object holds markers only')
    const { partitionId, baseOffset: markerOffset, marker } = run
    const { type, producerId } = marker
    const change = type === 'commit' ? 'committed' : 'aborted'
    const firstOffset = ranges[index]?.firstOffset ?? null
    return { change, partitionId, producerId, firstOffset, markerOffset }
  })
  return { runs, changes }
}

function withEnds(
  result: CommittedGroup,
  {
    runs,
    changes,
  }: { readonly runs: readonly Run[]; readonly changes: readonly TransactionChange[] },
  answers: readonly unknown[] = [],
): CommittedGroup {
  if (runs.length === 0 && answers.length === 0) return result
  return {
    ...result,
    runs: [...result.runs, ...runs],
    transactions: [...result.transactions, ...changes],
    answers,
  }
}

/**
 * Two round trips: what claims, locks and reads is sent together, and so are the writes, which the
 * body does not await, so that COMMIT travels with them.
 */
async function commitIn(
  tx: Transaction,
  groups: readonly GroupIntent[],
  crowded: CrowdedPartitions,
): Promise<CommitResult> {
  const hasEnds = groups.some(({ ends }) => ends !== undefined && ends.length > 0)
  const [claimed, judge, early] = await Promise.all([
    tx.insert(
      commitLog,
      groups.map((group) => claimRow(group, 'committed')),
    ),
    CommitJudge.prepare(tx, groups, crowded),
    hasEnds ? undefined : lockObjects(tx, groups),
  ])
  const known = await knownResults(tx, groups, claimed)
  const fresh = groups.filter((_, index) => !known.has(index))
  const results = groups.map((group, index) => known.get(index) ?? judged(judge, group))
  const writing = [judge.write(tx)]
  const rows = groups.flatMap((group, index) => {
    const result = results[index]
    if (known.has(index) || result?.state !== 'committed') return []
    const manifest = encodeManifest(result.runs, group.position)
    const outcomes = encodeOutcomes(result.outcomes)
    const changes = encodeTransactionChanges(result.transactions)
    return [{ ...claimRow(group, 'committed'), manifest, outcomes, changes }]
  })
  if (rows.length > 0) writing.push(tx.put(commitLog, rows), writeInline(tx, fresh))
  sentWithCommit(writing)
  if (hasEnds) await Promise.all(writing) // groups' offsets are locked before objects
  await nameObjects(tx, fresh, early ?? (await lockObjects(tx, fresh)))
  return { groups: results, ends: judge.ends() }
}

function judged(judge: CommitJudge, group: GroupIntent): CommittedGroup {
  const outcomes = group.appends.map((append) => judge.judge(append, group.createdMs))
  const result = resultOf(group, outcomes, judge.leaderEpoch())
  const ends = group.ends ?? []
  if (ends.length === 0) return result
  const { runs, changes, answers } = judge.end(ends, group.createdMs)
  return withEnds(result, { runs, changes }, answers)
}

interface LockedObjects {
  /** Of the objects that exist, by id. */
  readonly states: ReadonlyMap<string, ObjectRow['state']>
  /** Those that this transaction brought. */
  readonly brought: ReadonlySet<string>
}

/**
 * The first commit that names an object brings its row; later ones share its lock, so that nobody
 * ends the object meanwhile. Where each group begins its object they are likely all new.
 */
async function lockObjects(
  tx: Transaction,
  groups: readonly GroupIntent[],
): Promise<LockedObjects> {
  const named = groups.filter(({ objectId }) => objectId !== '')
  const ids = [...new Set(named.map(({ objectId }) => objectId))].toSorted()
  const createdMs = groups[0]?.createdMs ?? 0
  const states = new Map<string, ObjectRow['state']>()
  const brought = new Set<string>()
  if (named.every(({ position }) => position === 0)) {
    const locks = ids.map(async (id) => {
      const inserting = tx.insert(objects, liveObjects([id], createdMs))
      const [[isNew], [row]] = await Promise.all([inserting, tx.lock(objects, [[id]], 'shared')])
      if (row !== undefined) states.set(id, row.state)
      if (isNew === true) brought.add(id)
    })
    await Promise.all(locks)
    return { states, brought }
  }
  for (const id of ids) {
    const [row] = await tx.lock(objects, [[id]], 'shared')
    states.set(id, row?.state ?? 'live')
    if (row !== undefined) continue
    const [isNew] = await tx.insert(objects, liveObjects([id], createdMs))
    if (isNew !== true) throw new Failure('unavailable', `object ${id} was just registered`)
    brought.add(id)
  }
  return { states, brought }
}

function liveObjects(ids: readonly string[], createdMs: number): ObjectRow[] {
  const row = { state: 'live', size: 0, createdMs, unnamedMs: null } as const
  return ids.map((objectId) => {
    return { objectId, kind: isInline(objectId) ? 'inline' : 'journal', ...row }
  })
}

/** What is ended is named by no commit any more: its space may be in use again. */
async function nameObjects(
  tx: Transaction,
  fresh: readonly GroupIntent[],
  { states, brought }: LockedObjects,
): Promise<void> {
  const ids = new Set(fresh.map(({ objectId }) => objectId))
  for (const id of ids) {
    const state = states.get(id) ?? 'live'
    if (state !== 'live') throw new Failure('conflict', `object ${id} is ${state}`)
  }
  const unnamed = [...brought].filter((id) => !ids.has(id))
  if (unnamed.length === 0) return
  // Their groups were decided before: nothing of theirs is named here.
  await tx.delete(
    objects,
    unnamed.map((id) => [id]),
  )
}

/** Runs follow from outcomes: appended batches that touch in bytes and offsets. */
function resultOf(
  group: GroupIntent,
  outcomes: readonly AppendOutcome[],
  leaderEpoch: number,
): CommittedGroup {
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
  return { state: 'committed', outcomes, runs, transactions, answers: [] }
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
