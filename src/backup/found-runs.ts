/** Everything that was found of each partition, wherever it lies, as pieces of its log. */
import { isFailure } from '../base/errors.ts'
import type { CatalogReader } from '../catalog/database.ts'
import { isInline } from '../catalog/group-objects.ts'
import { decodeManifest, markerRun, type Run } from '../catalog/manifest.ts'
import { packedNumberOf } from '../catalog/pack-swap.ts'
import { type CommitLogRow, type ExtentRow, topics } from '../catalog/schema.ts'
import { toTopic } from '../catalog/topics.ts'
import type { DecidedGroup } from '../journal/decided-groups.ts'
import { objectKey } from '../log/stored-runs.ts'
import { lastOffsetDeltaOf, maxTimestampOf } from '../record/batch-header.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'
import {
  type FoundGroup,
  type FoundObjects,
  groupName,
  type StoreOfCluster,
} from './found-objects.ts'
import type { Piece } from './log-chain.ts'

/** Partition ids by topic id and index. */
export type PartitionIds = ReadonlyMap<string, readonly number[]>

export async function readPartitionIds(
  catalog: CatalogReader,
): Promise<Map<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>()
  const limit = 1_000
  for (let after: string | undefined; ;) {
    const range = { prefix: [], limit }
    const page = await catalog.snapshot('read topics', (tx) =>
      tx.scan(topics, after === undefined ? range : { ...range, after: [after] }),
    )
    for (const row of page) {
      if (row.deletedMs === null) found.set(row.topicId, toTopic(row).partitionIds)
    }
    after = page.at(-1)?.topicId
    if (page.length < limit) return found
  }
}

/** A group whose bytes are there, and of which no object tells what became of it. */
export interface Undecided {
  readonly objectId: string
  readonly batches: number
  readonly bytes: number
}

export class FoundRuns {
  readonly #ids: PartitionIds
  readonly #pieces = new Map<number, Piece[]>()
  readonly undecided: Undecided[] = []
  /** Topics that are named by objects and that nobody knows the name of. */
  readonly unknownTopics: Set<string> = new Set()

  constructor(ids: PartitionIds) {
    this.#ids = ids
  }

  of(partitionId: number): readonly Piece[] {
    return this.#pieces.get(partitionId) ?? []
  }

  #add(partitionId: number, piece: Piece): void {
    const known = this.#pieces.get(partitionId)
    if (known === undefined) this.#pieces.set(partitionId, [piece])
    else known.push(piece)
  }

  #partition(topicId: string, index: number): number | undefined {
    const found = this.#ids.get(topicId)?.[index]
    if (found === undefined) this.unknownTopics.add(topicId)
    return found
  }

  /** Extents that packed objects tell of. */
  addPacked({ packed }: FoundObjects): void {
    for (const { objectId, number, footer, isNew } of packed) {
      for (const { topicId, partitionIndex, checksum: _, ...place } of footer.extents) {
        // An older object may hold what a topic left that was deleted.
        const partitionId = isNew
          ? this.#partition(topicId, partitionIndex)
          : this.#ids.get(topicId)?.[partitionIndex]
        if (partitionId === undefined) continue
        const run: Run = { partitionId, objectId, ...place }
        this.#add(partitionId, { run, isPacked: true, rank: number })
      }
    }
  }

  /** Groups that the catalog names, where their bytes are there. */
  addNamed(rows: readonly CommitLogRow[], isThere: (row: CommitLogRow) => boolean): void {
    for (const row of rows) {
      if (row.state !== 'committed' || (row.objectId !== '' && !isThere(row))) continue
      for (const run of decodeManifest(row.manifest, row.objectId, row.position)) {
        this.#add(run.partitionId, { run, isPacked: false, rank: -1 })
      }
    }
  }

  /** Markers that groups without bytes wrote, as later objects tell. */
  addMarkers(decided: Iterable<DecidedGroup>): void {
    for (const { state, markers, leaderEpoch } of decided) {
      if (state !== 'committed') continue
      for (const { topicId, partitionIndex, offset, marker } of markers) {
        const partitionId = this.#partition(topicId, partitionIndex)
        if (partitionId === undefined) continue
        const run = markerRun(partitionId, offset, marker, leaderEpoch)
        this.#add(partitionId, { run, isPacked: false, rank: -1 })
      }
    }
  }

  /**
   * A group that the catalog does not name. Its batches count where a later object tells which
   * offsets they got; what is damaged of it does not. Resolves with why nothing of it counts.
   *
   * @throws Failure 'unavailable'
   */
  async addGroup(
    { objects, clusterId }: StoreOfCluster,
    group: FoundGroup,
    decided: ReadonlyMap<string, DecidedGroup>,
  ): Promise<string | undefined> {
    const { objectId, size, header, headerBytes } = group
    const known = decided.get(groupName(header.id))
    const batches = header.runs.reduce((sum, run) => sum + run.batches, 0)
    if (known === undefined) {
      this.undecided.push({ objectId, batches, bytes: header.byteLength })
      return undefined
    }
    if (known.state === 'cancelled') return undefined
    try {
      const bytes = await objects.read(objectKey(clusterId, objectId), 0, size)
      this.#addBatches(group, known, bytes.subarray(0, size), headerBytes)
      return undefined
    } catch (error) {
      if (isFailure(error, 'corrupt') || isFailure(error, 'not-found')) return error.message
      throw error
    }
  }

  #addBatches(
    { objectId, header }: FoundGroup,
    { outcomes, leaderEpoch }: DecidedGroup,
    bytes: Uint8Array,
    headerBytes: number,
  ): void {
    let batch = 0
    let from = headerBytes
    for (const { topicId, partitionIndex, length } of header.runs) {
      const partitionId = this.#partition(topicId, partitionIndex)
      const part = bytes.subarray(from, from + length)
      forEachBatch(part, (at, size) => {
        const outcome = outcomes[batch++]
        if (outcome?.outcome !== 'appended' || partitionId === undefined) return
        checkBatchCrc(part, at)
        const { baseOffset } = outcome
        const nextOffset = baseOffset + lastOffsetDeltaOf(part, at) + 1
        const place = { objectId, position: from + at, length: size }
        const maxTimestampMs = maxTimestampOf(part, at)
        const offsets = { partitionId, baseOffset, nextOffset }
        const run: Run = { ...offsets, ...place, maxTimestampMs, leaderEpoch }
        this.#add(partitionId, { run, isPacked: false, rank: -1 })
      })
      from += length
    }
  }
}

/** Extents that the catalog names, where their bytes are there. */
export function namedPieces(
  rows: readonly ExtentRow[],
  sizes: ReadonlyMap<string, number>,
): Piece[] {
  return rows.flatMap((row) => {
    const { createdMs: _, ...run } = row
    const isThere = run.position + run.length <= (sizes.get(row.objectId) ?? -1)
    return isThere ? [{ run, isPacked: true, rank: packedNumberOf(row.objectId) ?? 0 }] : []
  })
}

/** Whether the bytes of a named group are there, as far as lists tell. */
export const isGroupThere =
  (sizes: ReadonlyMap<string, number>, isFleet: boolean) =>
  ({ objectId, position, length }: CommitLogRow): boolean =>
    !isFleet || isInline(objectId) || (sizes.get(objectId) ?? -1) >= position + length
