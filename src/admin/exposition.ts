/** Prometheus' text format 0.0.4 (Exposition formats, prometheus.io). */
import { assert } from '../base/assert.ts'
import { Histogram } from '../base/histogram.ts'
import { metricTable } from './metric-table.ts'

/** Label values in the order of the table's labels, and a number, or a distribution. */
export type Sample = readonly [labels: readonly string[], value: number | Histogram]

/** Of one metric. */
export type Samples = readonly [name: string, samples: readonly Sample[]]

export const expositionContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** All metrics that have samples, in the order of the table. */
export function exposition(samples: ReadonlyMap<string, readonly Sample[]>): string {
  for (const name of samples.keys()) assert(Object.hasOwn(metricTable, name), `${name} has no line`)
  const lines: string[] = []
  for (const [name, { type, labels, doc }] of Object.entries(metricTable)) {
    const own = samples.get(name) ?? []
    if (own.length === 0) continue
    lines.push(`# HELP ${name} ${doc.replaceAll('\\', '\\\\')}`, `# TYPE ${name} ${type}`)
    for (const [values, value] of own) {
      assert(values.length === labels.length, `${name} has ${labels.length} labels`)
      assert(value instanceof Histogram === (type === 'histogram'), `${name} is a ${type}`)
      const pairs = labels.map((label, at) => `${label}="${escapeValue(values[at] ?? '')}"`)
      if (value instanceof Histogram) lines.push(...histogramLines(name, pairs, value))
      else lines.push(`${name}${inBraces(pairs)} ${value}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function histogramLines(name: string, pairs: readonly string[], histogram: Histogram): string[] {
  let count = 0
  const lines = [...histogram.counts].map((own, at) => {
    count += own
    const bound = histogram.bounds[at] ?? '+Inf'
    return `${name}_bucket${inBraces([...pairs, `le="${bound}"`])} ${count}`
  })
  const labels = inBraces(pairs)
  return [...lines, `${name}_sum${labels} ${histogram.sum}`, `${name}_count${labels} ${count}`]
}

const inBraces = (pairs: readonly string[]): string =>
  pairs.length === 0 ? '' : `{${pairs.join(',')}}`

const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
