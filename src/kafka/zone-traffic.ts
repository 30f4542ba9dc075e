/**
 * Record bytes that clients send and get, by whether their zone is the broker's: what goes between
 * zones is paid for by the byte. A client tells its zone by `client.rack` where the API has a field
 * for it, else in its client id (client-zone.ts).
 */
export type ZoneDirection = 'produce' | 'fetch'
export type ZoneRelation = 'same' | 'other' | 'unknown'

export class ZoneTraffic {
  readonly #zone: string
  readonly #bytes = new Map<string, number>()

  /** @param zone of this broker; '' where it has none, and nothing can be told. */
  constructor(zone: string) {
    this.#zone = zone
  }

  /** @param zone of the client; undefined or '' where it does not say. */
  moved(direction: ZoneDirection, zone: string | undefined, byteLength: number): void {
    if (this.#zone === '' || byteLength === 0) return
    const key = `${direction} ${this.#relationTo(zone)}`
    this.#bytes.set(key, (this.#bytes.get(key) ?? 0) + byteLength)
  }

  #relationTo(zone: string | undefined): ZoneRelation {
    if (zone === undefined || zone === '') return 'unknown'
    return zone === this.#zone ? 'same' : 'other'
  }

  /** Since the broker started. */
  *samples(): Iterable<readonly [ZoneDirection, ZoneRelation, number]> {
    for (const direction of ['produce', 'fetch'] as const) {
      for (const relation of ['same', 'other', 'unknown'] as const) {
        const bytes = this.#bytes.get(`${direction} ${relation}`)
        if (bytes !== undefined) yield [direction, relation, bytes]
      }
    }
  }
}
