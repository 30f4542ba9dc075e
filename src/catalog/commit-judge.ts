/**
 * The state of one commit: read under its locks, changed by each verdict, written at its end.
 * Batches and ends of transactions are judged one after another, each against what the earlier ones
 * left.
 */
import { assert } from '../base/assert.ts'
import type {
  AppendIntent,
  AppendTransaction,
  GroupIntent,
  TransactionChange,
} from './commit-groups.ts'
import type { Transaction } from './database.ts'
import {
  type EndingTransaction,
  type EndIntent,
  type MarkAnswer,
  type MarkIntent,
  lockPending,
  lockTransactions,
  readRegistered,
  writeEnded,
} from './end-transaction.ts'
import { markerRun, type Run, type RunMarker } from './manifest.ts'
import type { AppendOutcome } from './outcomes.ts'
import { PartitionTransactions } from './partition-transactions.ts'
import { type CrowdedPartitions, ProducerEntries } from './producer-entries.ts'
import { judgeSequence, sequenceAfter } from './producer-window.ts'
import { type PartitionRow, partitions, topics } from './schema.ts'
import { transactionPartitions, type TransactionRow } from './schema-transactions.ts'

export interface Ended {
  readonly runs: Run[]
  readonly changes: TransactionChange[]
  readonly answers: unknown[]
}

const registrationKey = (transactionalId: string, partitionId: number): string =>
  `${partitionId} ${transactionalId}`

const isMark = (end: EndIntent | MarkIntent): end is MarkIntent => 'partitionId' in end

/** What a commit changes of a partition. */
const changing = ['logEnd', 'recentProducers'] as const

/** A transactional id that ends, with what is registered with it. */
interface ReadEnding {
  readonly id: string
  readonly row: TransactionRow | undefined
  readonly partitionIds: readonly number[]
  readonly groupIds: readonly string[]
  readonly producerId: number
}

function producersOf(
  appends: readonly AppendIntent[],
  marks: readonly MarkIntent[],
  ending: readonly ReadEnding[],
): (readonly [number, number])[] {
  const wanted = marks.map(({ partitionId, marker }) => [partitionId, marker.producerId] as const)
  for (const { partitionId, producerId } of appends) {
    if (producerId >= 0) wanted.push([partitionId, producerId])
  }
  for (const { row, partitionIds } of ending) {
    if (row === undefined) continue
    for (const partitionId of partitionIds) wanted.push([partitionId, row.producerId])
  }
  return wanted
}

export class CommitJudge {
  readonly #partitions = new Map<number, { row: PartitionRow; end: number }>()
  readonly #configVersions = new Map<string, number>()
  readonly #producers: ProducerEntries
  readonly #open = new PartitionTransactions()
  #transactions = new Map<string, TransactionRow>()
  readonly #ending = new Map<string, EndingTransaction>()
  readonly #registered = new Set<string>()
  /** By producer the first sequence that was refused here and may come again. */
  readonly #sentBack = new Map<string, number>()

  private constructor(crowded: CrowdedPartitions) {
    this.#producers = new ProducerEntries(crowded)
  }

  /** Locks first; everything that is judged by is read in later statements (READ COMMITTED). */
  static async prepare(
    tx: Transaction,
    groups: readonly GroupIntent[],
    crowded: CrowdedPartitions,
  ): Promise<CommitJudge> {
    const judge = new CommitJudge(crowded)
    const appends = groups.flatMap((group) => group.appends)
    const ends = groups.flatMap((group) => group.ends ?? [])
    const endingIds = new Set(ends.flatMap((end) => (isMark(end) ? [] : end.transactionalId)))
    const marks = ends.filter(isMark)
    const appending = appends.flatMap(({ transaction }) => transaction?.transactionalId ?? [])
    const locking =
      endingIds.size + appending.length > 0
        ? lockTransactions(tx, endingIds, new Set(appending))
        : undefined
    const reading = [...endingIds].map((id) => readRegistered(tx, id))
    if (reading.length === 0) await judge.#read(tx, appends, marks, [], locking)
    else {
      const [rows, ...registered] = await Promise.all([locking, ...reading])
      const ending = [...endingIds].map((id, at) => {
        const row = rows?.get(id)
        const [partitionIds, groupIds] = [registered[at]!.partitionIds, registered[at]!.groupIds]
        return { id, row, partitionIds, groupIds, producerId: row?.producerId ?? -1 }
      })
      await judge.#read(tx, appends, marks, ending, locking)
    }
    return judge
  }

