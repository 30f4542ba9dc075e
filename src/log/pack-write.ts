/** Fills one packed object in memory, ready for one put: header, extents, footer. */
import { isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import type { PackedPart } from '../catalog/pack-swap.ts'
import { markerBatch, packedBytesOf } from './marker-batch.ts'
import { type ChecksummedExtent, ExtentCutter, extentSpanMsMax } from './pack-extents.ts'
import type { ObjectPlan, PartPlan } from './pack-plan.ts'
import { type JournalReads, type PlacedRun, readBytesMax, readRuns } from './pack-read.ts'
import {
  encodePackedFooter,
  encodePackedHeader,
  type FooterExtent,
  packedHeaderBytes,
  type PackedIdentity,
} from './packed-object.ts'

/** After so many bytes or runs others get their turn: about a millisecond. */
const turnBytesMax = 1024 * 1024
const turnRunsMax = 256

export interface PackedObject {
  readonly chunks: readonly Uint8Array[]
  readonly size: number
  /** What the swap names. */
  readonly parts: readonly PackedPart[]
}

/** What goes into one packed object, read, and what of it could not be. */
export interface ReadPlan {
  readonly plan: ObjectPlan
  readonly body: Uint8Array
  /** Where each run begins in the body. */
  readonly placeOf: ReadonlyMap<Run, number>
  readonly unread: ReadonlySet<Run>
}

/** Memory of one window, used again for all of its objects: fresh pages cost more than reading. */
export class PackMemory {
  #body: Uint8Array = new Uint8Array(0)
  #scratch: Uint8Array | undefined

  body(byteLength: number): Uint8Array {
    if (this.#body.length < byteLength) this.#body = Buffer.allocUnsafeSlow(byteLength)
    return this.#body.subarray(0, byteLength)
  }

  get scratch(): Uint8Array {
    this.#scratch ??= Buffer.allocUnsafeSlow(readBytesMax)
    return this.#scratch
  }
}

/**
 * Reads what goes into several objects together: what lies beside each other in the journal is read
 * once, though it goes into different ones. What is damaged, or not there, is told to `damaged`.
 * The bodies are valid until `memory` is used again.
 *
 * @throws Failure 'unavailable': the journal cannot be read now.
 */
export async function readPlans(
  journal: JournalReads,
  plans: readonly ObjectPlan[],
  memory: PackMemory,
  damaged: (run: Run, error: unknown) => void,
): Promise<{ readonly read: readonly ReadPlan[]; readonly reads: number }> {
  const all = memory.body(plans.reduce((sum, { byteLength }) => sum + byteLength, 0))
  const placed: PlacedRun[] = []
  const unread = new Set<Run>()
  let begin = 0
  const read = plans.map((plan): ReadPlan => {
    const body = all.subarray(begin, begin + plan.byteLength)
    const placeOf = new Map<Run, number>()
    let end = 0
    for (const run of plan.parts.flatMap(({ runs }) => runs)) {
      placeOf.set(run, end)
      if (run.marker === undefined) placed.push({ run, at: begin + end })
      else body.set(markerBatch(run), end)
      end += packedBytesOf(run)
    }
    begin += plan.byteLength
    return { plan, body, placeOf, unread }
  })
  const { reads } = await readRuns(journal, placed, all, memory.scratch, (run, error) => {
    if (!isFailure(error, 'corrupt') && !isFailure(error, 'not-found')) throw error
    unread.add(run)
    damaged(run, error)
  })
  return { read, reads }
}

/**
 * Proves the runs and puts the object together. A part ends before its first run that is damaged,
 * which is told to `damaged`; a part that begins with one is left out. The chunks are valid as long
 * as the body.
 */
export async function fillObject(
  { plan, body, placeOf, unread }: ReadPlan,
  identity: PackedIdentity,
  damaged: (run: Run, error: unknown) => void,
  pause: () => Promise<void>,
): Promise<PackedObject> {
  const turn = new Turn(pause)
  const parts: PackedPart[] = []
  const index: FooterExtent[] = []
  for (const part of plan.parts) {
    const cut = new ExtentCutter(body, packedHeaderBytes, extentSpanMsMax(part.topic))
    const toOffset = await cutRuns(part, cut, placeOf, unread, damaged, turn)
    const extents = cut.finish()
    if (toOffset === part.fromOffset) continue
    const { fromOffset, log } = part
    parts.push({ partitionId: log.partitionId, fromOffset, toOffset, extents: named(extents) })
    const { topicId, partitionIndex } = log
    for (const extent of extents) index.push({ topicId, partitionIndex, ...extent })
  }
  const topics = new Map(plan.parts.map(({ log, topic }) => [log.topicId, topic.name]))
  const header = encodePackedHeader(identity)
  const footer = encodePackedFooter({ topics, extents: index }, header.length + body.length)
  const size = header.length + body.length + footer.length
  return { chunks: [header, body, footer], size, parts }
}

/** Resolves with the offset behind the last run that is sound. */
async function cutRuns(
  part: PartPlan,
  cut: ExtentCutter,
  placeOf: ReadonlyMap<Run, number>,
  unread: ReadonlySet<Run>,
  damaged: (run: Run, error: unknown) => void,
  turn: Turn,
): Promise<number> {
  let reached = part.fromOffset
  for (const run of part.runs) {
    if (unread.has(run)) return reached
    try {
      cut.add(run, placeOf.get(run) ?? 0)
    } catch (error) {
      if (!isFailure(error, 'corrupt')) throw error
      damaged(run, error)
      return reached
    }
    reached = run.nextOffset
    await turn.passAfter(packedBytesOf(run))
  }
  return part.toOffset
}

/** The checksum stands in the object, not in the catalog. */
function named(extents: readonly ChecksummedExtent[]): PackedPart['extents'] {
  return extents.map((extent) => {
    const { baseOffset, nextOffset, position, length, maxTimestampMs, leaderEpoch } = extent
    return { baseOffset, nextOffset, position, length, maxTimestampMs, leaderEpoch }
  })
}

/** Counts work, and lets others go on when it has been enough. */
class Turn {
  readonly #pause: () => Promise<void>
  #bytes = 0
  #runs = 0

  constructor(pause: () => Promise<void>) {
    this.#pause = pause
  }

  async passAfter(bytes: number): Promise<void> {
    this.#bytes += bytes
    this.#runs++
    if (this.#bytes < turnBytesMax && this.#runs < turnRunsMax) return
    this.#bytes = 0
    this.#runs = 0
    await this.#pause()
  }
}
