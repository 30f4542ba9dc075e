/**
 * Runs read from storage, kept while there is room, least recently used out first. One read per run
 * however many ask (single flight), and a bound on reads under way, so that catch-up cannot starve
 * the rest.
 */
import { Failure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { type Block, blockOf, type RunKind } from './block.ts'
import { markerBatch } from './marker-batch.ts'

export interface BlockSource {
  /** @throws Failure 'not-found' | 'corrupt' | 'unavailable' */
  read(run: Run): Promise<{ readonly kind: RunKind; readonly bytes: Uint8Array }>
}

export interface BlockCacheOptions {
  /** `block.cache.bytes`. */
  readonly maxBytes: number
  /** Reads of storage under way at once; more wait in line. */
  readonly readsMax: number
  readonly source: BlockSource
}

/** A marker has no bytes in any storage. */
const blockOfMarker = (run: Run): Block => {
  return { bytes: markerBatch(run), positions: [0], nextOffsets: [run.nextOffset] }
}

/** Reads waiting in line; beyond, fetches are told to come again. */
const waitingMax = 10_000

export class BlockCache {
  readonly #options: BlockCacheOptions
  /** In the order of use, oldest first. */
  readonly #blocks = new Map<string, Block>()
  readonly #flights = new Map<string, Promise<Block>>()
  readonly #waiting: (() => void)[] = []
  #reading = 0
  #bytes = 0
  #hits = 0
  #misses = 0

  constructor(options: BlockCacheOptions) {
    this.#options = options
  }

  get stats(): { readonly bytes: number; readonly hits: number; readonly misses: number } {
    return { bytes: this.#bytes, hits: this.#hits, misses: this.#misses }
  }

  /**
   * The run's batches, from memory or storage.
   *
   * @throws Failure 'not-found': its object is gone, look at the index again. 'corrupt' | 'unavailable'
   *   | 'overloaded': too many reads wait.
   */
  read(run: Run): Promise<Block> {
    if (run.marker !== undefined) return Promise.resolve(blockOfMarker(run))
    const key = `${run.objectId}:${run.position}`
    const cached = this.#blocks.get(key)
    if (cached !== undefined) {
      this.#hits++
      this.#blocks.delete(key)
      this.#blocks.set(key, cached)
      return Promise.resolve(cached)
    }
    this.#misses++
    const flight = this.#flights.get(key) ?? this.#begin(key, run)
    return flight
  }

  #begin(key: string, run: Run): Promise<Block> {
    const flight = this.#load(run).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight.then((block) => {
      this.#keep(key, block)
      return block
    })
  }

  async #load(run: Run): Promise<Block> {
    if (this.#reading < this.#options.readsMax) this.#reading++
    else if (this.#waiting.length < waitingMax) {
      await new Promise<void>((go) => this.#waiting.push(go)) // with the place of one that ended
    } else throw new Failure('overloaded', `${waitingMax} reads of storage wait already`)
    try {
      const { kind, bytes } = await this.#options.source.read(run)
      return blockOf(run, kind, bytes)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#reading--
      else next()
    }
  }

  #keep(key: string, block: Block): void {
    if (this.#blocks.has(key) || block.bytes.length > this.#options.maxBytes) return
    this.#blocks.set(key, block)
    this.#bytes += block.bytes.length
    for (const [oldest, { bytes }] of this.#blocks) {
      if (this.#bytes <= this.#options.maxBytes) return
      this.#blocks.delete(oldest)
      this.#bytes -= bytes.length
    }
  }
}
