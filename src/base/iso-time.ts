/** Between milliseconds and ISO 8601: the calendar alone, no clock. */

/**
 * Milliseconds since 1970 of `2026-11-20`, `2026-11-20T12:30:00Z` or `…+02:00`; undefined where
 * `text` (untrusted) is none of them. Without a zone it is UTC, so that a command means the same
 * everywhere.
 */
export function parseIsoTime(text: string): number | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (match === null) return undefined
  const [, day = '', time = '00:00', zone = 'Z'] = match
  const parsed = Date.parse(`${day}T${time}${zone}`)
  if (Number.isNaN(parsed)) return undefined
  // Date lets 31 February pass as 3 March.
  const isReal = new Date(Date.parse(`${day}T00:00Z`)).toISOString().startsWith(day)
  return isReal ? parsed : undefined
}

/** `2026-11-20T12:30:00.000Z`; the plain number where no calendar reaches. */
export function formatIsoTime(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString()
}
