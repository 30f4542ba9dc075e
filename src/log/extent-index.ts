/** Packed runs by offset, read from the catalog in pages and kept while there is room. */
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Run } from '../catalog/manifest.ts'
import { extents } from '../catalog/schema.ts'

/** Extents read at once: one page covers gigabytes of a partition. */
const pageRows = 1_000
/** Pages kept; the least recently used goes first. About 150 bytes an extent. */
const pagesMax = 256

interface Page {
  readonly partitionId: number
  readonly runs: readonly Run[]
  /** Offsets from here … */
  readonly from: number
  /** … to here are answered by this page. */
  readonly to: number
}

export class ExtentIndex {
  readonly #database: CatalogDatabase
  /** In the order of use, oldest first. */
  readonly #pages = new Set<Page>()
  readonly #byPartition = new Map<number, Page[]>()
  /** Under way; what is forgotten meanwhile must not come back with them. */
  readonly #loads = new Set<{ readonly partitionId: number; isForgotten: boolean }>()

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /**
   * The packed run that holds `offset`, or the next one; undefined where none follows.
   *
   * @throws Failure 'unavailable': the catalog did not answer.
   */
  async find(partitionId: number, offset: number): Promise<Run | undefined> {
    const known = this.#byPartition
      .get(partitionId)
      ?.find((page) => page.from <= offset && offset < page.to)
    if (known !== undefined) {
      this.#pages.delete(known)
      this.#pages.add(known)
    }
    const { runs } = known ?? (await this.#load(partitionId, offset))
    return runs[firstBehind(runs, offset)]
  }

  /** Forgets what is known of a partition: its extents were replaced or dropped. */
  forget(partitionId: number): void {
    for (const load of this.#loads) if (load.partitionId === partitionId) load.isForgotten = true
    for (const page of this.#byPartition.get(partitionId) ?? []) this.#pages.delete(page)
    this.#byPartition.delete(partitionId)
  }

  async #load(partitionId: number, offset: number): Promise<Page> {
    const load = { partitionId, isForgotten: false }
    this.#loads.add(load)
    try {
      const runs = await this.#database.snapshot('read extents', async (tx) => {
        const prefix = [partitionId]
        const holding = { prefix, from: [offset], limit: 1, descending: true }
        const [first] = await tx.scan(extents, holding)
        return tx.scan(extents, { prefix, from: [first?.baseOffset ?? offset], limit: pageRows })
      })
      const from = Math.min(runs[0]?.baseOffset ?? offset, offset)
      const to = runs.at(-1)?.nextOffset ?? offset
      const page: Page = { partitionId, runs, from, to }
      if (runs.length > 0 && !load.isForgotten) this.#keep(page)
      return page
    } finally {
      this.#loads.delete(load)
    }
  }

  #keep(page: Page): void {
    this.#pages.add(page)
    const others = this.#byPartition.get(page.partitionId)
    if (others === undefined) this.#byPartition.set(page.partitionId, [page])
    else others.push(page)
    if (this.#pages.size <= pagesMax) return
    for (const oldest of this.#pages) {
      this.#pages.delete(oldest)
      const kept = this.#byPartition.get(oldest.partitionId)?.filter((each) => each !== oldest)
      if (kept === undefined || kept.length === 0) this.#byPartition.delete(oldest.partitionId)
      else this.#byPartition.set(oldest.partitionId, kept)
      return
    }
  }
}

/** Index of the first run that ends behind `offset`. */
function firstBehind(runs: readonly Run[], offset: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle] as Run).nextOffset > offset) high = middle
    else low = middle + 1
  }
  return low
}
