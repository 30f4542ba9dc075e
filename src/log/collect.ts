/**
 * Takes bytes out of the object store and out of the catalog that nothing names, once the grace for
 * readers is over, and finds what a crash left behind. It touches no key but those of packed
 * objects, and of groups, of this cluster.
 */
import type { Clock } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import {
  cancelClaim,
  claimStrays,
  confirmUnnamed,
  forgetObjects,
  objectsPerPage,
  readObjects,
} from '../catalog/collect-objects.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { groupOfObject, isInline } from '../catalog/group-objects.ts'
import { dropInline } from '../catalog/inline-data.ts'
import { packedNumberOf } from '../catalog/pack-swap.ts'
import type { ObjectRow } from '../catalog/schema.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { objectKey } from './stored-runs.ts'

export interface CollectorDeps {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly clock: Clock
  readonly log: Log
  readonly limits: CollectLimits
}

export interface CollectLimits {
  /** `object.grace.ms`: reads that are under way end before it does. */
  readonly graceMs: number
  /** A claim, or bytes without a row, that are older belong to nobody any more. */
  readonly orphanMs: number
  /**
   * Rows of journal files, and of groups that were cancelled, stay so long after their end, to
   * refuse commits that are late.
   */
  readonly journalRowsMs: number
}

/** No upload in parts takes as long, and its parts are paid for until somebody lets go of them. */
const uploadMsMax = 24 * 60 * 60_000

export interface CollectStats {
  objects: number
  bytes: number
  /** Claims that never came to a swap. */
  cancelled: number
  /** Bytes without a row. */
  strays: number
}

export class Collector {
  readonly #deps: CollectorDeps
  readonly stats: CollectStats = { objects: 0, bytes: 0, cancelled: 0, strays: 0 }

  constructor(deps: CollectorDeps) {
    this.#deps = deps
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time. */
  async collect(signal: AbortSignal): Promise<void> {
    for (let after: string | undefined; !signal.aborted;) {
      const page = await readObjects(this.#deps.database, after)
      const gone: string[] = []
      for (const row of page) {
        if (signal.aborted) break
        if (await this.#endOf(row)) gone.push(row.objectId)
      }
      const inline = gone.filter(isInline)
      if (inline.length > 0) await dropInline(this.#deps.database, inline)
      this.stats.objects += inline.length
      if (gone.length > 0) await forgetObjects(this.#deps.database, gone)
      after = page.at(-1)?.objectId
      if (page.length < objectsPerPage) return
    }
  }

  /** True where nothing is left of the object but its row. */
  async #endOf(row: ObjectRow): Promise<boolean> {
    const { database, objects, clusterId, clock, limits, log } = this.#deps
    const { objectId, kind, state, createdMs, unnamedMs } = row
    const nowMs = clock.nowMs()
    if (state === 'live') return false
    if (state === 'writing') {
      if (createdMs > nowMs - limits.orphanMs) return false
      if (await cancelClaim(database, objectId, nowMs)) this.stats.cancelled++
      return false
    }
    const isGroup = groupOfObject(objectId) !== undefined
    const unnamedForMs = nowMs - (unnamedMs ?? nowMs)
    if (kind === 'journal' && !isGroup) return unnamedForMs > limits.journalRowsMs
    if (unnamedForMs < limits.graceMs) return false
    if (kind === 'inline') return true // its bytes are dropped with others', see collect
    // Its commit may still be on its way; that of a group which was packed came long ago.
    if (isGroup && state === 'cancelled' && unnamedForMs < limits.journalRowsMs) return false
    if (!(await confirmUnnamed(database, objectId))) {
      log.error({ objectId }, 'an object that was garbage is named: it is kept')
      return false
    }
    await objects.delete(objectKey(clusterId, objectId))
    this.stats.objects++
    this.stats.bytes += row.size
    return true
  }

  /**
   * Looks through the store for objects without a row: a group whose commit did not follow, or a
   * put that came after its claim was swept. Each is claimed as cancelled, and goes when the claim
   * has stood for the grace, or longer: age alone never deletes.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': the rest is found the next time.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    for (const kind of ['journal-', 'packed-'] as const) await this.#sweepKind(kind, signal)
    if (!signal.aborted) await this.#sweepUploads()
  }

  /** Not every store has uploads, or lets them be listed: all else goes on without. */
  async #sweepUploads(): Promise<void> {
    const { objects, clock, log } = this.#deps
    try {
      await objects.sweepUploads?.(clock.nowMs() - uploadMsMax)
    } catch (error) {
      if (!isFailure(error)) throw error
      log.warn({ error: error.message }, 'uploads that never ended could not be looked for')
    }
  }

  async #sweepKind(kind: 'journal-' | 'packed-', signal: AbortSignal): Promise<void> {
    const { database, objects, clusterId, clock, limits, log } = this.#deps
    const prefix = objectKey(clusterId, kind)
    const known = objectKey(clusterId, '').length
    for (let after: string | undefined; !signal.aborted;) {
      const page = await objects.list(prefix, after, objectsPerPage)
      const beforeMs = clock.nowMs() - limits.orphanMs
      const old = page
        .filter(({ modifiedMs }) => modifiedMs < beforeMs)
        .map(({ key }) => key.slice(known))
        .filter((id) => packedNumberOf(id) !== undefined || groupOfObject(id) !== undefined)
      if (old.length > 0) {
        const { claimed, unknown } = await claimStrays(database, old, clock.nowMs())
        this.stats.strays += claimed
        if (unknown.length > 0) {
          log.error(
            { objects: unknown.length, objectId: unknown[0] },
            'objects of this cluster are newer than its catalog, which must have gone back: kept',
          )
        }
      }
      after = page.at(-1)?.key
      if (page.length < objectsPerPage) return
    }
  }
}
