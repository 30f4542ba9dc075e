/**
 * Each log is whole: extents and then runs of groups follow one another from its start to its end,
 * and the objects they name are kept, with the right count of uses. Each partition is read in one
 * snapshot, so that what is found is so.
 */
import { eachOf } from '../base/each-of.ts'
import { catalogLimits, type ReadTransaction } from '../catalog/database.ts'
import type { Run } from '../catalog/manifest.ts'
import {
  type ExtentRow,
  extents,
  objects,
  objectUses,
  type PartitionRow,
  partitions,
} from '../catalog/schema.ts'
import { affect, type Finding } from './finding.ts'
import type { LookOptions, Patient } from './patient.ts'
import { livingPartitions, partitionName, placeOf, type Survey } from './survey.ts'

/** Snapshots at once: a session each on PostgreSQL, of four that a tool has. */
const together = 2

/** A stretch of a log that some object is named for, or nothing but a marker. */
type Stretch = Pick<Run, 'baseOffset' | 'nextOffset' | 'leaderEpoch' | 'objectId'>

export async function checkLogs(
  { catalog }: Patient,
  survey: Survey,
  { signal, progress }: LookOptions,
): Promise<void> {
  const tails = Map.groupBy(
    survey.groups.flatMap(({ runs }) => runs),
    ({ partitionId }) => partitionId,
  )
  const bad = badObjects(survey)
  let done = 0
  await eachOf(livingPartitions(survey), together, async (row) => {
    if (signal.aborted) return
    progress(() => `${done} of ${survey.partitions.size} logs`)
    const packed = await catalog.snapshot('read log', (tx) => readPacked(tx, row.partitionId))
    done++
    const tail = tails.get(row.partitionId) ?? []
    if (packed !== undefined) judgePacked(survey, packed)
    judgeTail(survey, row, tail)
    const all: Stretch[] = [...(packed?.extents ?? []), ...tail]
    for (const { objectId, baseOffset: from, nextOffset: to } of all) {
      const finding = bad.get(objectId)
      if (finding !== undefined) affect(finding, { ...placeOf(survey, row), from, to })
    }
  })
}

/** What is wrong with objects, to be told which records that is about. */
function badObjects({ findings }: Survey): ReadonlyMap<string, Finding> {
  const found = [...findings.of('missing-object'), ...findings.of('wrong-size')]
  return new Map(found.map((finding) => [finding.subject, finding]))
}

interface PackedLog {
  readonly row: PartitionRow
  readonly extents: readonly ExtentRow[]
  /** By object: the state of its row, and the uses that are counted. */
  readonly states: ReadonlyMap<string, { readonly state: string; readonly uses: number }>
}

async function readPacked(
  tx: ReadTransaction,
  partitionId: number,
): Promise<PackedLog | undefined> {
  const [row] = await tx.get(partitions, [[partitionId]])
  if (row === undefined) return undefined
  const found: ExtentRow[] = []
  const limit = catalogLimits.scanRowsMax
  for (let after: number | undefined; ;) {
    const range = { prefix: [partitionId], limit }
    const page = await tx.scan(extents, after === undefined ? range : { ...range, after: [after] })
    found.push(...page)
    after = page.at(-1)?.baseOffset
    if (page.length < limit) break
  }
  const ids = [...new Set(found.map(({ objectId }) => objectId))]
  const states = new Map<string, { state: string; uses: number }>()
  for (let at = 0; at < ids.length; at += limit) {
    const some = ids.slice(at, at + limit)
    const [rows, uses] = await Promise.all([
      tx.get(
        objects,
        some.map((id) => [id]),
      ),
      tx.get(
        objectUses,
        some.map((id) => [id, partitionId]),
      ),
    ])
    for (const [index, id] of some.entries()) {
      states.set(id, { state: rows[index]?.state ?? 'gone', uses: uses[index]?.extents ?? 0 })
    }
  }
  return { row, extents: found, states }
}

function judgePacked(survey: Survey, { row, extents: rows, states }: PackedLog): void {
  const { counts, findings } = survey
  counts.extents += rows.length
  // What lies below the log start is about to be let go of.
  const kept = rows.filter(({ nextOffset }) => nextOffset > row.logStart)
  judgeStretches(survey, row, kept, row.logStart, Math.max(row.logStart, row.packedEnd))
  const name = partitionName(survey, row)
  for (const [objectId, own] of Map.groupBy(rows, (extent) => extent.objectId)) {
    const { state = 'gone', uses = 0 } = states.get(objectId) ?? {}
    const what = `${own.length} extents of ${name}`
    if (state !== 'live') findings.add('no-row', objectId, `${what}; its row is ${state}`)
    if (uses !== own.length) findings.add('miscounted', objectId, `${what}, counted as ${uses}`)
  }
}

/** As the snapshot of the tail has it: what is packed since then is in both. */
function judgeTail(survey: Survey, row: PartitionRow, tail: readonly Run[]): void {
  const { packedEnd, logEnd, logStart } = row
  const kept = tail
    .filter(({ baseOffset, nextOffset }) => baseOffset >= packedEnd && nextOffset > logStart)
    .toSorted((a, b) => a.baseOffset - b.baseOffset)
  judgeStretches(survey, row, kept, Math.max(packedEnd, logStart), logEnd)
}

/** `stretches`, in their order, tile the offsets from `from` to `to`. */
function judgeStretches(
  survey: Survey,
  row: PartitionRow,
  stretches: readonly Stretch[],
  from: number,
  to: number,
): void {
  const name = partitionName(survey, row)
  let next = from
  const tell = (kind: 'hole' | 'overlap', first: number, last: number): void => {
    const finding = survey.findings.add(kind, name, `offsets ${first} to ${last - 1}`)
    affect(finding, { ...placeOf(survey, row), from: first, to: last })
  }
  for (const { baseOffset, nextOffset } of stretches) {
    if (baseOffset > next) tell('hole', next, baseOffset)
    // The first may begin below the log start, which may lie inside of it.
    if (baseOffset < next && next !== row.logStart) tell('overlap', baseOffset, next)
    next = Math.max(next, nextOffset)
  }
  if (next < to) tell('hole', next, to)
  if (next > to) tell('overlap', to, next)
}
