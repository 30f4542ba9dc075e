/**
 * Pooled memory has no owner but its holds: who keeps bytes beyond a call retains, and releases
 * once.
 */

export interface Hold {
  /** Bytes that stay taken for as long as anybody holds, usually more than the bytes held. */
  readonly capacity: number
  retain(): void
  /** Exactly once per `retain`, and once for being given it. Afterwards the bytes may change. */
  release(): void
}

/** For bytes that the garbage collector owns. */
export const unpooled: Hold = { capacity: 0, retain: () => undefined, release: () => undefined }
