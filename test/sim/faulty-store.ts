/**
 * One broker's way to the object store: it dies with its process, can be cut off alone, and a put
 * may be sent twice, the second of which lands late, as a hedge does that lost.
 */
import type { Clock } from '../../src/base/clock.ts'
import { Failure } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { ObjectCall, ObjectStore, StoredObject } from '../../src/objects/object-store.ts'
import type { Cut } from './fleet-connection.ts'
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
  #cut: Cut | undefined
  readonly #mended: (() => void)[] = []

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

  get isCut(): boolean {
    return this.#cut !== undefined
  }

  /** 'refused': every request fails at once. 'hanging': it waits until the way is mended. */
  cut(how: Cut): void {
    this.#cut = how
  }

  mend(): void {
    this.#cut = undefined
    for (const resolve of this.#mended.splice(0)) resolve()
  }

  async #pass(signal: AbortSignal | undefined): Promise<void> {
    if (this.#cut === undefined) return
    if (this.#cut === 'refused') throw new Failure('unavailable', 'cut off from the bucket')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#mended.push(resolve)
    const give = (): void => reject(new Failure('unavailable', 'the bucket hung: given up'))
    signal?.addEventListener('abort', give, { once: true })
    await promise.finally(() => signal?.removeEventListener('abort', give))
  }

  async #living<Result>(ask: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (this.#life.isOver) return never()
    try {
      await this.#pass(signal)
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
    return this.#living(() => this.#store.put(key, chunks, call), call?.signal)
  }

  putIfAbsent(
    key: string,
    chunks: readonly Uint8Array[],
    call?: ObjectCall,
  ): Promise<'stored' | 'exists'> {
    return this.#living(() => this.#store.putIfAbsent(key, chunks, call), call?.signal)
  }

  read(key: string, position: number, length: number, call?: ObjectCall): Promise<Uint8Array> {
    return this.#living(() => this.#store.read(key, position, length, call), call?.signal)
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
