/**
 * One use of a journal file: from its first group until nothing names it. Its id is never given
 * again.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import type { DiskFile } from '../disk/disk.ts'
import { encodeGroupHeader, headerBytesOf } from './group-header.ts'
import type { GroupPlace, JournalGroup, Placed } from './journal.ts'

/**
 * Groups begin at multiples of it, so that none shares a page, or a sector of any device, with a
 * durable one. It is also what the page cache writes whole: no group makes the kernel read before
 * it writes.
 */
export const pageBytes = 4096

const zeros: Uint8Array = new Uint8Array(pageBytes)

/** A file of the journal, whatever it holds. */
export interface FileSlot {
  readonly file: DiskFile
  path: string
  sizeBytes: number
  /** False once a write or sync of it failed, or its bytes are evidence: never written again. */
  writable: boolean
}

/** A range that must hold a named group and does not. Reads of it are refused, nothing is cut. */
export interface JournalFault {
  readonly objectId: string
  readonly position: number
  readonly length: number
  readonly reason: string
}

export const objectIdOf = (incarnation: number): string => `journal-${incarnation}`

/** The incarnation in the id of a journal object, undefined where it is no such id. */
export function incarnationOf(objectId: string): number | undefined {
  const digits = /^journal-(\d{1,16})$/.exec(objectId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export const pagesFor = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes

/** Bytes that a group takes in a file, up to where the next may begin. */
export function footprintOf(group: JournalGroup): number {
  return pagesFor(headerBytesOf(group.runs.length) + group.byteLength)
}

export class JournalObject {
  readonly objectId: string
  readonly incarnation: number
  /** Undefined where the catalog names an object whose file is not there. */
  readonly slot: FileSlot | undefined
  readonly faults: JournalFault[] = []
  /** Below it everything is durable: reads end here, the next group begins here. */
  #end: number
  #previousChecksum: number
  #reads = 0
  #retired: PromiseWithResolvers<void> | undefined

  constructor(incarnation: number, slot: FileSlot | undefined, end = 0, previousChecksum = 0) {
    this.incarnation = incarnation
    this.objectId = objectIdOf(incarnation)
    this.slot = slot
    this.#end = end
    this.#previousChecksum = previousChecksum
  }

  get end(): number {
    return this.#end
  }

  /** Resolves when the group is durable. One at a time; after a failure the object takes no more. */
  async append(clusterId: Uint8Array, group: JournalGroup, placed?: Placed): Promise<GroupPlace> {
    const { slot } = this
    assert(slot?.writable === true, 'only a healthy file is written')
    const position = this.#end
    const { bytes: header, checksum } = encodeGroupHeader({
      clusterId,
      fileIncarnation: this.incarnation,
      id: group.id,
      createdMs: group.createdMs,
      position,
      runs: group.runs,
      byteLength: group.byteLength,
      previousChecksum: this.#previousChecksum,
    })
    const length = header.length + group.byteLength
    const padding = zeros.subarray(0, pagesFor(length) - length)
    const bytesPosition = position + header.length
    const place = { objectId: this.objectId, position, length, bytesPosition }
    try {
      const durable = slot.file.writeThrough([header, ...group.chunks, padding], position)
      placed?.(place)
      await durable
    } catch (error) {
      slot.writable = false
      throw error
    }
    this.#end = position + length + padding.length
    slot.sizeBytes = Math.max(slot.sizeBytes, this.#end)
    this.#previousChecksum = checksum
    return place
  }

  /** @throws Failure as `Journal.read`. */
  async read(position: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    if (this.#retired !== undefined) throw notFound(this.objectId)
    const { slot } = this
    if (slot === undefined) throw this.#corrupt(position, length, 'its file is missing')
    const fault = this.faults.find(
      (each) => position < each.position + each.length && each.position < position + length,
    )
    if (fault !== undefined) throw this.#corrupt(position, length, fault.reason)
    if (position + length > this.#end) {
      throw this.#corrupt(position, length, `only ${this.#end} bytes are durable`)
    }
    assert(into === undefined || into.length >= length, 'a read has room for what it asks')
    const bytes = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length)
    this.#reads++
    try {
      const got = await slot.file.read(bytes, position)
      if (got < length) throw this.#corrupt(position, length, `the file ends after ${got} of them`)
      return bytes
    } finally {
      this.#reads--
      this.#release()
    }
  }

  #release(): void {
    if (this.#reads === 0) this.#retired?.resolve()
  }

  #corrupt(position: number, length: number, reason: string): Failure {
    const what = `${length} bytes at ${position} of ${this.objectId}`
    return new Failure('corrupt', `cannot read ${what}: ${reason}`)
  }

  isolate(position: number, length: number, reason: string): JournalFault {
    const fault = { objectId: this.objectId, position, length, reason }
    this.faults.push(fault)
    return fault
  }

  /** Refuses further reads; resolves when those under way have ended. */
  async retire(): Promise<void> {
    this.#retired ??= Promise.withResolvers<void>()
    this.#release()
    await this.#retired.promise
  }
}

export function notFound(objectId: string): Failure {
  return new Failure('not-found', `no journal object ${objectId}`)
}
