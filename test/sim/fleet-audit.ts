/**
 * Holds the object store against the catalog, as an operator's tool would: what is named is there,
 * whole; what is there is named, or claimed, or young (G1, G2); a log has no hole.
 */
import assert from 'node:assert/strict'
import { isCatalogBackup } from '../../src/catalog/backup-key.ts'
import { groupOfObject, inlineObjectId, isInline } from '../../src/catalog/group-objects.ts'
import { readInline } from '../../src/catalog/inline-data.ts'
import { decodeManifest, type Run } from '../../src/catalog/manifest.ts'
import type { MemoryDatabase } from '../../src/catalog/memory-database.ts'
import { packedNumberOf } from '../../src/catalog/pack-swap.ts'
import {
  clusterFacts,
  extents,
  inlineData,
  objects,
  objectUses,
  type PartitionRow,
} from '../../src/catalog/schema.ts'
import { readTail } from '../../src/catalog/tail.ts'
import { blockOf } from '../../src/log/block.ts'
import { objectKey } from '../../src/log/stored-runs.ts'
import { triesPrefix } from '../../src/start/try-bucket.ts'
import type { MemoryObjectStore } from '../../src/objects/memory-object-store.ts'

export interface AuditParts {
  readonly database: MemoryDatabase
  readonly store: MemoryObjectStore
  readonly nowMs: () => number
  /** Bytes without a row that are older must have been found. */
  readonly strayMsMax: number
}

/** More than a run makes. */
const rowsMax = 10_000

export async function auditFleet(parts: AuditParts): Promise<void> {
  const { database } = parts
  const [fact] = await database.snapshot('audit', (tx) => tx.get(clusterFacts, [['cluster.id']]))
  const clusterId = fact?.value ?? ''
  const { partitions: rows, groups } = await readTail(database)
  const runs = groups.flatMap((row) => decodeManifest(row.manifest, row.objectId, row.position))
  for (const row of rows) {
    const own = runs.filter(({ partitionId }) => partitionId === row.partitionId)
    await auditPartition(parts, clusterId, row, own)
  }
  await auditObjects(parts, clusterId)
}

/** Extents, then runs of the tail, tile the log from its start to its end, and can be read. */
async function auditPartition(
  { database, store }: AuditParts,
  clusterId: string,
  row: PartitionRow,
  tail: readonly Run[],
): Promise<void> {
  const { partitionId, logStart, logEnd, packedEnd } = row
  const told = `partition ${partitionId} [${logStart}, ${packedEnd}, ${logEnd})`
  const packed = await database.snapshot('audit', (tx) =>
    tx.scan(extents, { prefix: [partitionId], limit: rowsMax }),
  )
  let from = logStart
  const join = (run: Omit<Run, 'marker'>): void => {
    if (run.nextOffset <= logStart) return
    const where = `${told}: ${run.objectId} [${run.baseOffset}, ${run.nextOffset})`
    const joins = from === logStart ? run.baseOffset <= from : run.baseOffset === from
    assert.ok(joins, `G2: ${where} does not follow ${from}`)
    from = run.nextOffset
  }
  for (const extent of packed) {
    join(extent)
    const key = objectKey(clusterId, extent.objectId)
    const bytes = await store.read(key, extent.position, extent.length)
    blockOf(extent, 'packed', bytes)
  }
  assert.equal(from, Math.max(logStart, packedEnd), `G2: ${told}: extents end at ${from}`)
  const unpacked = tail.filter(({ baseOffset }) => baseOffset >= packedEnd)
  for (const run of unpacked.toSorted((a, b) => a.baseOffset - b.baseOffset)) {
    join(run)
    if (run.marker !== undefined) continue
    const { objectId, position, length } = run
    const bytes = isInline(objectId)
      ? (await readInline(database, objectId)).slice(position, position + length)
      : await store.read(objectKey(clusterId, objectId), position, length)
    blockOf(run, 'journal', bytes)
  }
  assert.equal(from, logEnd, `G2: ${told}: runs end at ${from}`)
}

async function auditObjects({ database, store, nowMs, strayMsMax }: AuditParts, clusterId: string) {
  const [rows, uses] = await database.snapshot('audit', async (tx) => {
    const found = await tx.scan(objects, { prefix: [], limit: rowsMax })
    return [found, await tx.scan(objectUses, { prefix: [], limit: rowsMax })] as const
  })
  const known = new Map(rows.map((row) => [row.objectId, row]))
  for (const { objectId } of uses) {
    assert.equal(known.get(objectId)?.state, 'live', `G1: ${objectId} is named`)
  }
  const inline = await database.snapshot('audit', (tx) =>
    tx.scan(inlineData, { prefix: [], limit: rowsMax }),
  )
  for (const row of inline) {
    const objectId = inlineObjectId(row)
    assert.ok(known.has(objectId), `G2: bytes of ${objectId} are in the catalog without a row`)
  }
  await checkKeys(store, clusterId)
  const [stray] = await straysOf({ database, store, nowMs, strayMsMax })
  assert.equal(stray, undefined, `G2: ${stray} is older than ${strayMsMax} ms and without a row`)
}

async function checkKeys(store: MemoryObjectStore, clusterId: string): Promise<void> {
  const prefix = objectKey(clusterId, '')
  for (const { key } of await store.list('', undefined, rowsMax)) {
    if (key === 'karst-cluster' || key.startsWith(triesPrefix)) continue
    assert.ok(key.startsWith(prefix), `G2: ${key} is nobody's`)
    const objectId = key.slice(prefix.length)
    if (isCatalogBackup(objectId)) continue
    const isOurs = packedNumberOf(objectId) !== undefined || groupOfObject(objectId) !== undefined
    assert.ok(isOurs, `G2: ${key} has no meaning`)
  }
}

/** Ids of groups and packed objects that are there without a row, for longer than they may. */
export async function straysOf(parts: AuditParts): Promise<string[]> {
  const { database, store, nowMs, strayMsMax } = parts
  const [[fact], rows] = await database.snapshot('audit', async (tx) => [
    await tx.get(clusterFacts, [['cluster.id']]),
    await tx.scan(objects, { prefix: [], limit: rowsMax }),
  ])
  const known = new Set(rows.map(({ objectId }) => objectId))
  const prefix = objectKey(fact?.value ?? '', '')
  const old = (await store.list(prefix, undefined, rowsMax))
    .filter(({ modifiedMs }) => nowMs() - modifiedMs > strayMsMax)
    .map(({ key }) => key.slice(prefix.length))
  return old.filter((objectId) => !known.has(objectId) && !isCatalogBackup(objectId))
}
