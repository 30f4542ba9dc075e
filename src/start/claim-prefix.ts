/**
 * A prefix of a bucket belongs to one cluster: whoever comes first leaves a marker there, so that a
 * wrong URL is found before anything is written beside another cluster's data (pitfall C4).
 */
import { Failure } from '../base/errors.ts'
import type { ObjectStore } from '../objects/object-store.ts'

const markerKey = 'karst-cluster'
const markerBytesMax = 1_024

/** @throws Failure 'conflict': it is another cluster's. 'unavailable' | 'invalid'. */
export async function claimPrefix(
  objects: ObjectStore,
  clusterId: string,
  place: string,
): Promise<void> {
  // A missing bucket or right is told now, not by a job an hour later.
  await objects.list(`${clusterId}/`, undefined, 1)
  const text = new TextEncoder().encode(JSON.stringify({ format: 1, clusterId }))
  if ((await objects.putIfAbsent(markerKey, [text])) === 'stored') return
  if (await checkPrefix(objects, clusterId, place)) return
  throw new Failure('unavailable', `${place}: its marker is gone again`)
}

/**
 * Looks who has the prefix, and writes nothing: false where nobody has.
 *
 * @throws Failure 'conflict': it is another cluster's. 'unavailable' | 'invalid'.
 */
export async function checkPrefix(
  objects: ObjectStore,
  clusterId: string,
  place: string,
): Promise<boolean> {
  const owner = await readOwner(objects)
  if (owner === undefined) return false
  if (owner === clusterId) return true
  throw new Failure(
    'conflict',
    `${place} belongs to cluster ${owner}, and the catalog is of cluster ` +
      `${clusterId}: give --storage another prefix, or --catalog that cluster's database`,
  )
}

/** The id of the cluster that has the prefix; undefined where none has. */
export async function readOwner(objects: ObjectStore): Promise<string | undefined> {
  const stored = await objects.stat(markerKey)
  if (stored === undefined) return undefined
  const bytes = await objects.read(markerKey, 0, Math.min(stored.size, markerBytesMax))
  return ownerIn(new TextDecoder().decode(bytes)) ?? '(unreadable)'
}

function ownerIn(text: string): string | undefined {
  try {
    const { clusterId } = JSON.parse(text) as { clusterId?: unknown }
    return typeof clusterId === 'string' ? clusterId : undefined
  } catch {
    return undefined
  }
}
