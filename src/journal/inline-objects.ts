/**
 * Groups whose bytes are in the catalog, as readers want them: one query brings many neighbours,
 * because whoever packs, or follows, wants those that come next, too. Least recently used out
 * first.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { readInlineFrom } from '../catalog/inline-data.ts'

/** Rows of one query: of the largest groups some four mebibytes. */
const rowsPerRead = 64

export class InlineObjects {
  readonly #database: CatalogDatabase
  readonly #maxBytes: number
  /** Sizes of those that are named and not packed, of all brokers. */
  readonly #lengths = new Map<string, number>()
  #unpackedBytes = 0
  /** In the order of use, oldest first. */
  readonly #kept = new Map<string, Uint8Array>()
  #bytes = 0
  /** One query at a time: the next reader mostly finds its group in what this one brings. */
  #reading: Promise<unknown> | undefined

  constructor(database: CatalogDatabase, maxBytes: number) {
    this.#database = database
    this.#maxBytes = maxBytes
  }

  /** Bytes in the catalog that are not packed yet, as far as is known here. */
  get unpackedBytes(): number {
    return this.#unpackedBytes
  }

  learn(objectId: string, length: number): void {
    if (this.#lengths.has(objectId)) return
    this.#lengths.set(objectId, length)
    this.#unpackedBytes += length
  }

  forget(objectId: string): void {
    this.#unpackedBytes -= this.#lengths.get(objectId) ?? 0
    this.#lengths.delete(objectId)
    this.#bytes -= this.#kept.get(objectId)?.length ?? 0
    this.#kept.delete(objectId)
  }

  /** All bytes of the group. @throws Failure 'not-found': packed and dropped. 'unavailable'. */
  async get(objectId: string): Promise<Uint8Array> {
    for (;;) {
      const kept = this.#use(objectId)
      if (kept !== undefined) return kept
      if (this.#reading === undefined) return this.#read(objectId)
      await this.#reading
    }
  }

  #use(objectId: string): Uint8Array | undefined {
    const kept = this.#kept.get(objectId)
    if (kept === undefined) return undefined
    this.#kept.delete(objectId)
    this.#kept.set(objectId, kept)
    return kept
  }

  async #read(objectId: string): Promise<Uint8Array> {
    const reading = readInlineFrom(this.#database, objectId, rowsPerRead)
    this.#reading = reading.catch(() => undefined)
    try {
      const found = await reading
      for (const each of found) this.#keep(each.objectId, each.bytes)
      const own = found.find((each) => each.objectId === objectId)
      if (own === undefined) throw new Failure('not-found', `no inline object ${objectId}`)
      return own.bytes
    } finally {
      this.#reading = undefined
    }
  }

  #keep(objectId: string, bytes: Uint8Array): void {
    if (this.#kept.has(objectId)) return
    this.#kept.set(objectId, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return
      this.#kept.delete(oldest)
      this.#bytes -= length
    }
  }
}
