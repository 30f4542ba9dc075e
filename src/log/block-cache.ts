/**
 * Blocks for those who follow and for those who catch up, apart: who reads everything there is must
 * neither push out what followers are about to read, nor stand before them in line. Who reads a
 * partition in its order is read ahead for, further with each step.
 */
import type { Run } from '../catalog/manifest.ts'
import type { Block } from './block.ts'
import { type BlockSource, type BlockStats, BlockShelf } from './block-shelf.ts'
import { isOfJournal } from './stored-runs.ts'
import { SequentialReads } from './sequential-reads.ts'

export interface BlockCacheOptions {
  /** `block.cache.bytes`: half for what is not packed yet, half for what is. */
  readonly maxBytes: number
  /** Reads of storage under way at once, for each. */
  readonly readsMax: number
  readonly source: BlockSource
}

/** The packed run behind one, as the catalog knows it. */
export type NextRun = (run: Run) => Promise<Run | undefined>

/** Runs looked at for one step of a reader: a partition that trickles has many small ones. */
const aheadRunsMax = 16

export class BlockCache {
  readonly #fresh: BlockShelf
  readonly #packed: BlockShelf
  readonly #sequential = new SequentialReads()

  constructor({ maxBytes, readsMax, source }: BlockCacheOptions) {
    const half = { maxBytes: maxBytes / 2, readsMax, source }
    this.#fresh = new BlockShelf({ ...half, aheadMax: 0 })
    this.#packed = new BlockShelf({ ...half, aheadMax: Math.ceil(readsMax / 2) })
  }

  get stats(): BlockStats {
    const [a, b] = [this.#fresh.stats, this.#packed.stats]
    return {
      bytes: a.bytes + b.bytes,
      hits: a.hits + b.hits,
      misses: a.misses + b.misses,
      ahead: a.ahead + b.ahead,
    }
  }

  /** See BlockShelf.read. */
  read(run: Run): Promise<Block> {
    return isPacked(run) ? this.#packed.read(run) : this.#fresh.read(run)
  }

  /**
   * As `read`, for a reader that goes on behind the run: what follows is read ahead where readers
   * came here in order. `nextRun` is asked for packed runs only.
   */
  readThrough(run: Run, nextRun: NextRun): Promise<Block> {
    const reading = this.read(run)
    if (!isPacked(run)) return reading
    const window = this.#sequential.windowBehind(run)
    // A guess that fails is no failure of the reader.
    if (window > 0) this.#readAhead(run, window, nextRun).catch(() => undefined)
    return reading
  }

  /** See BlockShelf.has. */
  has(run: Run): boolean {
    return isPacked(run) ? this.#packed.has(run) : this.#fresh.has(run)
  }

  /** See BlockShelf.end. */
  end(run: Run): void {
    if (isPacked(run)) this.#packed.end(run)
    else this.#fresh.end(run)
  }

  /** Begins to read a packed run that a reader will ask for, where there is room for a guess. */
  prepare(run: Run): void {
    if (isPacked(run)) this.#packed.readAhead(run)
  }

  async #readAhead(run: Run, window: number, nextRun: NextRun): Promise<void> {
    let last = run
    for (let bytes = 0, runs = 0; bytes < window && runs < aheadRunsMax; runs++) {
      const next = await nextRun(last)
      if (next === undefined || !isPacked(next) || !this.#packed.readAhead(next)) return
      bytes += next.length
      last = next
    }
  }
}

const isPacked = ({ objectId, marker }: Run): boolean =>
  marker === undefined && !isOfJournal(objectId)
