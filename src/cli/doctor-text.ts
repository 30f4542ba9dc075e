/** What a doctor found, for people. */
import { type AffectedRange, type Finding, findingTexts } from '../doctor/finding.ts'
import type { Diagnosis } from '../doctor/look.ts'
import type { Repaired } from '../doctor/repair.ts'
import { escaped } from './table-text.ts'

/** Findings of one kind that are printed; --json has them all. */
const printedMax = 20

export function diagnosisText(
  place: string,
  diagnosis: Diagnosis,
  repaired: Repaired | undefined,
): string {
  const { clusterId, counts, findings, unlisted, isDeep, isWhole } = diagnosis
  const lines = [
    `cluster ${clusterId} in ${place}`,
    `catalog ${counted(counts.topics, 'topic')}, ${counted(counts.partitions, 'partition')}, ` +
      `${counted(counts.extents, 'extent')} packed, ${counted(counts.runs, 'run')} not packed yet`,
    `stored  ${counted(counts.storedObjects, 'object')}, ${bytesText(counts.storedBytes)}; ` +
      `${counts.garbageObjects} wait for their end, ${counts.youngObjects} are too young to judge`,
  ]
  if (isDeep) lines.push(`proven  ${bytesText(counts.provenBytes)}`)
  for (const [kind, some] of Map.groupBy(findings, (finding) => finding.kind)) {
    const { means, todo, weight } = findingTexts[kind]
    const more = unlisted.find((each) => each.kind === kind)?.count ?? 0
    lines.push('', `${weight}: ${kind} (${some.length + more})`, `  ${means}`, `  do: ${todo}`)
    for (const finding of some.slice(0, printedMax)) lines.push(...findingLines(finding))
    const unprinted = some.length + more - printedMax
    if (unprinted > 0) lines.push(`  … and ${unprinted} more (--json)`)
  }
  lines.push('', verdictOf(diagnosis))
  if (repaired !== undefined) {
    const { orphans, unnamed } = repaired
    lines.push(
      `repaired: ${counted(orphans, 'orphan')} deleted, ${unnamed} handed to the collector`,
    )
  }
  if (!isWhole) lines.push('ended early: what was not found says nothing')
  return lines.map((line) => `${line}\n`).join('')
}

function findingLines({ subject, detail, affects, isRepaired }: Finding): string[] {
  const repaired = isRepaired ? ' (repaired)' : ''
  return [
    `  - ${escaped(subject)}: ${escaped(detail)}${repaired}`,
    ...affects.map((range) => `      ${rangeText(range)}`),
  ]
}

const rangeText = ({ topic, partition, from, to }: AffectedRange): string =>
  `offsets ${from} to ${to - 1} of ${escaped(topic)}-${partition}`

function verdictOf({ findings }: Diagnosis): string {
  if (findings.length === 0)
    return 'clean: nothing is missing, nothing is left over, every log is whole'
  const weights = Map.groupBy(findings, ({ kind }) => findingTexts[kind].weight)
  const text = (['loss', 'danger', 'waste'] as const).flatMap((weight) => {
    const count = weights.get(weight)?.length ?? 0
    return count === 0 ? [] : [`${count} of ${weight}`]
  })
  return `found: ${text.join(', ')}`
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** In the largest unit that leaves a whole number of one to three digits. */
function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** With what it means, so that a program can show it. */
export const findingJson = (finding: Finding): object => ({
  ...finding,
  ...findingTexts[finding.kind],
})
