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
import {
  decodeRecent,
  encodeRecent,
  placeRecent,
  type ProducerState,
  type RecentProducers,
} from './recent-producers.ts'
import { type PartitionRow, type ProducerStateRow, producerStates } from './schema.ts'

export interface ProducerEntry {
  readonly partitionId: number
  readonly producerId: number
  window: ProducerWindow | undefined
  lastMs: number
  /** Where its open transaction begins in the partition. */
  transactionOffset: number | null
  markerMs: number | null
  /** It has a row of its own. */
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

export class ProducerEntries {
  readonly #crowded: CrowdedPartitions
  readonly #entries = new Map<string, ProducerEntry>()
  readonly #recent = new Map<number, RecentProducers>()

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
    for (const [partitionId, producerId] of wanted) {
      this.#entries.set(`${partitionId}:${producerId}`, newEntry(partitionId, producerId))
    }
    const entries = [...this.#entries.values()]
    if (entries.length === 0) return
    const guessed = entries.filter(({ partitionId }) => this.#crowded.has(partitionId))
    const [rows] = await Promise.all([locking, readRows(tx, guessed)])
    for (const { partitionId, recentProducers } of rows) {
      this.#recent.set(partitionId, decodeRecent(recentProducers))
    }
    const asked = new Set(guessed)
    await readRows(
      tx,
      entries.filter((entry) => this.#mayHaveRow(entry) && !asked.has(entry)),
    )
  }

  /** Takes what the partition's row says of the producer; true where a row of its own may say it. */
  #mayHaveRow(entry: ProducerEntry): boolean {
    const { partitionId } = entry
    const recent = this.#recent.get(partitionId)
    if (recent === undefined) return false // the partition is gone
    const state = recent.states.find(({ producerId }) => producerId === entry.producerId)
    if (state !== undefined) take(entry, state)
    if (recent.isAll) this.#crowded.delete(partitionId)
    if (state !== undefined || recent.isAll) return false
    if (this.#crowded.size >= crowdedMax) this.#crowded.clear()
    this.#crowded.add(partitionId)
    return true
  }

  get(partitionId: number, producerId: number): ProducerEntry {
    const entry = this.#entries.get(`${partitionId}:${producerId}`)
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
    const changed = new Set<number>()
    const rows: ProducerStateRow[] = []
    const gone: [number, number][] = []
    for (const entry of this.#changedInPlaceFirst()) {
      const { partitionId, producerId, hasRow } = entry
      const recent = this.#recent.get(partitionId)
      assert(recent !== undefined, 'only a partition that is locked has changed producers')
      const placed = placeRecent(recent, stateOf(entry))
      this.#recent.set(partitionId, placed.recent)
      changed.add(partitionId)
      if (placed.toRow !== undefined) rows.push({ partitionId, ...placed.toRow })
      if (hasRow && placed.toRow?.producerId !== producerId) gone.push([partitionId, producerId])
    }
    const encoded = Array.from(changed, (partitionId): [number, Uint8Array] => {
      return [partitionId, encodeRecent(this.#recent.get(partitionId) as RecentProducers)]
    })
    const written = Promise.all([
      gone.length > 0 ? tx.delete(producerStates, gone) : undefined,
      rows.length > 0 ? tx.put(producerStates, rows) : undefined,
    ])
    return { recent: new Map(encoded), written }
  }

  /** Who has a place keeps it: no newcomer takes it for silent, whose batch is in this commit. */
  #changedInPlaceFirst(): ProducerEntry[] {
    const hasPlace = ({ partitionId, producerId }: ProducerEntry): boolean =>
      this.#recent.get(partitionId)?.states.some((each) => each.producerId === producerId) === true
    const changed = [...this.#entries.values()].filter((entry) => entry.changed)
    const [placed, others] = [changed.filter(hasPlace), changed.filter((each) => !hasPlace(each))]
    return [...placed, ...others]
  }
}

function newEntry(partitionId: number, producerId: number): ProducerEntry {
  const unknown = { window: undefined, lastMs: 0, transactionOffset: null, markerMs: null }
  return { partitionId, producerId, ...unknown, hasRow: false, changed: false }
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

function stateOf({ producerId, window, lastMs, ...rest }: ProducerEntry): ProducerState {
  assert(window !== undefined, 'a changed producer has a window')
  const { transactionOffset, markerMs } = rest
  const batches = { epoch: window.epoch, window: encodeWindow(window) }
  return { producerId, ...batches, lastMs, transactionOffset, markerMs }
}
