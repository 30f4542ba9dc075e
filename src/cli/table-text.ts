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

/** What is not known is a dash. */
const text = (cell: Cell): string => (cell === null ? '-' : escaped(String(cell)))

/** One line: what would end it, or act on a terminal, is shown as in JSON. */
export function escaped(plain: string): string {
  return plain.replace(/\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0)
    return code < 0x20 ? JSON.stringify(char).slice(1, -1) : `\\u00${code.toString(16)}`
  })
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
