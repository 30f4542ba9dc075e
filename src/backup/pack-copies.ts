/** Groups and markers that were recovered, packed into objects that are named like any other. */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Run } from '../catalog/manifest.ts'
import { claimPackedObject } from '../catalog/pack-swap.ts'
import { packedBytesOf } from '../log/marker-batch.ts'
import { fillObject, PackMemory, type ReadPlan, readPlans } from '../log/pack-write.ts'
import type { PackTopic, PartPlan } from '../log/pack-plan.ts'
import { PartitionLog } from '../log/partition-log.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { Journal } from '../journal/journal.ts'
import type { StoreOfCluster } from './found-objects.ts'
import type { RescuedLog } from './rescue-log.ts'

/** As brokers pack: one put, and the memory that it takes. */
const objectBytesMax = 64 * 1024 * 1024

export interface Copied {
  /** By partition, in the order of offsets. */
  readonly runs: ReadonlyMap<number, readonly Run[]>
  /** Sizes of the objects that were made. */
  readonly sizes: ReadonlyMap<string, number>
}

/**
 * The objects are claimed, and not named yet.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': what was stored is swept later.
 */
export async function packCopies(
  database: CatalogDatabase,
  { objects, clusterId }: StoreOfCluster,
  journal: Pick<Journal, 'read'>,
  logs: readonly { readonly log: RescuedLog; readonly topic: PackTopic }[],
  nowMs: number,
): Promise<Copied> {
  const runs = new Map<number, Run[]>()
  const sizes = new Map<string, number>()
  const memory = new PackMemory()
  for (const parts of plansOf(logs)) {
    const { objectId, number } = await claimPackedObject(database, nowMs)
    const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0)
    const identity = { clusterId, number, createdMs: nowMs }
    const damaged = (run: Run): never => {
      const text = `${run.objectId} cannot be read any more: run the rescue again`
      throw new Failure('unavailable', text)
    }
    const pause = (): Promise<void> => Promise.resolve()
    const { read } = await readPlans(journal, [{ parts, byteLength }], memory, damaged)
    const filled = await fillObject(read[0] as ReadPlan, identity, damaged, pause)
    await objects.put(objectKey(clusterId, objectId), filled.chunks)
    sizes.set(objectId, filled.size)
    for (const { partitionId, extents } of filled.parts) {
      const own = runs.get(partitionId) ?? []
      runs.set(partitionId, own)
      for (const extent of extents) own.push({ ...extent, partitionId, objectId })
    }
  }
  return { runs, sizes }
}

/** What goes into each object; more than one object's worth of a partition is divided. */
function* plansOf(
  logs: readonly { readonly log: RescuedLog; readonly topic: PackTopic }[],
): Generator<PartPlan[], void, undefined> {
  let parts: PartPlan[] = []
  let bytes = 0
  for (const { log, topic } of logs) {
    let runs: Run[] = []
    let partBytes = 0
    const partOf = (): PartPlan => {
      const fromOffset = runs[0]?.baseOffset ?? 0
      const toOffset = runs.at(-1)?.nextOffset ?? fromOffset
      const partition = new PartitionLog(log.row)
      return { log: partition, topic, fromOffset, toOffset, runs, byteLength: partBytes }
    }
    for (const run of log.copies) {
      const runBytes = packedBytesOf(run)
      if (bytes + partBytes + runBytes > objectBytesMax && bytes + partBytes > 0) {
        if (runs.length > 0) parts.push(partOf())
        yield parts
        ;[parts, bytes, runs, partBytes] = [[], 0, [], 0]
      }
      runs.push(run)
      partBytes += runBytes
    }
    if (runs.length === 0) continue
    parts.push(partOf())
    bytes += partBytes
  }
  if (parts.length > 0) yield parts
}
