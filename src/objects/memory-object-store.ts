/** Objects in memory: for a broker that keeps nothing, and for a simulation that loses answers. */
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { FailureKind } from '../base/errors.ts'
import { checkObjectKey } from './object-key.ts'
import type { ObjectCall, ObjectStore, StoredObject } from './object-store.ts'

export interface StoreOperation {
  readonly kind: 'put' | 'read' | 'stat' | 'delete' | 'list'
  readonly key: string
  readonly bytes: number
}

export interface StoreFault {
  readonly delayMs?: number
  /** Nothing is done. */
  readonly fail?: 'unavailable' | 'overloaded'
  /** Done, but the caller hears 'unknown-outcome' (a put) or 'unavailable' (all else). */
  readonly loseAnswer?: boolean
}

export interface MemoryObjectStoreOptions {
  readonly clock: Clock
  /** Asked before each operation. */
  readonly fault?: (operation: StoreOperation) => StoreFault | undefined
}

interface Held {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
}

/** Whoever gives up does not stop the store: what is under way may still be done. */
async function unlessAborted<Result>(
  done: Promise<Result>,
  signal: AbortSignal | undefined,
  kind: FailureKind,
  what: string,
): Promise<Result> {
  if (signal === undefined) return done
  const gaveUp = Promise.withResolvers<never>()
  const giveUp = (): void => gaveUp.reject(new Failure(kind, `${what}: cancelled under way`))
  signal.addEventListener('abort', giveUp, { once: true })
  done.catch(() => undefined)
  try {
    return await Promise.race([done, gaveUp.promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

export class MemoryObjectStore implements ObjectStore {
  readonly #options: MemoryObjectStoreOptions
  readonly #objects = new Map<string, Held>()
  #closed = false

  constructor(options: MemoryObjectStoreOptions) {
    this.#options = options
  }

  async #run<Result>(
    operation: StoreOperation,
    signal: AbortSignal | undefined,
    work: () => Result,
  ): Promise<Result> {
    if (this.#closed) throw new Failure('closed', 'the object store is closed')
    const { kind, key } = operation
    if (signal?.aborted === true) throw new Failure('unavailable', `${kind} ${key}: cancelled`)
    const fault = this.#options.fault?.(operation)
    const done = this.#after(fault?.delayMs ?? 0).then(() => {
      if (fault?.fail === undefined) return work()
      throw new Failure(fault.fail, `${kind} ${key}: injected fault`)
    })
    const lost = kind === 'put' ? 'unknown-outcome' : 'unavailable'
    const result = await unlessAborted(done, signal, lost, `${kind} ${key}`)
    if (fault?.loseAnswer === true) throw new Failure(lost, `${kind} ${key}: the answer was lost`)
    return result
  }

  async #after(delayMs: number): Promise<void> {
    if (delayMs > 0) await sleep(this.#options.clock, delayMs)
  }

  put(key: string, chunks: readonly Uint8Array[], call?: ObjectCall): Promise<void> {
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return this.#run({ kind: 'put', key, bytes: bytes.length }, call?.signal, () => {
      checkObjectKey(key)
      this.#objects.set(key, { bytes, modifiedMs: this.#options.clock.nowMs() })
    })
  }

  putIfAbsent(
    key: string,
    chunks: readonly Uint8Array[],
    call?: ObjectCall,
  ): Promise<'stored' | 'exists'> {
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return this.#run({ kind: 'put', key, bytes: bytes.length }, call?.signal, () => {
      checkObjectKey(key)
      if (this.#objects.has(key)) return 'exists'
      this.#objects.set(key, { bytes, modifiedMs: this.#options.clock.nowMs() })
      return 'stored'
    })
  }

  read(key: string, position: number, length: number, call?: ObjectCall): Promise<Uint8Array> {
    return this.#run({ kind: 'read', key, bytes: length }, call?.signal, () => {
      checkObjectKey(key)
      const held = this.#objects.get(key)
      if (held === undefined) throw new Failure('not-found', `no object ${key}`)
      const { bytes } = held
      if (position + length > bytes.length) {
        throw new Failure(
          'corrupt',
          `object ${key} ends at ${bytes.length}, ${position + length} were asked`,
        )
      }
      return bytes.slice(position, position + length)
    })
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#run({ kind: 'stat', key, bytes: 0 }, undefined, () => {
      checkObjectKey(key)
      const held = this.#objects.get(key)
      return held && { key, size: held.bytes.length, modifiedMs: held.modifiedMs }
    })
  }

  delete(key: string): Promise<void> {
    return this.#run({ kind: 'delete', key, bytes: 0 }, undefined, () => {
      checkObjectKey(key)
      this.#objects.delete(key)
    })
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<StoredObject[]> {
    return this.#run({ kind: 'list', key: prefix, bytes: 0 }, undefined, () => {
      const keys = [...this.#objects.keys()].filter(
        (key) => key.startsWith(prefix) && (after === undefined || key > after),
      )
      return keys
        .toSorted()
        .slice(0, limit)
        .map((key) => {
          const held = this.#objects.get(key)
          return { key, size: held?.bytes.length ?? 0, modifiedMs: held?.modifiedMs ?? 0 }
        })
    })
  }

  close(): Promise<void> {
    this.#closed = true
    return Promise.resolve()
  }
}
