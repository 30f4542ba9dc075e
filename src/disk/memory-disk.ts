/** A disk in memory that loses, tears, refuses and delays as real ones do; one seed decides it all. */
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { randomBelow } from '../base/random.ts'
import type { Disk, DiskFile, FolderEntry, Volume } from './disk.ts'
import { drawMood, MemoryContent } from './memory-content.ts'

export interface DiskOperation {
  readonly kind:
    | 'open'
    | 'write'
    | 'read'
    | 'sync'
    | 'rename'
    | 'remove'
    | 'list'
    | 'make-folder'
    | 'sync-folder'
  readonly path: string
  readonly bytes: number
}

export interface DiskFault {
  /** Beside the latency of the disk. */
  readonly delayMs?: number
  /** A write that fails may have written any part; a sync that fails leaves anything durable. */
  readonly fail?: 'unavailable' | 'overloaded'
}

export interface MemoryDiskOptions {
  readonly clock: Clock
  readonly random: Random
  /** Sum of the sizes of all files; what would exceed it is refused ('overloaded'). */
  readonly capacityBytes?: number
  /** Of every operation. */
  readonly latencyMs?: number
  /** Asked before each operation. */
  readonly fault?: (operation: DiskOperation) => DiskFault | undefined
}

/** A change of names that a crash may still undo. */
type FolderChange =
  | { readonly kind: 'create'; readonly path: string; readonly content: MemoryContent }
  | { readonly kind: 'remove'; readonly path: string }
  | {
      readonly kind: 'rename'
      readonly path: string
      readonly to: string
      readonly content: MemoryContent
    }

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function apply(files: Map<string, MemoryContent>, change: FolderChange): void {
  if (change.kind === 'create') files.set(change.path, change.content)
  else if (change.kind === 'remove') files.delete(change.path)
  else {
    if (files.get(change.path) === change.content) files.delete(change.path)
    files.set(change.to, change.content)
  }
}

export class MemoryDisk implements Disk {
  readonly #options: MemoryDiskOptions
  readonly #files = new Map<string, MemoryContent>()
  #durable = new Map<string, MemoryContent>()
  #changes: FolderChange[] = []
  readonly #folders = new Set([''])
  /** Raised by a crash: what was opened or begun before it fails from then on. */
  #power = 0
  /** May be changed at any time: a disk fills up, and is cleaned. */
  capacityBytes: number

  constructor(options: MemoryDiskOptions) {
    this.#options = options
    this.capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER
  }

