/**
 * What the recovered batches of a partition say of its producers and transactions, taken in as the
 * commits that wrote them did.
 */
import {
  decodeWindow,
  encodeWindow,
  type ProducerWindow,
  rememberBatch,
  sequenceAfter,
} from '../catalog/producer-window.ts'
import type { RunMarker } from '../catalog/manifest.ts'
import type { ProducerStateRow } from '../catalog/schema.ts'
import type { AbortedRangeRow, OpenTransactionRow } from '../catalog/schema-transactions.ts'
import type { Block } from '../log/block.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import { readMarker } from '../record/control.ts'

interface Producer {
  window: ProducerWindow
  transactionOffset: number | null
  markerMs: number | null
}

export class LogReplay {
  readonly #partitionId: number
  readonly #nowMs: number
  readonly #producers = new Map<number, Producer>()
  readonly #changed = new Set<number>()
  /** First offsets of what is open, by producer. */
  readonly #open = new Map<number, number>()
  readonly aborted: AbortedRangeRow[] = []

  constructor(
    partitionId: number,
    states: readonly ProducerStateRow[],
    open: readonly OpenTransactionRow[],
    nowMs: number,
  ) {
    this.#partitionId = partitionId
    this.#nowMs = nowMs
    for (const { producerId, epoch, window, transactionOffset, markerMs } of states) {
      const known = { window: decodeWindow(epoch, window), transactionOffset, markerMs }
      this.#producers.set(producerId, known)
    }
    for (const { producerId, firstOffset } of open) this.#open.set(producerId, firstOffset)
  }

  /** Batches of a block with their final offsets; those that begin below `from` are known. */
  block({ bytes, positions, nextOffsets }: Block, from: number): void {
    for (const [index, at] of positions.entries()) {
      const header = readBatchHeader(bytes, at)
      const { baseOffset, producerId, producerEpoch: epoch, baseSequence } = header
      if (baseOffset < from) continue
      if (header.isControl) {
        const marker = readMarker(bytes, at)
        if (marker !== undefined) this.marker(baseOffset, marker)
        continue
      }
      if (producerId < 0) continue
      const count = (nextOffsets[index] ?? baseOffset + 1) - baseOffset
      const lastSequence = sequenceAfter(baseSequence, count - 1)
      const before = this.#producers.get(producerId)
      const batch = { epoch, baseSequence, lastSequence }
      const window = rememberBatch(before?.window, batch, baseOffset, header.maxTimestamp)
      const begun = before?.transactionOffset ?? null
      const transactionOffset = header.isTransactional ? (begun ?? baseOffset) : begun
      if (header.isTransactional && begun === null) this.#open.set(producerId, baseOffset)
      const markerMs = before?.markerMs ?? null
      this.#producers.set(producerId, { window, transactionOffset, markerMs })
      this.#changed.add(producerId)
    }
  }

  /** The end of a transaction, wherever it was found. */
  marker(
    offset: number,
    {
      type,
      producerId,
      producerEpoch: epoch,
      timestampMs,
    }: Pick<RunMarker, 'type' | 'producerId' | 'producerEpoch' | 'timestampMs'>,
  ): void {
    const before = this.#producers.get(producerId)
    const isNewer = before === undefined || before.window.epoch < epoch
    const window = isNewer ? { epoch, batches: [] } : before.window
    this.#producers.set(producerId, { window, transactionOffset: null, markerMs: timestampMs })
    this.#changed.add(producerId)
    const firstOffset = this.#open.get(producerId)
    this.#open.delete(producerId)
    if (firstOffset === undefined || type === 'commit') return
    const stableOffset = Math.min(offset + 1, ...this.#open.values())
    const partitionId = this.#partitionId
    this.aborted.push({ partitionId, lastOffset: offset, firstOffset, producerId, stableOffset })
  }

  /** Producers whose transactions are open, with the epochs of their batches. */
  open(): { readonly producerId: number; readonly epoch: number }[] {
    return [...this.#open.keys()].map((producerId) => {
      return { producerId, epoch: this.#producers.get(producerId)?.window.epoch ?? 0 }
    })
  }

  /** Of producers that were changed. */
  states(): ProducerStateRow[] {
    return [...this.#changed]
      .toSorted((a, b) => a - b)
      .map((producerId) => {
        const { window, transactionOffset, markerMs } = this.#producers.get(producerId) as Producer
        const row = { partitionId: this.#partitionId, producerId, epoch: window.epoch }
        const said = { window: encodeWindow(window), lastMs: this.#nowMs }
        return { ...row, ...said, transactionOffset, markerMs }
      })
  }
}
