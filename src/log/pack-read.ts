/**
 * Brings runs of the journal to their places in a packed object: neighbours are read together, in
 * the order in which they lie on the disk, one read at a time so that others come first.
 */
import { isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import type { Journal } from '../journal/journal.ts'

/** Runs that are read together span at most this: it is the memory that reading takes. */
export const readBytesMax: number = 1024 * 1024
/** Reading what lies between two runs is cheaper than another read up to about here. */
const gapBytesMax = 64 * 1024

/** Objects that are read ahead of the one whose turn it is: a bucket answers after 50 ms. */
const aheadObjects = 3

export type JournalReads = Pick<Journal, 'read' | 'prepare'>

/** A run, and where its bytes are wanted. */
export interface PlacedRun {
  readonly run: Run
  readonly at: number
}

interface ReadSpan {
  readonly objectId: string
  readonly position: number
  end: number
  readonly placed: PlacedRun[]
}

export interface ReadCounts {
  readonly reads: number
  readonly bytes: number
}

/**
 * Fills `into` with the runs. `failed` is told of each run that cannot be read; where it does not
 * throw, the bytes of that run are undefined, and the rest is read.
 *
 * @throws what `failed` throws.
 */
export async function readRuns(
  journal: JournalReads,
  placed: readonly PlacedRun[],
  into: Uint8Array,
  scratch: Uint8Array,
  failed: (run: Run, error: unknown) => void,
): Promise<ReadCounts> {
  let reads = 0
  let bytes = 0
  const spans = spansOf(placed)
  const ahead = new Ahead(journal, spans)
  let gone: { readonly objectId: string; readonly error: unknown } | undefined
  for (const span of spans) {
    if (gone?.objectId === span.objectId) {
      for (const { run } of span.placed) failed(run, gone.error)
      continue
    }
    ahead.cameTo(span.objectId)
    const length = span.end - span.position
    reads++
    bytes += length
    try {
      await readSpan(journal, span, into, scratch)
    } catch (error) {
      if (isFailure(error, 'not-found')) gone = { objectId: span.objectId, error }
      if (span.placed.length === 1 || gone?.objectId === span.objectId) {
        for (const { run } of span.placed) failed(run, error)
      } else {
        // Damage isolates a part of it: each by itself tells which.
        for (const each of span.placed) {
          reads++
          const one = { ...span, position: each.run.position, placed: [each] }
          await readSpan(journal, one, into, scratch).catch((alone: unknown) =>
            failed(each.run, alone),
          )
        }
      }
    }
  }
  return { reads, bytes }
}

async function readSpan(
  journal: JournalReads,
  { objectId, position, end, placed }: ReadSpan,
  into: Uint8Array,
  scratch: Uint8Array,
): Promise<void> {
  const [only] = placed
  if (placed.length === 1 && only !== undefined) {
    const { run, at } = only
    const room = into.subarray(at, at + run.length)
    const got = await journal.read(objectId, run.position, run.length, room)
    if (got.buffer !== room.buffer || got.byteOffset !== room.byteOffset) room.set(got)
    return
  }
  const bytes = await journal.read(objectId, position, end - position, scratch)
  for (const { run, at } of placed) {
    const from = run.position - position
    into.set(bytes.subarray(from, from + run.length), at)
  }
}

/** Tells the journal which objects come next. */
class Ahead {
  readonly #journal: JournalReads
  readonly #objectIds: readonly string[]
  #current = -1
  #told = 0

  constructor(journal: JournalReads, spans: readonly ReadSpan[]) {
    this.#journal = journal
    this.#objectIds = [...new Set(spans.map(({ objectId }) => objectId))]
  }

  cameTo(objectId: string): void {
    if (this.#objectIds[this.#current] !== objectId) this.#current++
    const end = Math.min(this.#objectIds.length, this.#current + 1 + aheadObjects)
    for (; this.#told < end; this.#told++) this.#journal.prepare?.(this.#objectIds[this.#told]!)
  }
}

function spansOf(placed: readonly PlacedRun[]): ReadSpan[] {
  const spans: ReadSpan[] = []
  for (const each of inOrderOfDisk(placed)) {
    const { objectId, position, length } = each.run
    const last = spans.at(-1)
    const isNear =
      last !== undefined &&
      last.objectId === objectId &&
      position - last.end <= gapBytesMax &&
      position + length - last.position <= readBytesMax
    if (isNear) {
      last.placed.push(each)
      last.end = position + length
    } else spans.push({ objectId, position, end: position + length, placed: [each] })
  }
  return spans
}

/** By object, then by position. Numbers sort ten times faster than runs do: 64,000 are not few. */
function inOrderOfDisk(placed: readonly PlacedRun[]): PlacedRun[] {
  const byObject = Map.groupBy(placed, ({ run }) => run.objectId)
  const ordered: PlacedRun[] = []
  for (const some of byObject.values()) {
    const byPosition = new Map(some.map((each) => [each.run.position, each]))
    const positions = Float64Array.from(byPosition.keys()).sort()
    for (const position of positions) ordered.push(byPosition.get(position) as PlacedRun)
  }
  return ordered
}
