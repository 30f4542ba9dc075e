/**
 * One broker's way to the object store: it dies with its process, and a put may be sent twice, the
 * second of which lands late, as a hedge does that lost.
 */
import type { Clock } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { ObjectCall, ObjectStore, StoredObject } from '../../src/objects/object-store.ts'
import type { Life } from './life.ts'

/** A request that everybody has given up lands this late at most. */
const echoMsMax = 3_000

const never = (): Promise<never> => new Promise(() => undefined)

export class FaultyStore implements ObjectStore {
  readonly #store: ObjectStore
  readonly #life: Life
  readonly #clock: Clock
  readonly #random: Random
  readonly #hasFaults: () => boolean

  constructor(parts: {
    readonly store: ObjectStore
    readonly life: Life
    readonly clock: Clock
    readonly random: Random
    readonly hasFaults: () => boolean
  }) {
    this.#store = parts.store
    this.#life = parts.life
    this.#clock = parts.clock
    this.#random = parts.random
    this.#hasFaults = parts.hasFaults
  }

  async #living<Result>(ask: () => Promise<Result>): Promise<Result> {
    if (this.#life.isOver) return never()
    try {
      const result = await ask()
      return this.#life.isOver ? await never() : result
    } catch (error) {
      if (this.#life.isOver) return never()
      throw error
    }
  }

  put(key: string, chunks: readonly Uint8Array[], call?: ObjectCall): Promise<void> {
    if (this.#hasFaults() && randomBelow(this.#random, 30) === 0) {
      const bytes = [new Uint8Array(Buffer.concat(chunks))]
      this.#clock.after(randomBelow(this.#random, echoMsMax), () => {
        this.#store.put(key, bytes).catch(() => undefined)
      })
    }
    return this.#living(() => this.#store.put(key, chunks, call))
  }

  putIfAbsent(
    key: string,
    chunks: readonly Uint8Array[],
    call?: ObjectCall,
  ): Promise<'stored' | 'exists'> {
    return this.#living(() => this.#store.putIfAbsent(key, chunks, call))
  }

  read(key: string, position: number, length: number, call?: ObjectCall): Promise<Uint8Array> {
    return this.#living(() => this.#store.read(key, position, length, call))
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#living(() => this.#store.stat(key))
  }

  delete(key: string): Promise<void> {
    return this.#living(() => this.#store.delete(key))
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<StoredObject[]> {
    return this.#living(() => this.#store.list(prefix, after, limit))
  }

  /** The store lives on. */
  async close(): Promise<void> {
    // nothing of it is this process's
  }
}
