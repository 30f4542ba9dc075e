/** HOST:PORT, as it is written in options. */
import { assert } from '../base/assert.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT`, `[IPv6]:PORT`; undefined where `text` (untrusted) is neither. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]/]{1,253})):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

/** Of an option's value, which was checked when it was read. */
export function addressOf(text: string): Address {
  const address = parseAddress(text)
  assert(address !== undefined, `the option's parser let ${text} pass as an address`)
  return address
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
