/** Reads a file of `name=value` lines, as in Kafka's server.properties. */

export interface Property {
  readonly name: string
  readonly text: string
  /** Counted from 1. */
  readonly line: number
}

export interface PropertyError {
  readonly line: number
  readonly message: string
}

/** Beyond it, the file is something else than a configuration. */
export const propertiesBytesMax = 1_048_576

/**
 * Reads `text` (untrusted). Blank lines and lines that begin with # or ! say nothing. What follows
 * the first = (or :) is the value, without the spaces around it; there are no escapes and no
 * continued lines.
 */
export function parseProperties(text: string): {
  readonly properties: readonly Property[]
  readonly errors: readonly PropertyError[]
} {
  const properties: Property[] = []
  const errors: PropertyError[] = []
  const lineOf = new Map<string, number>()
  if (text.length > propertiesBytesMax) {
    return { properties, errors: [{ line: 1, message: `larger than ${propertiesBytesMax} bytes` }] }
  }
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = at + 1
    const content = raw.replace(/^\uFEFF/, '').trim()
    if (content === '' || content.startsWith('#') || content.startsWith('!')) continue
    const match = /^([^\s=:]+)\s*[=:]\s*(.*)$/.exec(content)
    const [, name = '', value = ''] = match ?? []
    const first = lineOf.get(name)
    if (match === null) {
      errors.push({ line, message: `not a line of the form name=value: ${shown(content)}` })
    } else if (value.endsWith('\\')) {
      errors.push({ line, message: `${name}: lines are not continued with a backslash` })
    } else if (first !== undefined) {
      errors.push({ line, message: `${name} stands in line ${first} already` })
    } else {
      lineOf.set(name, line)
      properties.push({ name, text: value, line })
    }
  }
  return { properties, errors }
}

const shownMax = 60
const shown = (text: string): string =>
  JSON.stringify(text.length > shownMax ? `${text.slice(0, shownMax)}…` : text)
