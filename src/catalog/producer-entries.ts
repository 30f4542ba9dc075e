/** What a commit knows of the producers of its partitions: read once, changed by verdicts, written. */
import { assert } from '../base/assert.ts'
import type { Transaction } from './database.ts'
import {
  decodeWindow,
  encodeWindow,
  type ProducerWindow,
  rememberBatch,
  type SequencedBatch,
} from './producer-window.ts'
import { type ProducerState, RecentProducers } from './recent-producers.ts'
import { type PartitionRow, type ProducerStateRow, producerStates } from './schema.ts'

export interface ProducerEntry {
  readonly partitionId: number
  readonly producerId: number
  window: ProducerWindow | undefined
  lastMs: number
  /** Where its open transaction begins in the partition. */
  transactionOffset: number | null
  markerMs: number | null
  /** It stands in the partition's row, or has one of its own. */
  hasPlace: boolean
  hasRow: boolean
  changed: boolean
}

/**
 * Partitions with more producers than their rows have room for, as earlier commits of a broker
 * found: their producers' rows are asked for along with the locks, which saves a round trip. Only a
 * guess; nothing is wrong where it is.
 */
export type CrowdedPartitions = Set<number>

const crowdedMax = 100_000

interface PartitionProducers {
  /** Undefined until the partition is locked, and where it is gone. */
  recent: RecentProducers | undefined
  readonly entries: Map<number, ProducerEntry>
}

export class ProducerEntries {
  readonly #crowded: CrowdedPartitions
  readonly #partitions = new Map<number, PartitionProducers>()

  constructor(crowded: CrowdedPartitions) {
    this.#crowded = crowded
  }

