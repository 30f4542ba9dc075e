/** How far back, as it is typed: `7d`, `12h`, or a time. */
import { parseIsoTime } from '../base/iso-time.ts'
import { UsageError } from './usage-error.ts'

const unitsMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

export const sinceShape = '7d|12h|30m|TIME'

/** Milliseconds since 1970. @throws UsageError */
export function parseSince(flag: string, text: string, nowMs: number): number {
  const [, amount = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  const unitMs = unitsMs[unit]
  if (unitMs !== undefined) return Math.max(0, nowMs - Number(amount) * unitMs)
  const timeMs = parseIsoTime(text)
  if (timeMs !== undefined && timeMs >= 0) return timeMs
  const kinds = 'so many s, m, h, d or w such as 7d, or a time such as 2026-11-20T12:30:00Z'
  throw new UsageError(`${flag} ${text}: must be ${kinds}`)
}
