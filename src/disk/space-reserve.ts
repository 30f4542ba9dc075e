/**
 * Bytes of a disk kept for the day it is full: a file of zeros that is given up so that the catalog
 * can still commit, cancel and delete, which is what makes space again.
 */
import { isFailure } from '../base/errors.ts'
import type { Disk, DiskFile } from './disk.ts'

/** Written and synced in steps, so that others' syncs wait for no more than one. */
const stepBytes = 1024 * 1024

export class SpaceReserve {
  readonly #disk: Disk
  readonly #folder: string
  readonly #path: string
  readonly #bytes: number

  /** `bytes` in a file of `folder` called 'reserve', which must be there. */
  constructor(disk: Disk, folder: string, bytes: number) {
    this.#disk = disk
    this.#folder = folder
    this.#path = `${folder}/reserve`
    this.#bytes = bytes
  }

  /** True where the whole reserve is on the disk. */
  async held(): Promise<boolean> {
    return ((await this.#disk.stat(this.#path))?.size ?? 0) >= this.#bytes
  }

  /**
   * Takes the reserve, if it is not held already; true when it is. False where there is not twice
   * the space, so that taking it does not fill the disk again.
   *
   * @throws Failure 'unavailable': the disk fails; what was taken counts when it is called again.
   */
  async hold(): Promise<boolean> {
    if (await this.held()) return true
    if ((await this.#disk.freeBytes(this.#folder)) < 2 * this.#bytes) return false
    await this.release()
    const file = await this.#disk.open(this.#path, 'create')
    try {
      await this.#fill(file)
      await this.#disk.syncFolder(this.#folder)
      return true
    } catch (error) {
      if (!isFailure(error, 'overloaded')) throw error
      await this.release() // somebody else was faster
      return false
    } finally {
      await file.close()
    }
  }

  async #fill(file: DiskFile): Promise<void> {
    const zeros = new Uint8Array(Math.min(stepBytes, this.#bytes))
    for (let at = 0; at < this.#bytes; at += zeros.length) {
      await file.write([zeros.subarray(0, Math.min(zeros.length, this.#bytes - at))], at)
      await file.sync()
    }
  }

  /** Gives its space back to the disk; harmless where it is not held. */
  async release(): Promise<void> {
    await this.#disk.remove(this.#path)
    await this.#disk.syncFolder(this.#folder)
  }
}
