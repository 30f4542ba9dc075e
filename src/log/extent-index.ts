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
  #pages: Page[] = []

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /**
   * The packed run that holds `offset`, or the next one; undefined where none follows.
   *
   * @throws Failure 'unavailable': the catalog did not answer.
   */
  async find(partitionId: number, offset: number): Promise<Run | undefined> {
    const known = this.#pages.findIndex(
      (page) => page.partitionId === partitionId && page.from <= offset && offset < page.to,
    )
    const page = known === -1 ? await this.#load(partitionId, offset) : this.#touch(known)
    return page.runs.find((run) => run.nextOffset > offset)
  }

  /** Forgets what is known of a partition: its extents were replaced or dropped. */
  forget(partitionId: number): void {
    this.#pages = this.#pages.filter((page) => page.partitionId !== partitionId)
  }

  #touch(index: number): Page {
    const [page] = this.#pages.splice(index, 1)
    this.#pages.push(page as Page)
    return page as Page
  }

  async #load(partitionId: number, offset: number): Promise<Page> {
    const runs = await this.#database.snapshot('read extents', async (tx) => {
      const prefix = [partitionId]
      const holding = { prefix, from: [offset], limit: 1, descending: true }
      const [first] = await tx.scan(extents, holding)
      return tx.scan(extents, { prefix, from: [first?.baseOffset ?? offset], limit: pageRows })
    })
    const from = Math.min(runs[0]?.baseOffset ?? offset, offset)
    const to = runs.at(-1)?.nextOffset ?? offset
    const page: Page = { partitionId, runs, from, to }
    if (runs.length > 0) {
      this.#pages.push(page)
      if (this.#pages.length > pagesMax) this.#pages.shift()
    }
    return page
  }
}
