/**
 * How many bytes of a partition are kept: its batches as they lie in journal and packed objects,
 * and are not below the log start. What else an object holds is its other partitions'.
 */
import { type CatalogDatabase, catalogLimits } from '../catalog/database.ts'
import { extents } from '../catalog/schema.ts'
import type { PartitionLog } from './partition-log.ts'

/** Partitions whose packed bytes are remembered: they change with packing and retention only. */
const rememberedMax = 10_000

/** Packing may go on while extents are read: the sum is made again so often. */
const attemptsMax = 3

interface Packed {
  readonly packedEnd: number
  readonly logStart: number
  readonly bytes: number
}

export class PartitionSizes {
  readonly #database: CatalogDatabase
  readonly #packed = new Map<number, Packed>()

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /** @throws Failure 'unavailable': the catalog did not answer. */
  async sizeOf(log: PartitionLog): Promise<number> {
    let packedBytes = await this.#packedBytes(log)
    for (let attempt = 1; attempt < attemptsMax && !this.#isCurrent(log); attempt++) {
      packedBytes = await this.#packedBytes(log)
    }
    const tail = log.tail.filter(({ nextOffset }) => nextOffset > log.logStart)
    return tail.reduce((sum, { length }) => sum + length, packedBytes)
  }

  #isCurrent({ partitionId, packedEnd, logStart }: PartitionLog): boolean {
    if (packedEnd <= logStart) return true
    const known = this.#packed.get(partitionId)
    return known?.packedEnd === packedEnd && known.logStart === logStart
  }

  async #packedBytes(log: PartitionLog): Promise<number> {
    const { partitionId, packedEnd, logStart } = log
    if (packedEnd <= logStart) return 0
    const known = this.#packed.get(partitionId)
    if (known !== undefined && this.#isCurrent(log)) return known.bytes
    const bytes = await this.#read(partitionId, logStart, packedEnd)
    this.#packed.delete(partitionId)
    this.#packed.set(partitionId, { packedEnd, logStart, bytes })
    for (const oldest of this.#packed.keys()) {
      if (this.#packed.size <= rememberedMax) break
      this.#packed.delete(oldest)
    }
    return bytes
  }

  /** What lies from `packedEnd` on is in the tail still. */
  async #read(partitionId: number, logStart: number, packedEnd: number): Promise<number> {
    return this.#database.snapshot('read extents', async (tx) => {
      const range = { prefix: [partitionId], before: [packedEnd], limit: catalogLimits.scanRowsMax }
      let bytes = 0
      for (let after: number | undefined; ;) {
        const page = await tx.scan(
          extents,
          after === undefined ? range : { ...range, after: [after] },
        )
        for (const { nextOffset, length } of page) if (nextOffset > logStart) bytes += length
        if (page.length < range.limit) return bytes
        after = page.at(-1)?.baseOffset
      }
    })
  }
}
