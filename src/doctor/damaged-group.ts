/** A group whose bytes are not what was written, told where the catalog names it still. */
import type { CatalogReader } from '../catalog/database.ts'
import { isInline } from '../catalog/group-objects.ts'
import type { Run } from '../catalog/manifest.ts'
import { type CommitLogRow, commitLog, objects } from '../catalog/schema.ts'
import { affect } from './finding.ts'
import { placeOf, type Survey } from './survey.ts'

/** @throws Failure 'unavailable' */
export async function tellDamagedGroup(
  catalog: CatalogReader,
  survey: Survey,
  row: CommitLogRow,
  runs: readonly Run[],
  reason: string,
): Promise<void> {
  const { incarnation, groupNumber, objectId } = row
  const isNamed = await catalog.snapshot('look again', async (tx) => {
    const [group] = await tx.get(commitLog, [[incarnation, groupNumber]])
    const [object] = await tx.get(objects, [[objectId]])
    return group !== undefined && object?.state === 'live'
  })
  if (!isNamed) return // packed meanwhile
  const place = isInline(objectId) ? 'in the catalog' : `at ${row.position}`
  const finding = survey.findings.add('damaged', objectId, `group ${place}: ${reason}`)
  for (const { partitionId, baseOffset: from, nextOffset: to } of runs) {
    const partition = survey.partitions.get(partitionId)
    if (partition !== undefined) affect(finding, { ...placeOf(survey, partition), from, to })
  }
}
