/**
 * The journal of a broker on one machine: groups in recycled files, durable by one write and one
 * sync each.
 */
import { assert } from '../base/assert.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { silentLog } from '../base/log.ts'
import { Mutex } from '../base/mutex.ts'
import type { Disk } from '../disk/disk.ts'
import { FilePool } from './file-pool.ts'
import type { GroupPlace, Journal, JournalGroup, KnownGroup, Placed } from './journal.ts'
import type { JournalFault } from './journal-object.ts'
import { footprintOf, JournalObject, notFound, pageBytes } from './journal-object.ts'
import { recoverJournal } from './journal-recovery.ts'

export interface DiskJournalOptions {
  readonly disk: Disk
  /** Made if it is not there. Used by one process at a time: the caller holds a lock. */
  readonly folder: string
  /** 16 bytes. */
  readonly clusterId: Uint8Array
  /** The last committed group of each live object; more of one object do no harm. */
  readonly known: readonly KnownGroup[]
  /** Journal objects that the catalog still names. Every other file may be overwritten. */
  readonly liveObjects: readonly string[]
  /** The life of the broker, drawn from the catalog: no group behind the named ones is of it. */
  readonly brokerIncarnation?: number
  /** Durable before it resolves, and never the same number again. */
  readonly nextIncarnation: () => Promise<number>
  readonly log?: Log
  /** A multiple of 4,096. Default 64 MiB: what is packed and recycled at once. */
  readonly fileBytes?: number
  /** Default 128 MiB: a file grows for a group that is larger than a file. */
  readonly groupBytesMax?: number
  readonly sparesReady?: number
  /** Default 16 (1 GiB): what a minute between packings leaves behind at 17 MB/s. */
  readonly sparesKept?: number
  /** Default 256 MiB. */
  readonly freeBytesMin?: number
}

const mebibyte = 1024 * 1024

/**
 * Opens the folder: live objects can be read, writing goes on behind the last group that the
 * catalog names. Damage to named groups is logged, kept in `faults` and refused to readers; it does
 * not keep the journal closed.
 *
 * @throws Failure 'invalid': the folder is another cluster's, or a later release's.
 * @throws Failure 'fenced': files are newer than the catalog, which must have gone back: nothing
 *   was written.
 * @throws Failure 'unavailable': the disk fails.
 */
export async function openDiskJournal(options: DiskJournalOptions): Promise<DiskJournal> {
  const { disk, folder, log = silentLog, fileBytes = 64 * mebibyte } = options
  assert(fileBytes % pageBytes === 0 && fileBytes > 0, 'a journal file holds whole pages')
  await disk.makeFolder(folder)
  const [found, incarnation] = await Promise.all([
    recoverJournal({ ...options, log }),
    options.nextIncarnation(),
  ])
  if (incarnation <= found.highestIncarnation) {
    const { objects, spares, aside } = found
    const slots = [...objects.flatMap(({ slot }) => slot ?? []), ...spares, ...aside]
    await Promise.all(slots.map(({ file }) => file.close()))
    throw wentBack(folder, incarnation, found.highestIncarnation)
  }
  const pool = new FilePool({
    disk,
    folder,
    fileBytes,
    sparesReady: options.sparesReady ?? 1,
    sparesKept: options.sparesKept ?? 16,
    freeBytesMin: options.freeBytesMin ?? 256 * mebibyte,
    log,
  })
  pool.startAbove(found.highestNumber)
  for (const slot of found.spares) await pool.give(slot)
  for (const { file, path } of found.aside) {
    log.error({ path }, 'a journal file is unreadable and may be one that is missing: left alone')
    await file.close()
  }
  pool.prepare()
  return new DiskJournal(
    { ...options, log, fileBytes },
    pool,
    found.objects,
    found.active,
    incarnation,
  )
}

function wentBack(folder: string, drawn: number, found: number): Failure {
  return new Failure(
    'fenced',
    `the catalog gave file incarnation ${drawn}, but ${folder} holds ${found}: ` +
      'the catalog was restored or replaced, and these files may hold what it lost; ' +
      'run the doctor, or give it an empty folder',
  )
}

export class DiskJournal implements Journal {
  readonly #options: DiskJournalOptions & { readonly log: Log; readonly fileBytes: number }
  readonly #groupBytesMax: number
  readonly #pool: FilePool
  readonly #objects = new Map<string, JournalObject>()
  /** Writes, rolls and the closing: one at a time, as asked. */
  readonly #turns = new Mutex()
  #active: JournalObject | undefined
  /** Drawn ahead, for the next file. */
  #incarnation: number | undefined
  #highestIncarnation: number
  #closed = false

