/**
 * What a run measured: every value of every figure, and their table. Figures inform, they gate
 * nothing.
 */

export interface Target {
  /** What a figure's median should reach, and from which side. */
  readonly atLeast?: number
  readonly atMost?: number
}

interface Figure {
  readonly section: string
  readonly name: string
  readonly unit: string
  readonly target: Target
  readonly values: number[]
  /** The target on this machine at that moment, beside each value. */
  readonly targetsHere: number[]
}

export interface Summary {
  readonly section: string
  readonly name: string
  readonly unit: string
  readonly min: number
  readonly median: number
  readonly max: number
  readonly target: Target
  readonly isMet: boolean | undefined
  /** What `atMost` is on a machine as slow as this one, in the middle; see yardstick.ts. */
  readonly atMostHere: number | undefined
  readonly isMetHere: boolean | undefined
  readonly values: readonly number[]
}

export class Figures {
  readonly #figures = new Map<string, Figure>()

  /** `atMostHere`: what the target is on a machine as slow as this one is now. */
  add(
    section: string,
    name: string,
    unit: string,
    value: number,
    target: Target = {},
    atMostHere?: number,
  ): void {
    const key = `${section}\n${name}\n${unit}`
    const empty = { section, name, unit, target, values: [], targetsHere: [] }
    const figure: Figure = this.#figures.get(key) ?? empty
    this.#figures.set(key, figure)
    figure.values.push(value)
    if (atMostHere !== undefined) figure.targetsHere.push(atMostHere)
  }

  summaries(): Summary[] {
    return [...this.#figures.values()].map((figure) => {
      const { targetsHere, ...told } = figure
      const { values, target } = told
      const [min, median, max] = [Math.min(...values), medianOf(values), Math.max(...values)]
      const isMet = judge(median, target)
      const atMostHere = targetsHere.length === 0 ? undefined : medianOf(targetsHere)
      const isMetHere = atMostHere === undefined ? isMet : median <= atMostHere
      return { ...told, min, median, max, isMet, atMostHere, isMetHere }
    })
  }

  table(): string {
    const rows = this.summaries().map((each) => [
      each.name,
      each.unit,
      round(each.min),
      round(each.median),
      round(each.max),
      targetText(each.target),
      verdict(each.isMet),
      each.atMostHere === undefined ? '' : `≤ ${round(each.atMostHere)}`,
      verdict(each.isMetHere),
    ])
    const head = ['figure', 'unit', 'min', 'median', 'max', 'target', '', 'target here', '']
    const rule = head.map(() => '---')
    return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
  }
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? upper)) / 2
}

function judge(median: number, { atLeast, atMost }: Target): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined
  return median >= (atLeast ?? -Infinity) && median <= (atMost ?? Infinity)
}

function verdict(isMet: boolean | undefined): string {
  return isMet === undefined ? '' : isMet ? 'met' : 'missed'
}

function targetText({ atLeast, atMost }: Target): string {
  if (atLeast !== undefined) return `≥ ${atLeast}`
  return atMost === undefined ? '' : `≤ ${atMost}`
}

/** Three digits that count. */
function round(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
