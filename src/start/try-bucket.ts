/** A small write, to see whether the bucket takes any. */
import type { ObjectStore } from '../objects/object-store.ts'

/** Of all tries of all brokers, beside the cluster's marker; nobody reads them. */
export const triesPrefix = 'karst-try/'

/** Each try has another length than those before it, so that an old object is not taken for it. */
const lengths = 1_000

/**
 * Returns what writes an object of the broker's own, over that of the try before.
 *
 * @throws what it returns: Failure as `ObjectStore.put`.
 */
export function bucketTry(
  objects: ObjectStore,
  nodeId: number,
): (signal: AbortSignal) => Promise<void> {
  let tries = 0
  return (signal) => {
    const bytes = Buffer.alloc(1 + (tries++ % lengths), 'karst ')
    const call = { signal, priority: 'tail', isOnce: true } as const
    return objects.put(`${triesPrefix}${nodeId}`, [bytes], call)
  }
}
