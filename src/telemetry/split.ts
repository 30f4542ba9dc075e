/**
 * Makes Kafka records of a request's items: one per trace, none larger than its topic takes, each
 * complete in itself with resource and scope. Sizes are known before a byte is copied, so that
 * limits come before memory.
 */
import { assert } from '../base/assert.ts'
import type { Frame, Item } from './envelope.ts'

export interface PlannedRecord {
  /** Hexadecimal trace id; undefined for a record without a key. */
  readonly traceId: string | undefined
  readonly items: readonly Item[]
  readonly byteCount: number
}

export interface Plan {
  readonly records: readonly PlannedRecord[]
  /** Of all values together. */
  readonly byteCount: number
  /** Items that are larger than a record may be, with what is around them. */
  readonly tooLarge: readonly Item[]
}

/** Traces in the order of their first item; items in the order of the request. */
export function planRecords(items: readonly Item[], valueBytesMax: number): Plan {
  const records: PlannedRecord[] = []
  const tooLarge: Item[] = []
  let byteCount = 0
  const byTrace = Map.groupBy(items, (item) => item.traceId)
  for (const [traceId, group] of byTrace) {
    let size = new RecordSize()
    let open: Item[] = []
    const close = (): void => {
      if (open.length === 0) return
      records.push({ traceId, items: open, byteCount: size.byteCount })
      byteCount += size.byteCount
      size = new RecordSize()
      open = []
    }
    for (const item of group) {
      if (!size.add(item, valueBytesMax)) {
        close()
        if (!size.add(item, valueBytesMax)) {
          tooLarge.push(item)
          continue
        }
      }
      open.push(item)
    }
    close()
  }
  return { records, byteCount, tooLarge }
}

/** The size of one item alone in a record. */
export function recordByteCount(item: Item): number {
  const size = new RecordSize()
  size.add(item, Infinity)
  return size.byteCount
}

/**
 * The size of a record while it fills, exact: lengths that grow by a byte when their content does
 * are followed up.
 */
class RecordSize {
  byteCount = 0
  #open: readonly Frame[] = []
  /** Bytes so far in the record itself and in each open frame, without the frames open inside. */
  #content: number[] = [0]
  #frame: Frame | undefined

  /** False, and nothing changed, where the record would exceed `bytesMax`. */
  add(item: Item, bytesMax: number): boolean {
    const isSame = item.frame === this.#frame
    const open = isSame ? this.#open : framesOf(item.frame)
    const content = isSame ? this.#content : this.#reopened(open)
    const last = content.length - 1
    const grown = (content[last] ?? 0) + framed(item.end - item.start, item.fieldNumber)
    let total = grown
    for (let level = last - 1; level >= 0; level--) {
      total = (content[level] ?? 0) + framed(total, open[level]?.fieldNumber ?? 0)
    }
    if (total > bytesMax) return false
    content[last] = grown
    this.byteCount = total
    this.#open = open
    this.#content = content
    this.#frame = item.frame
    return true
  }

  #reopened(open: readonly Frame[]): number[] {
    const shared = sharedCount(this.#open, open)
    const content = [...this.#content]
    for (let level = this.#open.length; level > shared; level--) {
      const inner = content.pop() ?? 0
      content[level - 1] =
        (content[level - 1] ?? 0) + framed(inner, this.#open[level - 1]?.fieldNumber ?? 0)
    }
    for (const frame of open.slice(shared)) content.push(frame.byteCount)
    return content
  }
}

/** The bytes of planned records, one after another in one piece of memory. */
export function writeRecords(source: Uint8Array, plan: Plan): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(plan.byteCount)
  let start = 0
  for (const record of plan.records) {
    const end = start + record.byteCount
    writeRecord(source, record, target.subarray(start, end))
    start = end
  }
  return target
}

/** Written from its end, because a length stands before what it measures. */
function writeRecord(source: Uint8Array, record: PlannedRecord, target: Uint8Array): void {
  const writer = new BackwardWriter(source, target)
  let open: readonly Frame[] = []
  const ends: number[] = []
  const close = (count: number): void => {
    for (let level = open.length; level > count; level--) {
      const frame = open[level - 1]
      const end = ends.pop()
      assert(frame !== undefined && end !== undefined, 'every open frame has an end')
      for (let at = frame.slices.length - 2; at >= 0; at -= 2) {
        writer.copy(frame.slices[at] ?? 0, frame.slices[at + 1] ?? 0)
      }
      writer.lengthAndTag(end - writer.at, frame.fieldNumber)
    }
  }
  for (const item of record.items.toReversed()) {
    if (item.frame !== open.at(-1)) {
      const next = framesOf(item.frame)
      const shared = sharedCount(open, next)
      close(shared)
      open = next
      for (let level = shared; level < next.length; level++) ends.push(writer.at)
    }
    writer.copy(item.start, item.end)
    writer.lengthAndTag(item.end - item.start, item.fieldNumber)
  }
  close(0)
  assert(writer.at === 0, 'a record is as large as it was planned')
}

class BackwardWriter {
  readonly #source: Uint8Array
  readonly #target: Uint8Array
  at: number

  constructor(source: Uint8Array, target: Uint8Array) {
    this.#source = source
    this.#target = target
    this.at = target.length
  }

  copy(start: number, end: number): void {
    this.at -= end - start
    assert(this.at >= 0, 'a record is as large as it was planned')
    this.#target.set(this.#source.subarray(start, end), this.at)
  }

  lengthAndTag(length: number, fieldNumber: number): void {
    this.#varint(length)
    this.#varint((fieldNumber << 3) | 2)
  }

  #varint(value: number): void {
    this.at -= varintByteCount(value)
    let at = this.at
    let rest = value
    while (rest > 0x7f) {
      this.#target[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#target[at] = rest
  }
}

function framesOf(frame: Frame): readonly Frame[] {
  const frames: Frame[] = []
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) frames.push(at)
  return frames.toReversed()
}

function sharedCount(left: readonly Frame[], right: readonly Frame[]): number {
  let count = 0
  while (count < left.length && left[count] === right[count]) count++
  return count
}

/** A length-delimited field of `byteCount` bytes, with its tag and length. */
function framed(byteCount: number, fieldNumber: number): number {
  return varintByteCount((fieldNumber << 3) | 2) + varintByteCount(byteCount) + byteCount
}

function varintByteCount(value: number): number {
  let count = 1
  for (let rest = value; rest > 0x7f; rest >>>= 7) count++
  return count
}
