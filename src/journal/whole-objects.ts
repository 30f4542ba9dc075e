/**
 * Groups in the object store, read whole: a group holds runs of many partitions, whose readers come
 * together, and one request costs more than all its bytes. Single flight, least recently used out
 * first.
 */

/** Gives an object's bytes from its beginning. @throws Failure */
export type ReadWhole = (objectId: string, length: number) => Promise<Uint8Array>

export interface WholeObjectsOptions {
  readonly maxBytes: number
  /** A larger object is read in parts: more may come than anybody wants. */
  readonly objectBytesMax: number
  readonly read: ReadWhole
}

export class WholeObjects {
  readonly #options: WholeObjectsOptions
  /** Sizes that the catalog tells, of objects that may be asked for. */
  readonly #lengths = new Map<string, number>()
  /** In the order of use, oldest first. */
  readonly #kept = new Map<string, Uint8Array>()
  readonly #flights = new Map<string, Promise<Uint8Array>>()
  #bytes = 0

  constructor(options: WholeObjectsOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /** It is here, or on its way: whoever asks waits for no request of its own. */
  has(objectId: string): boolean {
    return this.#kept.has(objectId) || this.#flights.has(objectId)
  }

  learn(objectId: string, length: number): void {
    this.#lengths.set(objectId, length)
  }

  forget(objectId: string): void {
    this.#lengths.delete(objectId)
    const bytes = this.#kept.get(objectId)
    this.#kept.delete(objectId)
    this.#bytes -= bytes?.length ?? 0
  }

  /** The whole object; undefined where it is not known, or too large. @throws Failure */
  async get(objectId: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(objectId)
    if (kept !== undefined) {
      this.#kept.delete(objectId)
      this.#kept.set(objectId, kept)
      return kept
    }
    const length = this.#lengths.get(objectId)
    if (length === undefined || length > this.#options.objectBytesMax) return undefined
    const flight = this.#flights.get(objectId) ?? this.#begin(objectId, length)
    return flight
  }

  #begin(objectId: string, length: number): Promise<Uint8Array> {
    const flight = this.#options.read(objectId, length).finally(() => {
      this.#flights.delete(objectId)
    })
    this.#flights.set(objectId, flight)
    return flight.then((bytes) => {
      this.#keep(objectId, bytes)
      return bytes
    })
  }

  #keep(objectId: string, bytes: Uint8Array): void {
    if (this.#kept.has(objectId) || !this.#lengths.has(objectId)) return
    this.#kept.set(objectId, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#options.maxBytes) return
      this.#kept.delete(oldest)
      this.#bytes -= length
    }
  }
}
