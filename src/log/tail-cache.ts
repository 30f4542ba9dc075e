/**
 * The newest batches that this broker wrote, in memory, as they are sent to consumers: base offset
 * and leader epoch are patched in before they come here. Between those of a partition may lie what
 * other brokers wrote. Bounded; the oldest go first, whatever their partition.
 */
import type { Hold } from '../base/hold.ts'
import { unpooled } from '../base/hold.ts'

export interface CachedBatch {
  readonly partitionId: number
  readonly baseOffset: number
  readonly nextOffset: number
  /** Whole batches, one behind the other. */
  readonly bytes: Uint8Array
  readonly hold: Hold
}

export interface CacheStats {
  readonly bytes: number
  readonly batches: number
  readonly hits: number
  readonly misses: number
}

/** Smaller batches are copied together: a slab of megabytes must not stay for one kilobyte. */
const copyBelowBytes = 16 * 1024
const arenaBytes = 256 * 1024

/** Batches of one partition by offset, oldest first; `head` counts those that were evicted. */
interface Line {
  batches: (CachedBatch | undefined)[]
  head: number
}

/** An arena shared by small batches counts whole while any of them is cached, like a slab. */
class Arena implements Hold {
  readonly capacity = arenaBytes
  readonly bytes = new Uint8Array(arenaBytes)
  used = 0
  retain(): void {
    // garbage collected; it is a Hold only to be counted once
  }
  release(): void {
    // see retain
  }
}

