/** Fills a packed object with extents that hold the bytes of neighbours, of many partitions. */
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'
import type { PackedExtent } from '../catalog/pack-swap.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'
import type { CompactedOwner } from './compact-write.ts'
import {
  encodePackedFooter,
  encodePackedHeader,
  type FooterExtent,
  packedHeaderBytes,
  type PackedIdentity,
} from './packed-object.ts'

export interface MergedExtent {
  readonly partitionId: number
  readonly replaced: readonly ExtentRow[]
  readonly extent: PackedExtent
}

export class MergeObject {
  readonly #chunks: Uint8Array[] = []
  readonly #merged: MergedExtent[] = []
  readonly #index: FooterExtent[] = []
  readonly #topics = new Map<string, string>()
  #position = packedHeaderBytes

  /** Of the object so far, without its footer. */
  get byteLength(): number {
    return this.#position
  }

  get merged(): readonly MergedExtent[] {
    return this.#merged
  }

  /**
   * @param replaced neighbours, of one leader epoch, and their bytes.
   * @throws Failure 'corrupt': a batch is damaged; nothing was added.
   */
  add(
    partitionId: number,
    owner: CompactedOwner,
    replaced: readonly ExtentRow[],
    bytes: readonly Uint8Array[],
  ): void {
    for (const [at, chunk] of bytes.entries()) prove(replaced[at], chunk)
    const [first] = replaced
    if (first === undefined) return
    const body = Buffer.concat(bytes)
    const extent: PackedExtent = {
      baseOffset: first.baseOffset,
      nextOffset: replaced.at(-1)?.nextOffset ?? first.nextOffset,
      position: this.#position,
      length: body.length,
      maxTimestampMs: Math.max(...replaced.map((each) => each.maxTimestampMs)),
      leaderEpoch: first.leaderEpoch,
    }
    const { topicId, topicName, partitionIndex } = owner
    this.#topics.set(topicId, topicName)
    this.#index.push({ topicId, partitionIndex, ...extent, checksum: crc32c(body) })
    this.#merged.push({ partitionId, replaced, extent })
    this.#chunks.push(body)
    this.#position += body.length
  }

  /** Nothing may be added afterwards. */
  end(identity: PackedIdentity): { readonly chunks: readonly Uint8Array[]; readonly size: number } {
    const header = encodePackedHeader(identity)
    const footer = encodePackedFooter(
      { topics: this.#topics, extents: this.#index },
      this.#position,
    )
    return { chunks: [header, ...this.#chunks, footer], size: this.#position + footer.length }
  }
}

/** Damage must not get a new checksum. */
function prove(extent: ExtentRow | undefined, bytes: Uint8Array): void {
  try {
    if (bytes.length !== extent?.length) throw new Failure('corrupt', `${bytes.length} bytes`)
    forEachBatch(bytes, (at) => checkBatchCrc(bytes, at))
  } catch (error) {
    const { message } = error as Error
    throw new Failure('corrupt', `${extent?.objectId} at ${extent?.position}: ${message}`, error)
  }
}
