/**
 * The journal in an object store: one group is one object, and one put. Nothing is ever appended to
 * or used again, so there is nothing to recover: a group that the catalog does not name never
 * happened, and its object is swept (see log/collect.ts).
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { groupObjectId, groupOfObject, isInline } from '../catalog/group-objects.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { type DecidedGroup, DecidedGroups } from './decided-groups.ts'
import type { GroupPlace, Journal, JournalGroup } from './journal.ts'
import { InlineObjects } from './inline-objects.ts'
import { encodeObjectHeader } from './object-header.ts'
import { WholeObjects } from './whole-objects.ts'

export interface ObjectJournalOptions {
  readonly objects: ObjectStore
  /** As text, which keys begin with, and as its 16 bytes. */
  readonly clusterId: string
  readonly brokerId: number
  readonly clock: Clock
  /** A put is given up after it; its memory is needed for others. At least the lane's deadline. */
  readonly writeTimeoutMs: number
  /** Groups that the catalog names, of any broker, see Tail.groups. */
  readonly known: readonly NamedGroup[]
  /** `group.cache.bytes`: groups read whole, for readers of other brokers' data. */
  readonly cacheBytes: number
  /** Reads the bytes of inline objects. */
  readonly database: CatalogDatabase
}

/** A group in an object of its own. */
export interface NamedGroup {
  readonly objectId: string
  /** Of the object, header included. */
  readonly length: number
}

/** A group takes one more batch when it is nearly full. */
const wholeBytesMax = 16 * 1024 * 1024
/** The three that are read ahead of the packer (pack-read.ts), and the one it reads. */
const aheadBytesMax = 4 * wholeBytesMax
/** One part of so many of the cache is for groups in the catalog: they are small. */
const inlineCacheShare = 4

export class ObjectJournal implements Journal {
  readonly #options: ObjectJournalOptions
  readonly #clusterId: Buffer
  /** Named by a commit, and not packed yet: their bytes are never added to. */
  readonly #finished = new Set<string>()
  /** What readers came for. */
  readonly #whole: WholeObjects
  /** What the packer comes for, apart: it reads everything there is, and each but once. */
  readonly #ahead: WholeObjects
  readonly #inline: InlineObjects
  readonly #decided = new DecidedGroups()
  readonly #writes = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(options: ObjectJournalOptions) {
    this.#options = options
    this.#clusterId = Buffer.from(options.clusterId, 'base64url')
    const inlineBytes = Math.floor(options.cacheBytes / inlineCacheShare)
    this.#inline = new InlineObjects(options.database, inlineBytes)
    const whole = (maxBytes: number): WholeObjects =>
      new WholeObjects({
        maxBytes,
        objectBytesMax: wholeBytesMax,
        read: (objectId, length) =>
          options.objects.read(this.#key(objectId), 0, length, { priority: 'tail' }),
      })
    this.#whole = whole(options.cacheBytes - inlineBytes)
    this.#ahead = whole(aheadBytesMax) // with the same priority: readers may wait for it, too
    this.learn(options.known)
  }

  /** Decisions that no object tells yet, and those that were left out for want of room. */
  get decisions(): { readonly waiting: number; readonly dropped: number } {
    return { waiting: this.#decided.waiting, dropped: this.#decided.dropped }
  }

  /** Bytes of groups in the catalog that are not packed yet, of all brokers. */
  get inlineBytes(): number {
    return this.#inline.unpackedBytes
  }

  async write(group: JournalGroup): Promise<GroupPlace> {
    if (this.#isClosed) throw new Failure('closed', 'the journal is closed')
    const decided = this.#decided.take()
    const writing = this.#put(group, decided)
    this.#writes.add(writing)
    try {
      return await writing
    } catch (error) {
      this.#decided.giveBack(decided)
      throw error
    } finally {
      this.#writes.delete(writing)
    }
  }

  async #put(group: JournalGroup, decided: readonly DecidedGroup[]): Promise<GroupPlace> {
    const { objects, brokerId, clock, writeTimeoutMs } = this.#options
    const { id, createdMs, runs, byteLength, chunks } = group
    const clusterId = this.#clusterId
    const header = encodeObjectHeader({
      clusterId,
      brokerId,
      id,
      createdMs,
      runs,
      byteLength,
      decided,
    })
    const objectId = groupObjectId(id)
    const over = new AbortController()
    const timer = clock.after(writeTimeoutMs, () => over.abort())
    try {
      const { signal } = over
      await objects.put(this.#key(objectId), [header, ...chunks], { signal, priority: 'tail' })
    } catch (error) {
      // Its bytes may lie there all the same: the catalog alone says whether a group counts.
      if (!(error instanceof Failure) || error.kind !== 'unknown-outcome') throw error
      throw new Failure('unavailable', error.message, error)
    } finally {
      timer.cancel()
    }
    const length = header.length + byteLength
    return { objectId, position: 0, length, bytesPosition: header.length }
  }

  async read(
    objectId: string,
    position: number,
    length: number,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    const whole = await this.#wholeOf(objectId)
    // Copied: whoever reads a run writes offsets into it.
    const bytes =
      whole === undefined
        ? await this.#options.objects.read(this.#key(objectId), position, length)
        : Buffer.from(whole.subarray(position, position + length))
    if (bytes.length !== length) {
      const what = `${length} bytes at ${position} of ${objectId}`
      throw new Failure('corrupt', `cannot read ${what}: the store gave ${bytes.length}`)
    }
    if (into === undefined) return bytes
    into.set(bytes)
    return into.subarray(0, length)
  }

  /** What fails is tried again by who reads it, and told there. */
  prepare(objectId: string): void {
    if (isInline(objectId) || this.#whole.has(objectId)) return
    this.#ahead.get(objectId).catch(() => undefined)
  }

  #wholeOf(objectId: string): Promise<Uint8Array | undefined> {
    if (isInline(objectId)) return this.#inline.get(objectId)
    return this.#ahead.has(objectId) ? this.#ahead.get(objectId) : this.#whole.get(objectId)
  }

  /** A group of this broker was decided: the next object tells it. */
  decided(group: DecidedGroup): void {
    this.#decided.add(group)
  }

  /**
   * Objects that a commit named, of this broker or another. Call it once the index knows their
   * runs: packing looks for the runs of all finished objects there.
   */
  learn(groups: Iterable<NamedGroup>): void {
    for (const { objectId, length } of groups) {
      if (isInline(objectId)) {
        this.#finished.add(objectId)
        this.#inline.learn(objectId, length)
      }
      if (groupOfObject(objectId) === undefined) continue
      this.#finished.add(objectId)
      this.#whole.learn(objectId, length)
      this.#ahead.learn(objectId, length)
    }
  }

  finished(): readonly string[] {
    return [...this.#finished]
  }

  /** Every group is an object of its own: there is nothing to end. */
  roll(): Promise<void> {
    return Promise.resolve()
  }

  /** Forgets it. Its bytes go when the catalog says that nothing names them, see log/collect.ts. */
  retire(objectId: string): Promise<void> {
    this.#finished.delete(objectId)
    this.#whole.forget(objectId)
    this.#ahead.forget(objectId)
    this.#inline.forget(objectId)
    return Promise.resolve()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#writes)
  }

  #key(objectId: string): string {
    return `${this.#options.clusterId}/${objectId}`
  }
}
