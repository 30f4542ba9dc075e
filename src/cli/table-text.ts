/** Rows for people on a terminal, and for programs in a pipe. */

export type Cell = string | number | null

/** Aligned on a terminal; elsewhere one tab between cells, so that `cut` and `awk` work. */
export function tableText(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  isTerminal: boolean,
): string {
  const lines = [columns, ...rows.map((row) => row.map(text))]
  if (!isTerminal) return lines.map((line) => `${line.join('\t')}\n`).join('')
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const isNumeric = columns.map((_, at) => rows.every((row) => typeof (row[at] ?? 0) === 'number'))
  return lines
    .map((line) =>
      line
        .map((cell, at) =>
          isNumeric[at] === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** What is not known is a dash; what would break a line is shown as in JSON. */
function text(cell: Cell): string {
  if (cell === null) return '-'
  const plain = String(cell)
  return /[\u0000-\u001f]/.test(plain) ? JSON.stringify(plain).slice(1, -1) : plain
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
