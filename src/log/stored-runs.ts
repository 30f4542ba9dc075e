/**
 * Where runs are read from: journal and inline objects from the journal, packed ones from the
 * object store.
 */
import { isInline } from '../catalog/group-objects.ts'
import type { Run } from '../catalog/manifest.ts'
import type { Journal } from '../journal/journal.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { BlockSource } from './block-shelf.ts'
import type { RunKind } from './block.ts'

/** Keys begin with the cluster's id: a job touches no other cluster's objects. */
export const objectKey = (clusterId: string, objectId: string): string => `${clusterId}/${objectId}`

/** Not packed yet: the journal reads it, wherever its bytes are. */
export const isOfJournal = (objectId: string): boolean =>
  objectId.startsWith('journal-') || isInline(objectId)

export class StoredRuns implements BlockSource {
  readonly #journal: Journal
  readonly #objects: ObjectStore
  readonly #clusterId: string

  constructor(parts: {
    readonly journal: Journal
    readonly objects: ObjectStore
    readonly clusterId: string
  }) {
    this.#journal = parts.journal
    this.#objects = parts.objects
    this.#clusterId = parts.clusterId
  }

  async read(run: Run): Promise<{ readonly kind: RunKind; readonly bytes: Uint8Array }> {
    const { objectId, position, length } = run
    if (isOfJournal(objectId)) {
      return { kind: 'journal', bytes: await this.#journal.read(objectId, position, length) }
    }
    const key = objectKey(this.#clusterId, objectId)
    return { kind: 'packed', bytes: await this.#objects.read(key, position, length) }
  }
}
