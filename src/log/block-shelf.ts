/**
 * Runs read from storage, kept while there is room: what somebody has read to its end goes first,
 * then what was not used for longest. One read per run however many ask (single flight), and a
 * bound on reads under way. What is likely to be asked for next may be read ahead, within bounds of
 * its own.
 */
import { Failure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { type Block, blockOf, type RunKind } from './block.ts'
import { markerBatch } from './marker-batch.ts'

export interface BlockSource {
  /** @throws Failure 'not-found' | 'corrupt' | 'unavailable' */
  read(run: Run): Promise<{ readonly kind: RunKind; readonly bytes: Uint8Array }>
}

export interface BlockShelfOptions {
  /** Of blocks that are kept. */
  readonly maxBytes: number
  /** Reads of storage under way at once; more wait in line. */
  readonly readsMax: number
  /** Of them, reads ahead; more are not begun. */
  readonly aheadMax: number
  readonly source: BlockSource
}

/** A marker has no bytes in any storage. */
const blockOfMarker = (run: Run): Block => {
  return { bytes: markerBatch(run), positions: [0], nextOffsets: [run.nextOffset] }
}

/** So much of a shelf may be what nobody has asked for yet. */
const guessedShare = 0.5

export interface BlockStats {
  readonly bytes: number
  readonly hits: number
  readonly misses: number
  /** Reads that nobody had asked for yet. */
  readonly ahead: number
}

const keyOf = ({ objectId, position }: Run): string => `${objectId}:${position}`

/** Reads waiting in line; beyond, fetches are told to come again. */
const waitingMax = 10_000

export class BlockShelf {
  readonly #options: BlockShelfOptions
  /** In the order of use, oldest first. */
  readonly #blocks = new Map<string, Block>()
  /** Read to the end by somebody; in the order of that. They go before all others. */
  readonly #ended = new Map<string, Block>()
  readonly #flights = new Map<string, Promise<Block>>()
  readonly #waiting: (() => void)[] = []
  /** Read ahead and not asked for yet, by bytes: so much of the shelf is a guess. */
  readonly #guessed = new Map<string, number>()
  #guessedBytes = 0
  #guessing = 0
  #reading = 0
  #bytes = 0
  #hits = 0
  #misses = 0
  #ahead = 0

  constructor(options: BlockShelfOptions) {
    this.#options = options
  }

  get stats(): BlockStats {
    return {
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
      ahead: this.#ahead,
    }
  }

  /**
   * The run's batches, from memory or storage.
   *
   * @throws Failure 'not-found': its object is gone, look at the index again. 'corrupt' | 'unavailable'
   *   | 'overloaded': too many reads wait.
   */
  read(run: Run): Promise<Block> {
    if (run.marker !== undefined) return Promise.resolve(blockOfMarker(run))
    const key = keyOf(run)
    this.#asked(key)
    const cached = this.#blocks.get(key) ?? this.#ended.get(key)
    if (cached !== undefined) {
      this.#hits++
      this.#blocks.delete(key)
      this.#ended.delete(key)
      this.#blocks.set(key, cached)
      return Promise.resolve(cached)
    }
    this.#misses++
    const flight = this.#flights.get(key) ?? this.#begin(key, run)
    return flight
  }

  /** True where a read would not wait for storage. */
  has(run: Run): boolean {
    const key = keyOf(run)
    return run.marker !== undefined || this.#blocks.has(key) || this.#ended.has(key)
  }

  /** A reader came to the run's end: others may follow, but it is the first to go. */
  end(run: Run): void {
    const key = keyOf(run)
    const block = this.#blocks.get(key)
    if (block === undefined) return
    this.#blocks.delete(key)
    this.#ended.set(key, block)
  }

  /**
   * Begins to read a run that is likely to be asked for; what comes of it is seen when it is. False
   * where there is no room for more guesses.
   */
  readAhead(run: Run): boolean {
    const key = keyOf(run)
    if (this.has(run) || this.#flights.has(key)) return true
    const { maxBytes, aheadMax } = this.#options
    const isTooMuch = this.#guessedBytes + run.length > maxBytes * guessedShare
    if (isTooMuch || this.#guessing >= aheadMax || this.#reading >= this.#options.readsMax) {
      return false
    }
    this.#guessed.set(key, run.length)
    this.#guessedBytes += run.length
    this.#guessing++
    this.#ahead++
    this.#begin(key, run)
      .catch(() => this.#asked(key)) // whoever asks tries again, and hears why
      .finally(() => this.#guessing--)
    return true
  }

  #asked(key: string): void {
    this.#guessedBytes -= this.#guessed.get(key) ?? 0
    this.#guessed.delete(key)
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
    const isThere = this.#blocks.has(key) || this.#ended.has(key)
    if (isThere || block.bytes.length > this.#options.maxBytes) return
    this.#blocks.set(key, block)
    this.#bytes += block.bytes.length
    for (const blocks of [this.#ended, this.#blocks]) {
      for (const [oldest, { bytes }] of blocks) {
        if (this.#bytes <= this.#options.maxBytes) return
        blocks.delete(oldest)
        this.#bytes -= bytes.length
        this.#asked(oldest)
      }
    }
  }
}
