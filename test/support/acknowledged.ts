/** The books of a verifiable producer: what was acknowledged, and whether the log agrees. */
import type { SeenRecord } from './record.ts'

export interface Acknowledged {
  partition: number
  offset: number
  value: string
}

export interface Verdict {
  acknowledged: number
  read: number
  /** Acknowledged, but not there. */
  lost: string[]
  /** Values that are there more than once. */
  twice: string[]
  /** Places acknowledged or read with two different values. */
  reused: string[]
  /** Values that stand behind a later one in their partition. */
  disordered: string[]
}

/** Values end in `.N`, where N grows in the order of sending. */
export function judge(acknowledged: readonly Acknowledged[], ...reads: ReadRecord[][]): Verdict {
  const last = reads.at(-1) ?? []
  const values = new Map<string, string>()
  const reused: string[] = []
  for (const { partition, offset, value } of [...acknowledged, ...reads.flat()]) {
    const place = `${partition}:${offset}`
    const before = values.get(place)
    if (before !== undefined && before !== value) reused.push(`${place} ${before} / ${value}`)
    values.set(place, value ?? '')
  }
  const there = new Map<string, number>()
  for (const { value } of last) there.set(value ?? '', (there.get(value ?? '') ?? 0) + 1)
  const places = new Set(last.map(({ partition, offset }) => `${partition}:${offset}`))
  const isLost = (ack: Acknowledged) => !places.has(`${ack.partition}:${ack.offset}`)
  return {
    acknowledged: acknowledged.length,
    read: last.length,
    lost: acknowledged.filter(isLost).map(tell),
    twice: [...there].filter(([, count]) => count > 1).map(([value]) => value),
    reused,
    disordered: findDisorder(last),
  }
}

export type ReadRecord = Pick<SeenRecord, 'partition' | 'offset' | 'value'>

function tell({ partition, offset, value }: Acknowledged): string {
  return `${value} at ${partition}:${offset}`
}

function findDisorder(records: ReadRecord[]): string[] {
  const newest = new Map<number, number>()
  const disordered: string[] = []
  for (const { partition, value } of records.toSorted((a, b) => a.offset - b.offset)) {
    const sequence = Number(value?.slice(value.lastIndexOf('.') + 1))
    if (sequence < (newest.get(partition) ?? -1)) disordered.push(`${value} in ${partition}`)
    else newest.set(partition, sequence)
  }
  return disordered
}

/** Empty when nothing was lost, doubled, reused or disordered. */
export function faultsOf(verdict: Verdict): string[] {
  const { lost, twice, reused, disordered } = verdict
  return Object.entries({ lost, twice, reused, disordered })
    .filter(([, found]) => found.length > 0)
    .map(([what, found]) => `${found.length} ${what}, first: ${found[0]}`)
}
