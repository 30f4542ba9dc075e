/**
 * Files for the journal to write into, ready ahead of need: overwriting blocks that were written
 * once costs a sync half of what growing a file does (81–98 against 137–164 µs for 4 KiB), so files
 * are filled once, then recycled.
 */
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Disk } from '../disk/disk.ts'
import type { FileSlot } from './journal-object.ts'

export interface FilePoolOptions {
  readonly disk: Disk
  readonly folder: string
  readonly fileBytes: number
  /** Files kept filled ahead of need. */
  readonly sparesReady: number
  /** Files kept to be recycled; what is retired beyond them is removed. */
  readonly sparesKept: number
  /**
   * Space that new files leave to others, the catalog above all. Recycled files are written all the
   * same.
   */
  readonly freeBytesMin: number
  readonly log: Log
}

/**
 * Zeros are written and synced in steps, so that a group's sync never waits for more than one of
 * them.
 */
const stepBytes = 1024 * 1024

export class FilePool {
  readonly #options: FilePoolOptions
  readonly #spares: FileSlot[] = []
  #nextNumber = 1
  #filling: Promise<void> | undefined
  #closed = false
  /** So that a disk that stays full is reported once. */
  #full = false

  constructor(options: FilePoolOptions) {
    this.#options = options
  }

  get spares(): number {
    return this.#spares.length
  }

  /** Names below it are taken. */
  startAbove(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1)
  }

  /**
   * A file to write from its beginning: a spare, or where none is ready a new one that is not
   * filled, because a slower sync is better than a wait.
   *
   * @throws Failure 'overloaded': no spare, and no space for another file. 'unavailable': the disk
   *   fails.
   */
  async take(): Promise<FileSlot> {
    const spare = this.#spares.shift()
    if (spare === undefined) await this.#checkSpace()
    const slot = spare ?? (await this.#create())
    this.prepare()
    return slot
  }

  /** A file whose content nothing names any more. */
  async give(slot: FileSlot): Promise<void> {
    const { fileBytes, sparesKept } = this.#options
    const fits = slot.sizeBytes <= fileBytes && this.#spares.length < sparesKept
    if (slot.writable && fits && !this.#closed) this.#spares.push(slot)
    else if (this.#closed) await slot.file.close()
    else await this.#remove(slot)
  }

  /**
   * Fills spares in the background until enough are ready. A failure is logged; the next call tries
   * again.
   */
  prepare(): void {
    if (this.#filling !== undefined || this.#closed) return
    this.#filling = this.#fillSpares()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#filling = undefined
      })
  }

  /** Resolves when no file is being filled. */
  async settled(): Promise<void> {
    await this.#filling
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#filling
    for (const slot of this.#spares.splice(0)) await slot.file.close()
  }

  #report(error: unknown): void {
    if (!this.#full) this.#options.log.warn({ error }, 'cannot prepare a journal file')
    this.#full = true
  }

  async #fillSpares(): Promise<void> {
    while (!this.#closed && this.#spares.length < this.#options.sparesReady) {
      await this.#checkSpace()
      const slot = await this.#create()
      try {
        await this.#fill(slot)
      } catch (error) {
        await this.#remove(slot)
        throw error
      }
      this.#full = false
      await this.give(slot)
    }
  }

  async #checkSpace(): Promise<void> {
    const { disk, folder, fileBytes, freeBytesMin } = this.#options
    const free = await disk.freeBytes(folder)
    if (free >= fileBytes + freeBytesMin) return
    throw new Failure(
      'overloaded',
      `no space for another journal file in ${folder}: ${free} bytes are free, ` +
        `a file takes ${fileBytes} and ${freeBytesMin} stay free for the catalog; add space`,
    )
  }

  /** The folder is synced, so that no commit names a group in a file that a power loss takes away. */
  async #create(): Promise<FileSlot> {
    const { disk, folder } = this.#options
    const path = `${folder}/${String(this.#nextNumber++).padStart(8, '0')}.journal`
    const file = await disk.open(path, 'create')
    const slot: FileSlot = { file, path, sizeBytes: 0, writable: true }
    try {
      await disk.syncFolder(folder)
    } catch (error) {
      await this.#remove(slot)
      throw error
    }
    return slot
  }

  async #fill(slot: FileSlot): Promise<void> {
    const { fileBytes } = this.#options
    const zeros = new Uint8Array(Math.min(stepBytes, fileBytes))
    for (let at = 0; at < fileBytes && !this.#closed; at += zeros.length) {
      await slot.file.write([zeros.subarray(0, Math.min(zeros.length, fileBytes - at))], at)
      await slot.file.sync()
      slot.sizeBytes = Math.min(at + zeros.length, fileBytes)
    }
  }

  async #remove(slot: FileSlot): Promise<void> {
    try {
      await slot.file.close()
      await this.#options.disk.remove(slot.path)
    } catch (error) {
      // It takes space until the next start, and nothing else.
      this.#options.log.warn({ error, path: slot.path }, 'cannot remove a journal file')
    }
  }
}
