/**
 * Holds the list of the store against the catalog's rows of objects. Neither is of one moment, so
 * whatever does not match is looked at again before it is told.
 */
import { groupOfObject, isInline } from '../catalog/group-objects.ts'
import { packedNumberOf } from '../catalog/pack-swap.ts'
import { type ObjectRow, objects, objectUses } from '../catalog/schema.ts'
import { isCatalogBackup } from '../catalog/backup-key.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore, StoredObject } from '../objects/object-store.ts'
import type { LookOptions, Patient } from './patient.ts'
import { rowsOf, type Survey } from './survey.ts'

/** Keys listed, and rows looked at again, together. */
const pageMax = 1_000

/** Rows and keys that are of one object; one of the two may be missing. */
interface Pair {
  readonly objectId: string
  readonly row: ObjectRow | undefined
  readonly stored: StoredObject | undefined
}

export async function checkStore(
  patient: Patient,
  survey: Survey,
  options: LookOptions,
): Promise<void> {
  const { catalog, objects: store, clusterId } = patient
  const prefix = objectKey(clusterId, '')
  const rows = inStore(rowsOf(catalog, objects, pageMax))
  const lengths = lengthsOf(survey)
  let suspects: Pair[] = []
  for await (const pair of pairsOf(rows, keysOf(store, prefix), prefix.length)) {
    if (options.signal.aborted) return
    options.progress(() => `${survey.counts.storedObjects} objects of the store`)
    count(survey, pair)
    if (isSuspect(pair, lengths, survey, patient, options)) suspects.push(pair)
    if (suspects.length < pageMax) continue
    await judgeAll(patient, survey, suspects, lengths)
    suspects = []
  }
  await judgeAll(patient, survey, suspects, lengths)
}

/** Sizes that the catalog knows otherwise than by the object's row. */
function lengthsOf({ groups }: Survey): Map<string, number> {
  const lengths = new Map<string, number>()
  for (const { row } of groups) {
    if (groupOfObject(row.objectId) !== undefined) lengths.set(row.objectId, row.length)
  }
  return lengths
}

/** Those whose bytes lie in the store: not journal files, and not rows of inline data. */
async function* inStore(rows: AsyncIterable<ObjectRow>): AsyncGenerator<ObjectRow> {
  for await (const row of rows) {
    const { objectId, kind } = row
    if (isInline(objectId)) continue
    if (kind !== 'journal' || groupOfObject(objectId) !== undefined) yield row
  }
}

async function* keysOf(store: ObjectStore, prefix: string): AsyncGenerator<StoredObject> {
  for (let after: string | undefined; ;) {
    const page = await store.list(prefix, after, pageMax)
    yield* page
    after = page.at(-1)?.key
    if (page.length < pageMax) return
  }
}

/** Both come in the order of ids, which are plain ASCII. */
async function* pairsOf(
  rows: AsyncGenerator<ObjectRow>,
  keys: AsyncGenerator<StoredObject>,
  prefixLength: number,
): AsyncGenerator<Pair> {
  const nextRow = async (): Promise<ObjectRow | undefined> => (await rows.next()).value ?? undefined
  const nextKey = async (): Promise<StoredObject | undefined> =>
    (await keys.next()).value ?? undefined
  let [row, stored] = [await nextRow(), await nextKey()]
  while (row !== undefined || stored !== undefined) {
    const id = stored?.key.slice(prefixLength)
    if (row !== undefined && (id === undefined || row.objectId < id)) {
      yield { objectId: row.objectId, row, stored: undefined }
      row = await nextRow()
    } else if (id !== undefined && (row === undefined || id < row.objectId)) {
      yield { objectId: id, row: undefined, stored }
      stored = await nextKey()
    } else {
      yield { objectId: id ?? '', row, stored }
      ;[row, stored] = [await nextRow(), await nextKey()]
    }
  }
}

function count({ counts }: Survey, { objectId, row, stored }: Pair): void {
  if (row?.state === 'garbage' || row?.state === 'cancelled') counts.garbageObjects++
  if (stored === undefined) return
  counts.storedObjects++
  counts.storedBytes += stored.size
  if (isCatalogBackup(objectId)) counts.backupObjects++
}

const sizeOf = (row: ObjectRow, lengths: ReadonlyMap<string, number>): number | undefined =>
  lengths.get(row.objectId) ?? (row.kind === 'packed' ? row.size : undefined)

function isSuspect(
  { objectId, row, stored }: Pair,
  lengths: ReadonlyMap<string, number>,
  { counts }: Survey,
  { clock }: Patient,
  { orphanMs }: LookOptions,
): boolean {
  if (row === undefined) {
    if (stored === undefined || isCatalogBackup(objectId)) return false
    if (stored.modifiedMs <= clock.nowMs() - orphanMs) return true
    counts.youngObjects++
    return false
  }
  if (row.state !== 'live') return false
  if (stored === undefined || row.kind === 'packed') return true // also for what names it
  const size = sizeOf(row, lengths)
  return size !== undefined && size !== stored.size
}

/** What has come to be named, or has been ended, since it was read is as it should be. */
async function judgeAll(
  { catalog, objects: store, clusterId }: Patient,
  survey: Survey,
  suspects: readonly Pair[],
  lengths: ReadonlyMap<string, number>,
): Promise<void> {
  const keys = suspects.map(({ objectId }) => [objectId])
  const [rows, used] = await catalog.snapshot('look again', async (tx) => {
    const again = await tx.get(objects, keys)
    const packed = suspects.filter(({ row }) => row?.kind === 'packed')
    const uses = packed.map(({ objectId }) => tx.scan(objectUses, { prefix: [objectId], limit: 1 }))
    const named = (await Promise.all(uses)).map((found) => found.length > 0)
    return [again, new Set(packed.filter((_, at) => named[at]))] as const
  })
  for (const [at, pair] of suspects.entries()) {
    const row = rows[at]
    if (row === undefined) judgeStray(survey, pair)
    else if (row.state === 'live') {
      const stored = pair.stored ?? (await store.stat(objectKey(clusterId, pair.objectId)))
      const isUnnamed = row.kind === 'packed' && !used.has(pair)
      judgeLive(survey, row, stored, isUnnamed, sizeOf(row, lengths))
    }
  }
}

function judgeStray({ findings, next }: Survey, { objectId, row, stored }: Pair): void {
  if (row !== undefined || stored === undefined) return
  const group = groupOfObject(objectId)
  const packed = packedNumberOf(objectId)
  const bytes = `${stored.size} bytes`
  if (group === undefined && packed === undefined) {
    findings.add('unknown-key', stored.key, bytes, stored.size)
    return
  }
  const isNewer =
    group === undefined ? (packed ?? 0) >= next.object : group.incarnation >= next.incarnation
  findings.add(isNewer ? 'newer' : 'orphan', objectId, bytes, stored.size)
}

function judgeLive(
  { findings }: Survey,
  row: ObjectRow,
  stored: StoredObject | undefined,
  isUnnamed: boolean,
  size: number | undefined,
): void {
  const { objectId } = row
  if (isUnnamed) findings.add('unnamed', objectId, `${row.size} bytes`, row.size)
  else if (stored === undefined) {
    findings.add('missing-object', objectId, `${size ?? row.size} bytes`, size ?? row.size)
  } else if (size !== undefined && size !== stored.size) {
    const detail = `${stored.size} bytes, the catalog says ${size}`
    findings.add('wrong-size', objectId, detail, size)
  }
}