  constructor(
    options: DiskJournalOptions & { readonly log: Log; readonly fileBytes: number },
    pool: FilePool,
    objects: readonly JournalObject[],
    active: JournalObject | undefined,
    incarnation: number,
  ) {
    this.#options = options
    this.#groupBytesMax = options.groupBytesMax ?? 128 * mebibyte
    this.#pool = pool
    for (const object of objects) this.#objects.set(object.objectId, object)
    this.#active = active
    this.#incarnation = incarnation
    this.#highestIncarnation = incarnation - 1
  }

  async write(group: JournalGroup, placed?: Placed): Promise<GroupPlace> {
    if (this.#closed) throw new Failure('closed', 'the journal is closed')
    const footprint = footprintOf(group)
    if (footprint > this.#groupBytesMax) {
      throw new Failure(
        'invalid',
        `a group of ${footprint} bytes is over the limit of ${this.#groupBytesMax}`,
      )
    }
    return this.#turns.run(async () => {
      const object = await this.#objectFor(footprint)
      try {
        return await object.append(this.#options.clusterId, group, placed)
      } catch (error) {
        await this.#abandon(object, error)
        throw error
      }
    })
  }

  /** The active object where it has room, or the beginning of another. */
  async #objectFor(footprint: number): Promise<JournalObject> {
    const active = this.#active
    if (active !== undefined && active.end + footprint <= this.#options.fileBytes) return active
    this.#active = undefined
    const incarnation = this.#incarnation ?? (await this.#drawIncarnation())
    this.#incarnation = incarnation
    if (incarnation <= this.#highestIncarnation) {
      this.#incarnation = undefined
      throw wentBack(this.#options.folder, incarnation, this.#highestIncarnation)
    }
    const object = new JournalObject(incarnation, await this.#pool.take())
    this.#incarnation = undefined
    this.#highestIncarnation = incarnation
    this.#objects.set(object.objectId, object)
    this.#active = object
    return object
  }

  /** A number that was perhaps drawn is skipped: nothing is unknown of the group, it is not written. */
  async #drawIncarnation(): Promise<number> {
    try {
      return await this.#options.nextIncarnation()
    } catch (error) {
      if (!isFailure(error, 'unknown-outcome')) throw error
      throw new Failure('unavailable', error.message, error)
    }
  }

  /**
   * Ends a file whose write or sync failed: what the page cache shows of it proves nothing any
   * more. Its name says so, so that it is not written after a restart either.
   */
  async #abandon(object: JournalObject, error: unknown): Promise<void> {
    const { disk, folder, log } = this.#options
    const { objectId, slot, end } = object
    assert(slot !== undefined, 'what was written has a file')
    log.error({ error, objectId, path: slot.path }, 'a journal file failed and is written no more')
    this.#active = undefined
    if (end === 0) {
      this.#objects.delete(objectId)
      await this.#pool.give(slot)
      return
    }
    try {
      const ended = slot.path.replace('.journal', '-ended.journal')
      await disk.rename(slot.path, ended)
      slot.path = ended
      await disk.syncFolder(folder)
    } catch (again) {
      log.warn({ error: again, path: slot.path }, 'cannot mark a failed journal file')
    }
  }

  async read(
    objectId: string,
    position: number,
    length: number,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    const object = this.#objects.get(objectId)
    if (object === undefined) throw notFound(objectId)
    return object.read(position, length, into)
  }

  finished(): readonly string[] {
    return [...this.#objects.keys()].filter((objectId) => objectId !== this.#active?.objectId)
  }

  /** Named groups that are damaged or missing, as found when the journal opened. */
  faults(): readonly JournalFault[] {
    return [...this.#objects.values()].flatMap(({ faults }) => faults)
  }

  /** Resolves when no file is being prepared in the background. */
  async settled(): Promise<void> {
    await this.#pool.settled()
  }

  async roll(): Promise<void> {
    await this.#turns.run(() => {
      this.#active = undefined
      return Promise.resolve()
    })
  }

  async retire(objectId: string): Promise<void> {
    const object = this.#objects.get(objectId)
    if (object === undefined) return
    if (object === this.#active) {
      throw new Failure('conflict', `${objectId} is being written: roll the journal first`)
    }
    this.#objects.delete(objectId)
    await object.retire()
    if (object.slot !== undefined) await this.#pool.give(object.slot)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turns.run(async () => {
      const objects = [...this.#objects.values()]
      this.#objects.clear()
      this.#active = undefined
      await this.#pool.close()
      for (const object of objects) {
        await object.retire()
        await object.slot?.file.close()
      }
    })
  }
}
