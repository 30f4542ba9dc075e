/**
 * A file system of a few MiB that only the processes of one test see: it goes with them, whatever
 * becomes of the test. Needs root and Linux; where it cannot be had the test fails.
 */
import { statfsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run, Program } from './program.ts'

const lifetimeMs = 5 * 60_000
const commandTimeoutMs = 10_000
const mebibyte = 1024 * 1024

export class SmallDisk {
  /** As those see it that are started `through` it. */
  readonly folder: string
  /** As this process sees it. */
  readonly seen: string
  /** To be put before a command. */
  readonly through: readonly string[]
  readonly #holder: Program
  readonly #place: string

  private constructor(holder: Program, place: string) {
    this.#holder = holder
    this.#place = place
    this.folder = path.join(place, 'data')
    this.seen = `/proc/${holder.pid}/root${this.folder}`
    this.through = ['nsenter', '--mount', '--target', String(holder.pid)]
  }

  /** Of memory; 'ext4' is one in a file, which can be made to fail. */
  static async mount(bytes: number, type: 'tmpfs' | 'ext4' = 'tmpfs'): Promise<SmallDisk> {
    const place = await mkdtemp(path.join(tmpdir(), 'karst-disk-'))
    const mounting =
      type === 'tmpfs'
        ? `mount -t tmpfs -o size=${bytes} karst "$0"`
        : `truncate -s ${bytes} "$0.image" && mkfs.ext4 -q "$0.image" && ` +
          `mount -o loop "$0.image" "$0" && rm "$0.image"`
    const script = `${mounting} && echo mounted && exec sleep 300`
    const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, place]
    const holder = new Program('a mount of its own', 'unshare', args, { timeoutMs: lifetimeMs })
    await holder.line((line) => line === 'mounted', commandTimeoutMs)
    return new SmallDisk(holder, place)
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(path.dirname(this.seen))
    return bavail * bsize
  }

  /** Somebody else takes what is free, down to the last page. */
  async fill(leaveBytes = 0): Promise<void> {
    const file = path.join(path.dirname(this.seen), 'filler')
    for (let size = this.freeBytes - leaveBytes; size > 0; size = this.freeBytes - leaveBytes) {
      const taken = Buffer.alloc(Math.min(size, mebibyte))
      try {
        await writeFile(file, taken, { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  }

  /** What `fill` took is free again. */
  async clear(): Promise<void> {
    await rm(path.join(path.dirname(this.seen), 'filler'), { force: true })
  }

  /**
   * 'ro': nothing may have it open for writing. 'abort' (ext4): every write fails from now on, as
   * after an error of the device.
   */
  async remount(how: 'ro' | 'abort'): Promise<void> {
    const [command, ...args] = [...this.through, 'mount', '-o', `remount,${how}`, this.#place]
    await run('mount', command, args, { timeoutMs: commandTimeoutMs })
  }

  async close(): Promise<void> {
    await this.#holder.stop()
    await rm(this.#place, { recursive: true, force: true })
  }
}
