/** Immutable blobs by name: a folder, S3, or memory. Decisions about them are the catalog's alone. */

export interface StoredObject {
  readonly key: string
  readonly size: number
  readonly modifiedMs: number
}

/**
 * Who waits for a request: readers and producers at the end of a log, readers far behind it, or
 * nobody but a job. A store that is shared serves them in this order, and starves none for ever.
 */
export type ObjectPriority = 'tail' | 'catch-up' | 'background'

export interface ObjectCall {
  /** Gives the request up; it may still be done. */
  readonly signal?: AbortSignal | undefined
  /**
   * Default: 'background' for what writes, because only the journal has producers waiting and says
   * so; 'catch-up' for reads, because what is at the tail is mostly cached.
   */
  readonly priority?: ObjectPriority | undefined
  /** One request and no more: whoever asks comes again by itself. */
  readonly isOnce?: boolean | undefined
}

export interface ObjectStore {
  /**
   * Stores the chunks, one behind the other, under `key`, and resolves when they are durable.
   * Storing the same bytes under the same key again is allowed (a hedge, a retry).
   *
   * @throws Failure 'unavailable' | 'overloaded' (no space): not stored.
   * @throws Failure 'unknown-outcome': may be stored or still become so; sweep `key` once nothing
   *   names it.
   */
  put(key: string, chunks: readonly Uint8Array[], call?: ObjectCall): Promise<void>
  /**
   * As `put`, unless `key` has an object already: that one is left as it is. Of several at once,
   * one stores. A retry knows its own object by its bytes, so callers that compete must not store
   * the same ones.
   *
   * @throws Failure as `put`.
   */
  putIfAbsent(
    key: string,
    chunks: readonly Uint8Array[],
    call?: ObjectCall,
  ): Promise<'stored' | 'exists'>
  /**
   * Exactly `length` bytes from `position`.
   *
   * @throws Failure 'not-found': no such object. 'corrupt': it is shorter than that. 'unavailable':
   *   try again.
   */
  read(key: string, position: number, length: number, call?: ObjectCall): Promise<Uint8Array>
  /** Undefined where there is no such object. */
  stat(key: string): Promise<StoredObject | undefined>
  /** Harmless where there is no such object. */
  delete(key: string): Promise<void>
  /** Objects whose key starts with `prefix`, by key, at most `limit`, behind `after`. */
  list(prefix: string, after: string | undefined, limit: number): Promise<StoredObject[]>
  /**
   * Lets go of what puts that never ended have left in the store, from before `beforeMs`. Resolves
   * with how many; a store that keeps nothing of them has no such thing.
   */
  sweepUploads?(beforeMs: number): Promise<number>
  close(): Promise<void>
}
