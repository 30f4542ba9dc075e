/**
 * Group commit of offsets: what comes while a transaction is under way goes into the next one
 * together.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { catalogLimits } from '../catalog/database.ts'
import type { CatalogDatabase, Transaction } from '../catalog/database.ts'
import { consumerGroups, groupOffsets, topics } from '../catalog/schema.ts'
import type { ConsumerGroupRow, GroupOffsetRow } from '../catalog/schema.ts'
import { groupLimits } from './config.ts'
import type { OffsetToCommit } from './offsets.ts'
import { refused } from './refusal.ts'
import type { GroupRefusal, Refused } from './refusal.ts'

export interface OffsetCommit {
  readonly groupId: string
  /** What the group was when the commit was allowed: it must still be so in the transaction. */
  readonly coordinatorEpoch: number
  readonly generation: number
  readonly expiresMs: number | null
  readonly offsets: readonly OffsetToCommit[]
}

/** One per offset, in order; null: durable. */
export type OffsetRefusals = readonly (GroupRefusal | null)[]

interface Job {
  readonly commit: OffsetCommit
  readonly resolve: (result: OffsetRefusals | Refused) => void
  readonly reject: (error: unknown) => void
}

export class OffsetWriter {
  readonly #database: CatalogDatabase
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue: Job[] = []
  #queuedOffsets = 0
  #isRunning = false
  #isClosed = false

  constructor(database: CatalogDatabase, clock: Clock, log: Log) {
    this.#database = database
    this.#clock = clock
    this.#log = log
  }

  /**
   * Resolves when the offsets are durable, or with why they are not; nothing was written then or it
   * may be repeated.
   */
  commit(commit: OffsetCommit): Promise<OffsetRefusals | Refused> {
    const count = commit.offsets.length
    if (this.#isClosed) return Promise.resolve(closing)
    if (this.#queuedOffsets + count > groupLimits.queuedOffsetsMax) {
      const detail = `${this.#queuedOffsets} offsets wait to be committed: try again`
      return Promise.resolve(refused('unavailable', detail))
    }
    const { promise, resolve, reject } = Promise.withResolvers<OffsetRefusals | Refused>()
    this.#queue.push({ commit, resolve, reject })
    this.#queuedOffsets += count
    if (!this.#isRunning) void this.#run()
    return promise
  }

  /** Answers what waits; what is under way ends by itself. */
  close(): void {
    this.#isClosed = true
    for (const { resolve } of this.#take(Infinity)) resolve(closing)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#queue.length > 0)
      await this.#write(this.#take(groupLimits.offsetsPerTransactionMax))
    this.#isRunning = false
  }

  /** At least one job, then as many as fit. */
  #take(offsetsMax: number): Job[] {
    let offsets = 0
    let jobs = 0
    for (const { commit } of this.#queue) {
      if (jobs > 0 && offsets + commit.offsets.length > offsetsMax) break
      offsets += commit.offsets.length
      jobs++
    }
    this.#queuedOffsets -= offsets
    return this.#queue.splice(0, jobs)
  }

  async #write(jobs: readonly Job[]): Promise<void> {
    try {
      const commits = jobs.map(({ commit }) => commit)
      const nowMs = this.#clock.nowMs()
      const results = await this.#database.transaction('commit group offsets', (tx) =>
        commitAll(tx, commits, nowMs),
      )
      for (const [at, { resolve }] of jobs.entries()) resolve(results[at] ?? closing)
    } catch (error) {
      if (!(error instanceof Failure)) {
        for (const { reject } of jobs) reject(error)
        return
      }
      this.#log.warn({ commits: jobs.length, error }, 'offsets were not committed')
      // A lost answer may mean that they were: committing them again gives the same.
      const answer = refused('unavailable', 'the catalog did not answer: commit again')
      for (const { resolve } of jobs) resolve(answer)
    }
  }
}

const closing = refused('not-coordinator', 'the broker stops: find the new coordinator')

async function commitAll(
  tx: Transaction,
  commits: readonly OffsetCommit[],
  nowMs: number,
): Promise<(OffsetRefusals | Refused)[]> {
  const groupIds = [...new Set(commits.map(({ groupId }) => groupId))]
  const keys = groupIds.map((groupId) => [groupId])
  const locked = await tx.lock(consumerGroups, keys, 'exclusive')
  const groups = new Map(locked.map((row) => [row.groupId, row]))
  const living = await livingTopics(tx, commits)
  // The last commit of a partition counts, as if they had been written one after another.
  const rows = new Map<string, GroupOffsetRow>()
  const results = commits.map((commit) => {
    const refusal = fence(commit, groups.get(commit.groupId))
    if (refusal !== undefined) return refusal
    return commit.offsets.map((offset) => {
      if (!living.has(offset.topicId)) return 'unknown-topic' as const
      const row = toOffsetRow(commit, offset, nowMs)
      rows.set(`${row.topicId} ${row.partitionIndex} ${row.groupId}`, row)
      return null
    })
  })
  const all = [...rows.values()]
  for (let at = 0; at < all.length; at += catalogLimits.scanRowsMax) {
    await tx.put(groupOffsets, all.slice(at, at + catalogLimits.scanRowsMax))
  }
  return results
}

/** A commit that was allowed under an older generation must not overtake the new one. */
function fence(commit: OffsetCommit, row: ConsumerGroupRow | undefined): Refused | undefined {
  if (row?.coordinatorEpoch !== commit.coordinatorEpoch) {
    return refused('not-coordinator', 'another broker has taken the group over')
  }
  if (row.generation === commit.generation) return undefined
  return refused('illegal-generation', `the group is at generation ${row.generation}: join again`)
}

async function livingTopics(
  tx: Transaction,
  commits: readonly OffsetCommit[],
): Promise<Set<string>> {
  const ids = new Set(commits.flatMap(({ offsets }) => offsets.map(({ topicId }) => topicId)))
  const keys = Array.from(ids, (topicId) => [topicId])
  const rows = keys.length === 0 ? [] : await tx.get(topics, keys)
  return new Set(rows.flatMap((row) => (row?.deletedMs === null ? [row.topicId] : [])))
}

function toOffsetRow(
  { groupId, expiresMs }: OffsetCommit,
  { topicId, partitionIndex, offset, leaderEpoch, metadata }: OffsetToCommit,
  committedMs: number,
): GroupOffsetRow {
  return {
    groupId,
    topicId,
    partitionIndex,
    offset,
    leaderEpoch,
    metadata,
    committedMs,
    expiresMs,
  }
}

/** Clients may ask for any time (OffsetCommit 2 to 4): what lies beyond numbers means never. */
export function expiryOf(retentionMs: number | null, nowMs: number): number | null {
  const isOwn = retentionMs !== null && retentionMs >= 0
  return isOwn ? Math.min(nowMs + retentionMs, Number.MAX_SAFE_INTEGER) : null
}
