/** docs/reference/metrics.md, made of the table that /metrics is printed from. */
import { metricTable } from '../src/admin/metric-table.ts'

const row = (...cells: string[]): string =>
  `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`

/** The unit is the end of a name: Prometheus' base units. */
function unitOf(name: string): string {
  const stem = name.replace(/_total$/, '')
  return ['seconds', 'bytes', 'ratio'].find((unit) => stem.endsWith(`_${unit}`)) ?? 'count'
}

/** The whole page. */
export const metricsReference = (): string =>
  [
    '# Metrics',
    '',
    'Made by `npm run docs` from src/admin/metric-table.ts: edit that.',
    '',
    '`GET /metrics` on the address of `--http` answers in the text format of Prometheus (0.0.4).',
    'Counters begin at 0 with the process. Series with a label appear with their first event.',
    '`/healthz` answers 200 while the process runs; `/readyz` 200 while it serves and its catalog',
    'answers, else 503 with the reason: starting, stopping, or what the catalog says.',
    '',
    row('Metric', 'Type', 'Unit', 'Labels', 'Meaning'),
    row('---', '---', '---', '---', '---'),
    ...Object.entries(metricTable).map(([name, { type, labels, doc }]) => {
      const shown = labels.map((label) => `\`${label}\``).join(', ')
      return row(`\`${name}\``, type, unitOf(name), shown, doc)
    }),
    '',
  ].join('\n')
