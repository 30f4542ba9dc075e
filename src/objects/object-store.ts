/** Immutable blobs by name: a folder, S3, or memory. Decisions about them are the catalog's alone. */

export interface StoredObject {
  readonly key: string
  readonly size: number
  readonly modifiedMs: number
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
  put(key: string, chunks: readonly Uint8Array[], signal?: AbortSignal): Promise<void>
  /**
   * Exactly `length` bytes from `position`.
   *
   * @throws Failure 'not-found': no such object. 'corrupt': it is shorter than that. 'unavailable':
   *   try again.
   */
  read(key: string, position: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  /** Undefined where there is no such object. */
  stat(key: string): Promise<StoredObject | undefined>
  /** Harmless where there is no such object. */
  delete(key: string): Promise<void>
  /** Objects whose key starts with `prefix`, by key, at most `limit`, behind `after`. */
  list(prefix: string, after: string | undefined, limit: number): Promise<StoredObject[]>
  close(): Promise<void>
}