export class TailCache {
  readonly #maxBytes: number
  readonly #lines = new Map<number, Line>()
  /** All batches in order of arrival; `#oldest` counts the evicted ones at its front. */
  #queue: CachedBatch[] = []
  #oldest = 0
  /** Cached batches per slab or arena, so that its capacity counts once. */
  readonly #sharers = new Map<Hold, number>()
  #arena = new Arena()
  #bytes = 0
  #hits = 0
  #misses = 0

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes
  }

  get stats(): CacheStats {
    const batches = this.#queue.length - this.#oldest
    return { bytes: this.#bytes, batches, hits: this.#hits, misses: this.#misses }
  }

  /**
   * Keeps the batch; `hold` is retained here where its memory is kept, not where small bytes are
   * copied.
   */
  add(
    partitionId: number,
    baseOffset: number,
    nextOffset: number,
    bytes: Uint8Array,
    hold: Hold,
  ): void {
    const batch =
      bytes.length < copyBelowBytes
        ? this.#copied(partitionId, baseOffset, nextOffset, bytes)
        : { partitionId, baseOffset, nextOffset, bytes, hold }
    batch.hold.retain()
    this.#count(batch)
    this.#queue.push(batch)
    let line = this.#lines.get(partitionId)
    const last = line?.batches.at(-1)
    if (line === undefined || (last !== undefined && last.nextOffset > baseOffset)) {
      if (line !== undefined) this.drop(partitionId)
      line = { batches: [], head: 0 }
      this.#lines.set(partitionId, line)
    }
    line.batches.push(batch)
    while (this.#bytes > this.#maxBytes && this.#oldest < this.#queue.length) this.#evictOldest()
  }

  /**
   * Batches from the one that holds `offset` on, without a gap, below `end`, up to `maxBytes` but
   * at least one; undefined where `offset` is not cached. Each is retained for the caller, who
   * releases it.
   */
  read(
    partitionId: number,
    offset: number,
    maxBytes: number,
    end: number = Infinity,
  ): CachedBatch[] | undefined {
    const line = this.#lines.get(partitionId)
    const first = line === undefined ? -1 : findBatch(line, offset)
    if (line === undefined || first === -1) {
      this.#misses++
      return undefined
    }
    this.#hits++
    const found: CachedBatch[] = []
    let bytes = 0
    for (let at = first; at < line.batches.length; at++) {
      const batch = line.batches[at] as CachedBatch
      if (found.length > 0 && bytes + batch.bytes.length > maxBytes) break
      const isGap = at > first && line.batches[at - 1]?.nextOffset !== batch.baseOffset
      if (isGap || batch.baseOffset >= end) break
      batch.hold.retain()
      found.push(batch)
      bytes += batch.bytes.length
    }
    return found
  }

  /** Forgets a partition: it was deleted, or what is cached does not join what comes. */
  drop(partitionId: number): void {
    this.dropBelow(partitionId, Infinity)
  }

  /** Forgets batches that end at or below `offset`: what is stored of them changed. */
  dropBelow(partitionId: number, offset: number): void {
    const line = this.#lines.get(partitionId)
    const first = line?.batches[line.head]
    if (line === undefined || first === undefined || first.nextOffset > offset) return
    const left = line.batches.slice(line.head).filter((batch) => (batch?.nextOffset ?? 0) > offset)
    if (left.length === 0) this.#lines.delete(partitionId)
    else this.#lines.set(partitionId, { batches: left, head: 0 })
    const staying = new Set(left)
    const dropped = new Set(line.batches.filter((batch) => !staying.has(batch)))
    const kept: CachedBatch[] = []
    for (let at = this.#oldest; at < this.#queue.length; at++) {
      const batch = this.#queue[at] as CachedBatch
      if (dropped.has(batch)) this.#uncount(batch)
      else kept.push(batch)
    }
    this.#queue = kept
    this.#oldest = 0
  }

  clear(): void {
    for (const partitionId of [...this.#lines.keys()]) this.drop(partitionId)
  }

  #copied(
    partitionId: number,
    baseOffset: number,
    nextOffset: number,
    source: Uint8Array,
  ): CachedBatch {
    if (this.#arena.used + source.length > arenaBytes) this.#arena = new Arena()
    const arena = this.#arena
    const bytes = arena.bytes.subarray(arena.used, arena.used + source.length)
    bytes.set(source)
    arena.used += source.length
    return { partitionId, baseOffset, nextOffset, bytes, hold: arena }
  }

  #count({ hold, bytes }: CachedBatch): void {
    if (hold === unpooled) {
      this.#bytes += bytes.length
      return
    }
    const sharers = this.#sharers.get(hold) ?? 0
    if (sharers === 0) this.#bytes += hold.capacity
    this.#sharers.set(hold, sharers + 1)
  }

  #uncount({ hold, bytes }: CachedBatch): void {
    if (hold === unpooled) {
      this.#bytes -= bytes.length
      return
    }
    const sharers = (this.#sharers.get(hold) ?? 0) - 1
    if (sharers > 0) this.#sharers.set(hold, sharers)
    else {
      this.#sharers.delete(hold)
      this.#bytes -= hold.capacity
    }
    hold.release()
  }

  #evictOldest(): void {
    const batch = this.#queue[this.#oldest] as CachedBatch
    this.#oldest++
    if (this.#oldest > 1_024 && this.#oldest * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#oldest)
      this.#oldest = 0
    }
    const line = this.#lines.get(batch.partitionId)
    if (line !== undefined && line.batches[line.head] === batch) {
      line.batches[line.head] = undefined
      line.head++
      if (line.head === line.batches.length) this.#lines.delete(batch.partitionId)
      else if (line.head > 1_024 && line.head * 2 > line.batches.length) {
        line.batches = line.batches.slice(line.head)
        line.head = 0
      }
    }
    this.#uncount(batch)
  }
}

/** Index of the batch that holds `offset`; -1 where none does. */
function findBatch(line: Line, offset: number): number {
  const { batches, head } = line
  const first = batches[head]
  const last = batches.at(-1)
  if (first === undefined || last === undefined) return -1
  if (offset < first.baseOffset || offset >= last.nextOffset) return -1
  let low = head
  let high = batches.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((batches[middle] as CachedBatch).nextOffset > offset) high = middle
    else low = middle + 1
  }
  return (batches[low] as CachedBatch).baseOffset <= offset ? low : -1
}
