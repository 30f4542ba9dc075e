/**
 * Which runs of a window go into which packed object. Pure: it looks at what the broker knows, and
 * the swap checks it.
 */
import type { Run } from '../catalog/manifest.ts'
import { packedBytesOf } from './marker-batch.ts'
import type { PartitionLog } from './partition-log.ts'

/** Runs that are sorted and placed in one turn of the event loop: some milliseconds. */
const objectRunsMax = 16_384

/** What packing must know of a topic. */
export interface PackTopic {
  readonly name: string
  /** -1: for ever. */
  readonly retentionMs: number
  readonly segmentMs: number
}

/** Runs of one partition, to be packed behind one another. */
export interface PartPlan {
  readonly log: PartitionLog
  readonly topic: PackTopic
  /** Where packing has come to before, and where it comes to. */
  readonly fromOffset: number
  readonly toOffset: number
  /** Without those that lie below the log start. */
  readonly runs: readonly Run[]
  readonly byteLength: number
}

/** One packed object. */
export interface ObjectPlan {
  readonly parts: readonly PartPlan[]
  readonly byteLength: number
}

/**
 * Partitions in the order of how long they are kept, so that what shares an object dies together,
 * then by id, because journal groups hold them in this order. An object takes at least one run.
 */
export function planObjects(
  logs: Iterable<PartitionLog>,
  objectIds: ReadonlySet<string>,
  topicOf: (topicId: string) => PackTopic | undefined,
  objectBytesMax: number,
): ObjectPlan[] {
  const parts: PartPlan[] = []
  for (const log of logs) {
    const topic = topicOf(log.topicId)
    if (topic !== undefined) parts.push(...partsOf(log, topic, objectIds, objectBytesMax))
  }
  parts.sort(
    (a, b) =>
      keptClass(a.topic) - keptClass(b.topic) ||
      a.log.partitionId - b.log.partitionId ||
      a.fromOffset - b.fromOffset,
  )
  const objects: ObjectPlan[] = []
  let open: PartPlan[] = []
  let byteLength = 0
  let runs = 0
  const close = (): void => {
    if (open.length > 0) objects.push({ parts: open, byteLength })
    open = []
    byteLength = 0
    runs = 0
  }
  for (const part of parts) {
    const previous = open.at(-1)
    const fits =
      byteLength + part.byteLength <= objectBytesMax && runs + part.runs.length <= objectRunsMax
    const isAkin = previous === undefined || keptClass(previous.topic) === keptClass(part.topic)
    if (!fits || !isAkin || previous?.log === part.log) close()
    open.push(part)
    byteLength += part.byteLength
    runs += part.runs.length
  }
  close()
  return objects
}

/** Times within a factor of four are alike. */
function keptClass({ retentionMs }: PackTopic): number {
  return retentionMs < 0 ? Infinity : Math.floor(Math.log2(retentionMs + 1) / 2)
}

/** The beginning of the tail that lies in the window; more than one object's worth is divided. */
function partsOf(
  log: PartitionLog,
  topic: PackTopic,
  objectIds: ReadonlySet<string>,
  bytesMax: number,
): PartPlan[] {
  const parts: PartPlan[] = []
  let fromOffset = log.packedEnd
  let next = fromOffset
  let runs: Run[] = []
  let byteLength = 0
  const close = (): void => {
    if (next > fromOffset) {
      parts.push({ log, topic, fromOffset, toOffset: next, runs, byteLength })
    }
    fromOffset = next
    runs = []
    byteLength = 0
  }
  for (const run of log.tail) {
    // A gap is closed from the catalog first, see LogIndex.
    const isInWindow = run.marker !== undefined || objectIds.has(run.objectId)
    if (!isInWindow || run.baseOffset !== next) break
    const runBytes = packedBytesOf(run)
    const isFull = byteLength + runBytes > bytesMax || runs.length >= objectRunsMax
    if (runs.length > 0 && isFull) close()
    next = run.nextOffset
    if (run.nextOffset <= log.logStart) continue
    runs.push(run)
    byteLength += runBytes
  }
  close()
  return parts
}
