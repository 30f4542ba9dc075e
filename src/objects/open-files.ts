/** Files held open between reads: opening one costs more than reading from it. */
import type { Disk, DiskFile } from '../disk/disk.ts'

interface OpenFile {
  readonly opening: Promise<DiskFile>
  users: number
  /** Nobody new may use it; who reads last closes it. */
  forgotten: boolean
}

export class OpenFiles {
  readonly #disk: Disk
  readonly #filesMax: number
  /** Least recently used first. */
  readonly #files = new Map<string, OpenFile>()

  constructor(disk: Disk, filesMax: number) {
    this.#disk = disk
    this.#filesMax = filesMax
  }

  /**
   * Runs `work` on the file, which stays open until it ends. Failures of opening are not
   * remembered.
   */
  async use<Result>(path: string, work: (file: DiskFile) => Promise<Result>): Promise<Result> {
    const open = this.#files.get(path) ?? {
      opening: this.#disk.open(path, 'read'),
      users: 0,
      forgotten: false,
    }
    this.#files.delete(path)
    this.#files.set(path, open)
    open.users++
    try {
      return await work(await this.#opened(path, open))
    } finally {
      open.users--
      if (open.forgotten) await this.#closeUnused(open)
      await this.#evict()
    }
  }

  async #opened(path: string, open: OpenFile): Promise<DiskFile> {
    try {
      return await open.opening
    } catch (error) {
      if (this.#files.get(path) === open) this.#files.delete(path)
      throw error
    }
  }

  /** The next use opens the path anew. */
  async forget(path: string): Promise<void> {
    const open = this.#files.get(path)
    if (open === undefined) return
    this.#files.delete(path)
    open.forgotten = true
    await this.#closeUnused(open)
  }

  async #closeUnused(open: OpenFile): Promise<void> {
    if (open.users > 0) return
    const file = await open.opening.catch(() => undefined)
    await file?.close()
  }

  async #evict(): Promise<void> {
    const idle = [...this.#files].filter(([, { users }]) => users === 0)
    const excess = this.#files.size - this.#filesMax
    for (const [path] of idle.slice(0, Math.max(0, excess))) await this.forget(path)
  }

  /** Forgets every file; those in use are closed by their readers. */
  async close(): Promise<void> {
    for (const path of this.#files.keys()) await this.forget(path)
  }
}
