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
  readonly values: readonly number[]
}

export class Figures {
  readonly #figures = new Map<string, Figure>()

  add(section: string, name: string, unit: string, value: number, target: Target = {}): void {
    const key = `${section}\n${name}\n${unit}`
    const known = this.#figures.get(key)
    if (known !== undefined) known.values.push(value)
    else this.#figures.set(key, { section, name, unit, target, values: [value] })
  }

  summaries(): Summary[] {
    return [...this.#figures.values()].map((figure) => {
      const { section, name, unit, target, values } = figure
      const [min, median, max] = [Math.min(...values), medianOf(values), Math.max(...values)]
      return { section, name, unit, min, median, max, target, isMet: judge(median, target), values }
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
      each.isMet === undefined ? '' : each.isMet ? 'met' : 'missed',
    ])
    const head = ['figure', 'unit', 'min', 'median', 'max', 'target', '']
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

function targetText({ atLeast, atMost }: Target): string {
  if (atLeast !== undefined) return `≥ ${atLeast}`
  return atMost === undefined ? '' : `≤ ${atMost}`
}

/** Three digits that count. */
function round(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