  /** Sent together: what needs no answer of another statement does not wait for one. */
  async #read(
    tx: Transaction,
    appends: readonly AppendIntent[],
    marks: readonly MarkIntent[],
    ending: readonly ReadEnding[],
    locking: Promise<Map<string, TransactionRow>> | undefined,
  ): Promise<void> {
    const markers = ending.flatMap(({ partitionIds }) => partitionIds)
    markers.push(...marks.map(({ partitionId }) => partitionId))
    const topicIds = new Set(appends.map(({ topicId }) => topicId))
    const partitionIds = [...appends.map(({ partitionId }) => partitionId), ...markers]
    const lockingPartitions = this.#lockPartitions(tx, partitionIds)
    const [rows] = await Promise.all([
      locking,
      lockingPartitions,
      this.#readTopics(tx, topicIds),
      this.#readRegistrations(tx, appends),
      this.#readEnding(tx, ending),
      this.#producers.read(tx, producersOf(appends, marks, ending), lockingPartitions),
    ])
    if (rows !== undefined) this.#transactions = rows
    const ended = markers.filter((partitionId) => this.#partitions.has(partitionId))
    if (ended.length === 0) return
    const others = ended.flatMap((id) => this.#partitions.get(id)?.row.topicId ?? [])
    await Promise.all([
      this.#readTopics(tx, new Set(others.filter((id) => !topicIds.has(id)))),
      this.#open.read(tx, new Set(ended), ending.length + marks.length),
    ])
  }

  async #lockPartitions(
    tx: Transaction,
    partitionIds: readonly number[],
  ): Promise<readonly PartitionRow[]> {
    const ids = [...new Set(partitionIds)].toSorted((a, b) => a - b)
    const rows = await tx.lock(
      partitions,
      ids.map((id) => [id]),
      'exclusive',
    )
    for (const row of rows) this.#partitions.set(row.partitionId, { row, end: row.logEnd })
    return rows
  }

  async #readTopics(tx: Transaction, topicIds: ReadonlySet<string>): Promise<void> {
    if (topicIds.size === 0) return
    const rows = await tx.get(
      topics,
      Array.from(topicIds, (id) => [id]),
    )
    for (const row of rows) {
      if (row !== undefined && row.deletedMs === null) {
        this.#configVersions.set(row.topicId, row.configVersion)
      }
    }
  }

  async #readRegistrations(tx: Transaction, appends: readonly AppendIntent[]): Promise<void> {
    const wanted = new Map<string, readonly [string, number]>()
    for (const { transaction, partitionId } of appends) {
      if (transaction === undefined) continue
      const { transactionalId } = transaction
      const key = registrationKey(transactionalId, partitionId)
      wanted.set(key, [transactionalId, partitionId])
    }
    if (wanted.size === 0) return
    const rows = await tx.get(transactionPartitions, [...wanted.values()])
    for (const row of rows) {
      if (row === undefined) continue
      this.#registered.add(registrationKey(row.transactionalId, row.partitionId))
    }
  }

  async #readEnding(tx: Transaction, all: readonly ReadEnding[]): Promise<void> {
    if (all.length === 0) return
    const pending = await lockPending(tx, all)
    for (const [index, { id, row, partitionIds, groupIds }] of all.entries()) {
      const own = pending[index] ?? []
      const state = { ended: undefined, isChanged: false }
      this.#ending.set(id, { row, partitionIds, groupIds, pending: own, ...state })
    }
  }

  /** One for all partitions. */
  leaderEpoch(): number {
    for (const { row } of this.#partitions.values()) return row.leaderEpoch
    return 0
  }

  judge(append: AppendIntent, nowMs: number): AppendOutcome {
    const partition = this.#partitions.get(append.partitionId)
    const configVersion = this.#configVersions.get(append.topicId)
    const isKnown = partition?.row.topicId === append.topicId && configVersion !== undefined
    if (partition === undefined || !isKnown) {
      return { outcome: 'refused', reason: 'unknown-partition' }
    }
    if (configVersion !== append.configVersion) {
      this.#sendBack(append)
      return { outcome: 'refused', reason: 'config-changed' }
    }
    const baseOffset = partition.end
    const refusal = append.producerId < 0 ? undefined : this.#sequence(append, baseOffset, nowMs)
    if (refusal !== undefined) return refusal
    partition.end += append.offsetCount
    return { outcome: 'appended', baseOffset }
  }

  /** It comes again: what follows it in the same commit must not be taken for the first. */
  #sendBack(append: AppendIntent): void {
    const key = producerKey(append)
    const known = this.#sentBack.get(key)
    if (append.producerId < 0 || (known !== undefined && known < append.baseSequence)) return
    this.#sentBack.set(key, append.baseSequence)
  }

  #isAhead(append: AppendIntent): boolean {
    const sentBack = this.#sentBack.get(producerKey(append))
    return append.isAhead === true || (sentBack !== undefined && sentBack < append.baseSequence)
  }

  #sequence(append: AppendIntent, baseOffset: number, nowMs: number): AppendOutcome | undefined {
    const { partitionId, producerId, transaction } = append
    const entry = this.#producers.get(partitionId, producerId)
    const wrong = transaction === undefined ? undefined : this.#fault(append, transaction)
    if (wrong !== undefined) {
      this.#sendBack(append)
      return wrong
    }
    // What is known decides: what failed at one broker may have come again at another.
    if (entry.window === undefined && this.#isAhead(append)) {
      return { outcome: 'refused', reason: 'out-of-order-sequence' }
    }
    const { producerEpoch: epoch, baseSequence, offsetCount } = append
    const lastSequence = sequenceAfter(baseSequence, offsetCount - 1)
    const judged = judgeSequence(entry.window, { epoch, baseSequence, lastSequence })
    if (judged.verdict === 'duplicate') {
      const { baseOffset: first, timestampMs } = judged.of
      return { outcome: 'duplicate', baseOffset: first, timestampMs }
    }
    if (judged.verdict !== 'next') return { outcome: 'refused', reason: judged.verdict }
    const isSecond = entry.window === undefined && baseSequence !== 0
    if (isSecond && this.#beginsHere(append)) {
      return { outcome: 'refused', reason: 'out-of-order-sequence' }
    }
    const isOpen = entry.transactionOffset !== null
    if (isOpen && transaction === undefined) {
      return { outcome: 'refused', reason: 'wrong-transaction' }
    }
    const batch = { epoch, baseSequence, lastSequence }
    this.#producers.remember(entry, batch, baseOffset, append.maxTimestampMs, nowMs)
    if (transaction !== undefined && entry.transactionOffset === null) {
      entry.transactionOffset = baseOffset
      this.#open.began({ partitionId, producerId, firstOffset: baseOffset })
    }
    return undefined
  }

  /**
   * Of a producer without a state here: it is certain that it has written nothing here, so that
   * what it writes first has sequence 0. Its first batch may be on its way at another broker, which
   * hangs or died: a later one, taken for the first, would have it refused for ever. Where that is
   * not certain, any sequence is taken, as by Kafka.
   */
  #beginsHere({ partitionId, producerId, transaction }: AppendIntent): boolean {
    const knownFrom = this.#partitions.get(partitionId)?.row.producersKnownFrom
    return transaction?.isBumping === true || producerId >= (knownFrom ?? Infinity)
  }

  #transactionOf(transactionalId: string): TransactionRow | undefined {
    const ending = this.#ending.get(transactionalId)
    return ending === undefined ? this.#transactions.get(transactionalId) : ending.row
  }

  #fault(append: AppendIntent, transaction: AppendTransaction): AppendOutcome | undefined {
    const { producerId, producerEpoch, partitionId } = append
    const { transactionalId, serial } = transaction
    const row = this.#transactionOf(transactionalId)
    if (row?.producerId !== producerId) return { outcome: 'refused', reason: 'wrong-producer-id' }
    if (row.producerEpoch !== producerEpoch) {
      return { outcome: 'refused', reason: 'stale-producer-epoch' }
    }
    const isRegistered = this.#registered.has(registrationKey(transactionalId, partitionId))
    const isOurs = row.state === 'Ongoing' && row.serial === serial && isRegistered
    return isOurs ? undefined : { outcome: 'refused', reason: 'wrong-transaction' }
  }

  end(ends: readonly (EndIntent | MarkIntent)[], nowMs: number): Ended {
    const ended: Ended = { runs: [], changes: [], answers: [] }
    for (const end of ends) {
      if (isMark(end)) {
        ended.answers.push(this.#markOne(end, nowMs, ended))
        continue
      }
      const { transactionalId, decide } = end
      const ending = this.#ending.get(transactionalId)
      assert(ending !== undefined, 'every transaction that ends is locked')
      const { answer, next, marker } = decide(ending.row, nowMs)
      ended.answers.push(answer)
      if (next === undefined) continue
      if (marker !== undefined && ending.ended === undefined) {
        ending.ended = marker.type
        const all = { ...marker, timestampMs: nowMs }
        for (const partitionId of ending.partitionIds) this.#mark(partitionId, all, ended)
      }
      ending.row = next
      ending.isChanged = true
    }
    return ended
  }

  /** As Kafka does, whatever the producer's transactional id says. */
  #markOne({ partitionId, marker }: MarkIntent, nowMs: number, ended: Ended): MarkAnswer {
    const { window } = this.#producers.get(partitionId, marker.producerId)
    if (window !== undefined && marker.producerEpoch < window.epoch) return 'stale-producer-epoch'
    const before = ended.runs.length
    this.#mark(partitionId, { ...marker, timestampMs: nowMs }, ended)
    return ended.runs.length > before ? 'written' : 'unknown-partition'
  }

  /** A partition that was deleted meanwhile is skipped, so that a transaction always ends. */
  #mark(partitionId: number, marker: RunMarker, { runs, changes }: Ended): void {
    const partition = this.#partitions.get(partitionId)
    if (partition === undefined || !this.#configVersions.has(partition.row.topicId)) return
    const { producerId, type, timestampMs } = marker
    const markerOffset = partition.end
    runs.push(markerRun(partitionId, markerOffset, marker, partition.row.leaderEpoch))
    partition.end += 1
    const entry = this.#producers.get(partitionId, producerId)
    const firstOffset = entry.transactionOffset
    this.#producers.marked(entry, marker.producerEpoch, timestampMs)
    const change = type === 'commit' ? 'committed' : 'aborted'
    const found = { change, partitionId, producerId, firstOffset, markerOffset } as const
    changes.push(found)
    this.#open.ended(found, partition.end)
  }

  /**
   * The writes, sent together; resolves once all are done. What is to be written is worked out at
   * once: who sends them along with COMMIT is told here if that cannot be.
   */
  write(tx: Transaction): Promise<unknown> {
    const grown = [...this.#partitions.values()].filter(({ row, end }) => end !== row.logEnd)
    const { recent, written } = this.#producers.write(tx)
    const rows = grown.map(({ row, end }) => {
      const recentProducers = recent.get(row.partitionId) ?? row.recentProducers
      return { ...row, logEnd: end, recentProducers }
    })
    return Promise.all([
      rows.length > 0 ? tx.update(partitions, rows, changing) : undefined,
      written,
      this.#open.write(tx),
      this.#ending.size > 0 ? writeEnded(tx, this.#ending) : undefined,
    ])
  }

  ends(): { partitionId: number; previousEnd: number; logEnd: number }[] {
    return [...this.#partitions.values()]
      .filter(({ row, end }) => end !== row.logEnd)
      .map(({ row, end }) => ({
        partitionId: row.partitionId,
        previousEnd: row.logEnd,
        logEnd: end,
      }))
  }
}

const producerKey = ({ partitionId, producerId, producerEpoch }: AppendIntent): string =>
  `${partitionId} ${producerId} ${producerEpoch}`