  /**
   * `wanted`: partition id and producer id. `locking`: the partitions' locks, which were asked for
   * before.
   */
  async read(
    tx: Transaction,
    wanted: readonly (readonly [number, number])[],
    locking: Promise<readonly PartitionRow[]>,
  ): Promise<void> {
    if (wanted.length === 0) return
    for (const [partitionId, producerId] of wanted) this.#want(partitionId, producerId)
    const guessed = new Set<ProducerEntry>()
    for (const [partitionId, { entries }] of this.#partitions) {
      if (!this.#crowded.has(partitionId)) continue
      for (const entry of entries.values()) guessed.add(entry)
    }
    const [rows] = await Promise.all([locking, readRows(tx, [...guessed])])
    const elsewhere: ProducerEntry[] = []
    for (const row of rows) elsewhere.push(...this.#takeRecent(row))
    await readRows(
      tx,
      elsewhere.filter((entry) => !guessed.has(entry)),
    )
  }

  #want(partitionId: number, producerId: number): void {
    let partition = this.#partitions.get(partitionId)
    if (partition === undefined) {
      partition = { recent: undefined, entries: new Map() }
      this.#partitions.set(partitionId, partition)
    }
    if (partition.entries.has(producerId)) return
    partition.entries.set(producerId, newEntry(partitionId, producerId))
  }

  /** Takes what the partition's row says of its producers; returns those it may not know. */
  #takeRecent({ partitionId, recentProducers }: PartitionRow): ProducerEntry[] {
    const partition = this.#partitions.get(partitionId)
    if (partition === undefined) return []
    const recent = RecentProducers.of(recentProducers)
    partition.recent = recent
    if (recent.isAll) this.#crowded.delete(partitionId)
    const others: ProducerEntry[] = []
    for (const entry of partition.entries.values()) {
      const state = recent.find(entry.producerId)
      entry.hasPlace = state !== undefined
      if (state !== undefined) take(entry, state)
      else if (!recent.isAll) others.push(entry)
    }
    if (others.length > 0) {
      if (this.#crowded.size >= crowdedMax) this.#crowded.clear()
      this.#crowded.add(partitionId)
    }
    return others
  }

  get(partitionId: number, producerId: number): ProducerEntry {
    const entry = this.#partitions.get(partitionId)?.entries.get(producerId)
    assert(entry !== undefined, 'every producer of the groups was read')
    return entry
  }

  /** A batch was taken. */
  remember(
    entry: ProducerEntry,
    batch: SequencedBatch,
    baseOffset: number,
    timestampMs: number,
    nowMs: number,
  ): void {
    entry.window = rememberBatch(entry.window, batch, baseOffset, timestampMs)
    entry.lastMs = nowMs
    entry.changed = true
  }

  /** A marker ended the transaction: a higher epoch of it begins the sequence anew (KIP-890). */
  marked(entry: ProducerEntry, epoch: number, nowMs: number): void {
    if (entry.window === undefined || entry.window.epoch < epoch) {
      entry.window = { epoch, batches: [] }
    }
    entry.transactionOffset = null
    entry.markerMs = nowMs
    entry.lastMs = nowMs
    entry.changed = true
  }

  /**
   * Sends the rows of producers that have one. Call it once.
   *
   * @returns what the partitions' own rows are to say, of those with a changed producer.
   */
  write(tx: Transaction): {
    readonly recent: ReadonlyMap<number, Uint8Array>
    readonly written: Promise<unknown>
  } {
    const placing: Placing = { rows: [], gone: [] }
    const all = new Map<number, Uint8Array>()
    for (const [partitionId, { recent, entries }] of this.#partitions) {
      const placed = placeChanged(recent, entries, placing)
      if (placed !== undefined) all.set(partitionId, placed.bytes)
    }
    const { rows, gone } = placing
    const written = Promise.all([
      gone.length > 0 ? tx.delete(producerStates, gone) : undefined,
      rows.length > 0 ? tx.put(producerStates, rows) : undefined,
    ])
    return { recent: all, written }
  }
}

interface Placing {
  readonly rows: ProducerStateRow[]
  /** Keys of rows that moved into the partition's. */
  readonly gone: [number, number][]
}

/** What the partition's row is to say; undefined: nobody has changed. */
function placeChanged(
  before: RecentProducers | undefined,
  entries: ReadonlyMap<number, ProducerEntry>,
  { rows, gone }: Placing,
): RecentProducers | undefined {
  let recent = before
  let hasChanged = false
  // Who has a place keeps it: no newcomer takes it for silent, whose batch is in this commit.
  for (const isTheirTurn of [true, false]) {
    for (const entry of entries.values()) {
      if (!entry.changed || entry.hasPlace !== isTheirTurn) continue
      assert(recent !== undefined, 'only a partition that is locked has changed producers')
      const { partitionId, producerId } = entry
      const placed = recent.place(stateOf(entry))
      recent = placed.recent
      hasChanged = true
      if (placed.toRow !== undefined) rows.push({ partitionId, ...placed.toRow })
      if (entry.hasRow && placed.toRow?.producerId !== producerId) {
        gone.push([partitionId, producerId])
      }
    }
  }
  return hasChanged ? recent : undefined
}

function newEntry(partitionId: number, producerId: number): ProducerEntry {
  return {
    partitionId,
    producerId,
    window: undefined,
    lastMs: 0,
    transactionOffset: null,
    markerMs: null,
    hasPlace: false,
    hasRow: false,
    changed: false,
  }
}

async function readRows(tx: Transaction, entries: readonly ProducerEntry[]): Promise<void> {
  if (entries.length === 0) return
  const rows = await tx.get(
    producerStates,
    entries.map(({ partitionId, producerId }) => [partitionId, producerId]),
  )
  for (const [index, entry] of entries.entries()) {
    const row = rows[index]
    if (row === undefined) continue
    take(entry, row)
    entry.hasRow = true
  }
}

function take(entry: ProducerEntry, state: ProducerState): void {
  entry.window = decodeWindow(state.epoch, state.window)
  entry.lastMs = state.lastMs
  entry.transactionOffset = state.transactionOffset
  entry.markerMs = state.markerMs
}

function stateOf(entry: ProducerEntry): ProducerState {
  const { producerId, window, lastMs, transactionOffset, markerMs } = entry
  assert(window !== undefined, 'a changed producer has a window')
  const { epoch } = window
  return { producerId, epoch, window: encodeWindow(window), lastMs, transactionOffset, markerMs }
}
