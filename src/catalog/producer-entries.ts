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
import { producerStates } from './schema.ts'

export interface ProducerEntry {
  readonly partitionId: number
  readonly producerId: number
  window: ProducerWindow | undefined
  lastMs: number
  /** Where its open transaction begins in the partition. */
  transactionOffset: number | null
  markerMs: number | null
  changed: boolean
}

export class ProducerEntries {
  readonly #entries = new Map<string, ProducerEntry>()

  /** `wanted`: partition id and producer id. The partitions are locked. */
  async read(tx: Transaction, wanted: readonly (readonly [number, number])[]): Promise<void> {
    for (const [partitionId, producerId] of wanted) {
      this.#entries.set(`${partitionId}:${producerId}`, {
        partitionId,
        producerId,
        window: undefined,
        lastMs: 0,
        transactionOffset: null,
        markerMs: null,
        changed: false,
      })
    }
    const entries = [...this.#entries.values()]
    if (entries.length === 0) return
    const rows = await tx.get(
      producerStates,
      entries.map(({ partitionId, producerId }) => [partitionId, producerId]),
    )
    for (const [index, entry] of entries.entries()) {
      const row = rows[index]
      if (row === undefined) continue
      entry.window = decodeWindow(row.epoch, row.window)
      entry.lastMs = row.lastMs
      entry.transactionOffset = row.transactionOffset
      entry.markerMs = row.markerMs
    }
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

  async write(tx: Transaction): Promise<void> {
    const changed = [...this.#entries.values()].filter((entry) => entry.changed)
    if (changed.length === 0) return
    const rows = changed.map(({ partitionId, producerId, window, lastMs, ...rest }) => {
      assert(window !== undefined, 'a changed producer has a window')
      const state = { epoch: window.epoch, window: encodeWindow(window), lastMs }
      const { transactionOffset, markerMs } = rest
      return { partitionId, producerId, ...state, transactionOffset, markerMs }
    })
    const byKey = (a: (typeof rows)[number], b: (typeof rows)[number]): number =>
      a.partitionId - b.partitionId || a.producerId - b.producerId
    await tx.put(producerStates, rows.toSorted(byKey))
  }
}
