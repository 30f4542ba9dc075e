/**
 * How many connections there may be: of all clients, of one IP address (`max.connections.per.ip`),
 * and how many all or an address may open in a second (`max.connection.creation.rate`; the quota
 * connection_creation_rate, KIP-612).
 */
import { ipOfPeer } from '../base/ip-address.ts'

export interface ConnectionLimitsOptions {
  /** `max.connections`; all of them may change. */
  readonly connectionsMax: () => number
  /** `max.connections.per.ip`. */
  readonly perIpMax: () => number
  /** `max.connections.per.ip.overrides`. */
  readonly perIpOverrides: () => ReadonlyMap<string, number>
  /** Counts a connection; more than 0: it is one too many, and is ended after so many ms. */
  readonly charge: (ip: string) => number
  /** Counts a connection of all, which is to be served so many ms later. */
  readonly chargeAll: () => number
}

export type Admission =
  | { readonly outcome: 'taken'; readonly delayMs: number }
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'throttled'; readonly throttleMs: number }

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions
  /** Addresses with open connections only. */
  readonly #open = new Map<string, number>()
  #count = 0

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options
  }

  /** Counts a connection that is 'taken', until `ended` is called for it. */
  admit(remote: string): Admission {
    const { perIpOverrides, charge, chargeAll } = this.#options
    const connectionsMax = this.#options.connectionsMax()
    if (this.#count >= connectionsMax) {
      return { outcome: 'refused', why: `max.connections is ${connectionsMax}` }
    }
    const ip = ipOfPeer(remote)
    const own = this.#open.get(ip) ?? 0
    const ownMax = perIpOverrides().get(ip) ?? this.#options.perIpMax()
    if (own >= ownMax) {
      return { outcome: 'refused', why: `max.connections.per.ip is ${ownMax} for ${ip}` }
    }
    const throttleMs = charge(ip)
    if (throttleMs > 0) return { outcome: 'throttled', throttleMs }
    this.#open.set(ip, own + 1)
    this.#count++
    return { outcome: 'taken', delayMs: chargeAll() }
  }

  ended(remote: string): void {
    const ip = ipOfPeer(remote)
    const left = (this.#open.get(ip) ?? 1) - 1
    if (left === 0) this.#open.delete(ip)
    else this.#open.set(ip, left)
    this.#count--
  }
}