  /**
   * The power is lost and comes back: of what was not synced, any part is kept, sector by sector,
   * and so are creations, renames and removals. Whatever is open or under way fails.
   */
  crash(random: Random): void {
    this.#power++
    const mood = drawMood(random)
    const contents = new Set([...this.#files.values(), ...this.#durable.values()])
    for (const change of this.#changes) if (change.kind !== 'remove') contents.add(change.content)
    for (const content of contents) content.crash(random, mood)
    for (const change of this.#changes) {
      const kept = mood === 'all kept' || (mood === 'mixed' && randomBelow(random, 2) === 0)
      if (kept) apply(this.#durable, change)
    }
    this.#changes = []
    this.#files.clear()
    for (const [path, content] of this.#durable) this.#files.set(path, content)
  }

  /**
   * The disk as one process sees it: behind the next crash all of it fails, so that a process that
   * is dead in the simulation, but whose promises still settle, touches nothing any more.
   */
  mount(): Disk {
    const power = this.#power
    const alive = async <Result>(path: string, run: () => Promise<Result>): Promise<Result> => {
      this.#live(power, path)
      return run()
    }
    return {
      open: (path, mode) => alive(path, () => this.open(path, mode)),
      rename: (from, to) => alive(from, () => this.rename(from, to)),
      remove: (path) => alive(path, () => this.remove(path)),
      list: (folder) => alive(folder, () => this.list(folder)),
      names: (folder) => alive(folder, () => this.names(folder)),
      stat: (path) => alive(path, () => this.stat(path)),
      makeFolder: (folder) => alive(folder, () => this.makeFolder(folder)),
      syncFolder: (folder) => alive(folder, () => this.syncFolder(folder)),
      freeBytes: (folder) => alive(folder, () => this.freeBytes(folder)),
      volume: (folder) => alive(folder, () => this.volume(folder)),
    }
  }

  usedBytes(): number {
    let used = 0
    for (const content of this.#files.values()) used += content.size
    return used
  }

  /**
   * Waits as the disk does, then does `work`, or fails where the hook says so; `torn` does it by
   * halves. Both without a pause behind the look at the power: a crash comes before what is done,
   * or behind it.
   */
  async #pass<Result>(
    operation: DiskOperation,
    work: () => Result,
    torn?: () => void,
  ): Promise<Result> {
    const power = this.#power
    const { clock, latencyMs, fault: hook } = this.#options
    const fault = hook?.(operation)
    const delayMs = (latencyMs ?? 0) + (fault?.delayMs ?? 0)
    if (delayMs > 0) await sleep(clock, delayMs)
    else await Promise.resolve()
    this.#live(power, operation.path)
    if (fault?.fail === undefined) return work()
    torn?.()
    throw new Failure(fault.fail, `cannot ${operation.kind} ${operation.path}: injected fault`)
  }

  #live(power: number, path: string): void {
    if (power !== this.#power) throw new Failure('unavailable', `${path}: the power was lost`)
  }

  #change(change: FolderChange): void {
    apply(this.#files, change)
    this.#changes.push(change)
  }

  #find(path: string): MemoryContent {
    const content = this.#files.get(path)
    if (content === undefined) throw new Failure('not-found', `no file ${path}`)
    return content
  }

  open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    return this.#pass({ kind: 'open', path, bytes: 0 }, () => {
      if (mode !== 'create') return this.#file(path, this.#find(path), mode === 'read')
      if (this.#files.has(path)) throw new Failure('conflict', `there is a file ${path}`)
      if (!this.#folders.has(folderOf(path))) {
        throw new Failure('not-found', `no folder ${folderOf(path)}`)
      }
      const content = new MemoryContent()
      content.modifiedMs = this.#options.clock.nowMs()
      this.#change({ kind: 'create', path, content })
      return this.#file(path, content, false)
    })
  }

  #file(path: string, content: MemoryContent, readOnly: boolean): DiskFile {
    const power = this.#power
    let closed = false
    const usable = (): void => {
      this.#live(power, path)
      if (closed) throw new Failure('invalid', `${path} is closed`)
    }
    const write = async (chunks: readonly Uint8Array[], position: number): Promise<void> => {
      usable()
      if (readOnly) throw new Failure('invalid', `${path} is open to read`)
      await this.#write(path, content, chunks, position)
    }
    const sync = async (): Promise<void> => {
      usable()
      const point = content.beginSync()
      await this.#pass(
        { kind: 'sync', path, bytes: 0 },
        () => content.endSync(point),
        () => content.failSync(this.#options.random),
      )
    }
    return {
      write,
      writeThrough: async (chunks, position) => {
        await write(chunks, position)
        await sync()
      },
      read: async (into, position) => {
        usable()
        const operation = { kind: 'read', path, bytes: into.length } as const
        return this.#pass(operation, () => content.read(into, position))
      },
      sync,
      size: async () => {
        usable()
        return content.size
      },
      close: () => {
        closed = true
        return Promise.resolve()
      },
    }
  }

  async #write(
    path: string,
    content: MemoryContent,
    chunks: readonly Uint8Array[],
    position: number,
  ): Promise<void> {
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.length
    const operation = { kind: 'write', path, bytes } as const
    const grows = Math.max(0, position + bytes - content.size)
    if (grows > 0 && this.usedBytes() + grows > this.capacityBytes) {
      return this.#pass(operation, () => {
        throw new Failure('overloaded', `cannot write ${path}: no space`)
      })
    }
    // At once: a crash while the write is under way then finds it among what was not synced.
    const { random, clock, fault } = this.#options
    const before = new Uint8Array(fault === undefined ? 0 : bytes)
    const there = content.read(before, position)
    let at = position
    for (const chunk of chunks) {
      content.write(chunk, at)
      at += chunk.length
    }
    content.modifiedMs = clock.nowMs()
    return this.#pass(
      operation,
      () => undefined,
      () => {
        const written = randomBelow(random, bytes + 1)
        content.write(before.subarray(written, Math.max(written, there)), position + written)
      },
    )
  }

  rename(from: string, to: string): Promise<void> {
    return this.#pass({ kind: 'rename', path: from, bytes: 0 }, () => {
      this.#change({ kind: 'rename', path: from, to, content: this.#find(from) })
    })
  }

  remove(path: string): Promise<void> {
    return this.#pass({ kind: 'remove', path, bytes: 0 }, () => {
      if (this.#files.has(path)) this.#change({ kind: 'remove', path })
    })
  }

  async names(folder: string): Promise<string[]> {
    return (await this.list(folder)).map((entry) => entry.name)
  }

  list(folder: string): Promise<FolderEntry[]> {
    return this.#pass({ kind: 'list', path: folder, bytes: 0 }, () => {
      const paths = [...this.#files.keys()].filter((path) => folderOf(path) === folder)
      return paths.toSorted().map((path) => this.#entry(path, this.#find(path)))
    })
  }

  #entry(path: string, content: MemoryContent): FolderEntry {
    return { name: nameOf(path), size: content.size, modifiedMs: content.modifiedMs }
  }

  stat(path: string): Promise<FolderEntry | undefined> {
    return this.#pass({ kind: 'list', path, bytes: 0 }, () => {
      const content = this.#files.get(path)
      return content === undefined ? undefined : this.#entry(path, content)
    })
  }

  makeFolder(folder: string): Promise<void> {
    return this.#pass({ kind: 'make-folder', path: folder, bytes: 0 }, () => {
      for (let each = folder; each !== ''; each = folderOf(each)) this.#folders.add(each)
    })
  }

  async syncFolder(folder: string): Promise<void> {
    const within = (change: FolderChange): boolean =>
      folderOf(change.path) === folder ||
      (change.kind === 'rename' && folderOf(change.to) === folder)
    const pending = new Set(this.#changes.filter(within))
    await this.#pass({ kind: 'sync-folder', path: folder, bytes: 0 }, () => {
      // A name that another sync made durable meanwhile is not among the changes any more.
      for (const change of this.#changes) if (pending.has(change)) apply(this.#durable, change)
      this.#changes = this.#changes.filter((change) => !pending.has(change))
    })
  }

  async freeBytes(folder: string): Promise<number> {
    return (await this.volume(folder)).freeBytes
  }

  volume(folder: string): Promise<Volume> {
    return this.#pass({ kind: 'list', path: folder, bytes: 0 }, () => {
      const freeBytes = Math.max(0, this.capacityBytes - this.usedBytes())
      return { folder, totalBytes: this.capacityBytes, freeBytes }
    })
  }
}
