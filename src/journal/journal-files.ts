/**
 * A look into the journal of one machine from another process than its broker's: groups that the
 * catalog names are found and read, nothing is written. Files that are packed are used again at any
 * time, so that what a look says holds only where the catalog names the group still.
 */
import { Failure, isFailure } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { incarnationOf } from './journal-object.ts'
import { journalFileName, proveGroup } from './journal-recovery.ts'
import type { KnownGroup } from './journal.ts'
import { headerAt } from './journal-walk.ts'

export class JournalFiles {
  readonly #disk: Disk
  readonly #folder: string
  readonly #files = new Map<string, DiskFile>()

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /**
   * Why the group does not stand where the catalog names it; undefined where it does.
   *
   * @throws Failure 'not-found': no file holds its object. 'unavailable'.
   */
  async prove(group: KnownGroup): Promise<string | undefined> {
    const file = await this.#fileOf(group.objectId, group.position)
    const incarnation = incarnationOf(group.objectId) ?? -1
    const proven = await proveGroup({ file }, incarnation, group, false)
    return typeof proven === 'string' ? proven : undefined
  }

  /**
   * Bytes of a group, or of a part of it.
   *
   * @throws Failure 'not-found': no file holds the object. 'corrupt': the file is shorter.
   */
  async read(group: KnownGroup, position: number, length: number): Promise<Uint8Array> {
    const file = await this.#fileOf(group.objectId, group.position)
    const bytes = Buffer.allocUnsafeSlow(length)
    const got = await file.read(bytes, position)
    if (got === length) return bytes
    const what = `${length} bytes at ${position} of ${group.objectId}`
    throw new Failure('corrupt', `cannot read ${what}: its file ends after ${got} of them`)
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
    this.#files.clear()
  }

  /** By its first header, or where that one is damaged, by the header of the group. */
  async #fileOf(objectId: string, position: number): Promise<DiskFile> {
    const incarnation = incarnationOf(objectId)
    const holds = async (file: DiskFile, at: number): Promise<boolean> => {
      const found = await headerAt(file, at)
      return typeof found !== 'string' && found.header.fileIncarnation === incarnation
    }
    await this.#openAll()
    for (const at of position === 0 ? [0] : [0, position]) {
      for (const file of this.#files.values()) if (await holds(file, at)) return file
    }
    throw new Failure('not-found', `no file in ${this.#folder} holds ${objectId}`)
  }

  async #openAll(): Promise<void> {
    for (const name of await this.#disk.names(this.#folder)) {
      if (!journalFileName.test(name) || this.#files.has(name)) continue
      const opened = await this.#disk.open(`${this.#folder}/${name}`, 'read').catch((error) => {
        if (isFailure(error, 'not-found')) return undefined // renamed meanwhile
        throw error
      })
      if (opened !== undefined) this.#files.set(name, opened)
    }
  }
}
