/** Limits by IP address, as `max.connections.per.ip.overrides` writes them: 10.0.0.7:100,[::1]:5. */
import { parseIp } from '../base/ip-address.ts'

/** Limits by address; or the part of the text (untrusted) that is none. An empty text has none. */
export function parseIpLimits(text: string): ReadonlyMap<string, number> | string {
  const limits = new Map<string, number>()
  if (text.trim() === '') return limits
  for (const part of text.split(',').map((each) => each.trim())) {
    const match = /^\[?([^[\]]+)\]?:(\d{1,9})$/.exec(part)
    const ip = parseIp(match?.[1] ?? '')
    if (ip === undefined) return part
    limits.set(ip, Number(match?.[2]))
  }
  return limits
}
