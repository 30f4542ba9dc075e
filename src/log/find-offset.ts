/** From a time to an offset (KIP-79), and to the record with the latest time (KIP-734). */
import { isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import { baseOffsetOf, maxTimestampOf } from '../record/batch-header.ts'
import { findMaxTimestamp, findTimestamp, type TimedOffset } from '../record/find-timestamp.ts'
import type { BlockCache } from './block-cache.ts'
import type { LogReader } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'

export interface FindOffsetDeps {
  readonly reader: LogReader
  readonly blockCache: BlockCache
}

/**
 * The first record at or behind the log start whose timestamp is `targetMs` or later, also inside
 * compressed batches; undefined where there is none. Records need not be in the order of time.
 *
 * @throws Failure 'unavailable' | 'overloaded' | 'corrupt'
 */
export function findOffsetByTime(
  deps: FindOffsetDeps,
  log: PartitionLog,
  targetMs: number,
): Promise<TimedOffset | undefined> {
  return lookedAgain(deps, log, () => offsetByTime(deps, log, targetMs))
}

async function offsetByTime(
  deps: FindOffsetDeps,
  log: PartitionLog,
  targetMs: number,
): Promise<TimedOffset | undefined> {
  for await (const run of runsOf(deps, log)) {
    if (run.maxTimestampMs < targetMs) continue
    const { bytes, positions, nextOffsets } = await deps.blockCache.read(run)
    for (const [index, at] of positions.entries()) {
      if ((nextOffsets[index] ?? 0) <= log.logStart) continue
      const found = inBatch(bytes, at, log.logStart, () =>
        findTimestamp(bytes, at, targetMs, log.logStart),
      )
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** The earliest record with the largest timestamp; undefined where the log is empty. */
export function findLatestTime(
  deps: FindOffsetDeps,
  log: PartitionLog,
): Promise<TimedOffset | undefined> {
  return lookedAgain(deps, log, () => latestTime(deps, log))
}

/** Runs are packed or dropped while we look: then what is known of them is read again, once. */
async function lookedAgain<Result>(
  { reader }: FindOffsetDeps,
  log: PartitionLog,
  look: () => Promise<Result>,
): Promise<Result> {
  try {
    return await look()
  } catch (error) {
    if (!isFailure(error, 'not-found')) throw error
    reader.forget(log)
    return look()
  }
}

async function latestTime(
  deps: FindOffsetDeps,
  log: PartitionLog,
): Promise<TimedOffset | undefined> {
  let cut: TimedOffset | undefined
  let best: Run | undefined
  for await (const run of runsOf(deps, log)) {
    // What the run says may be of records that are deleted.
    if (run.baseOffset < log.logStart) cut = await latestTimeIn(deps, log, run)
    else if (best === undefined || run.maxTimestampMs > best.maxTimestampMs) best = run
  }
  if (best === undefined || best.maxTimestampMs <= (cut?.timestampMs ?? -1)) return cut
  return (await latestTimeIn(deps, log, best)) ?? cut
}

async function latestTimeIn(
  deps: FindOffsetDeps,
  log: PartitionLog,
  run: Run,
): Promise<TimedOffset | undefined> {
  const { bytes, positions, nextOffsets } = await deps.blockCache.read(run)
  let found: TimedOffset | undefined
  for (const [index, at] of positions.entries()) {
    if ((nextOffsets[index] ?? 0) <= log.logStart) continue
    const candidate = inBatch(bytes, at, log.logStart, () =>
      findMaxTimestamp(bytes, at, log.logStart),
    )
    if (candidate !== undefined && candidate.timestampMs > (found?.timestampMs ?? -1)) {
      found = candidate
    }
  }
  return found
}

/**
 * What `look` finds in the batch. A compressed batch that nobody could unpack is in the log as its
 * producer made it: its header says what is known, and its begin is never behind what is sought.
 */
function inBatch(
  bytes: Uint8Array,
  at: number,
  logStart: number,
  look: () => TimedOffset | undefined,
): TimedOffset | undefined {
  try {
    return look()
  } catch (error) {
    if (!isFailure(error, 'corrupt') && !isFailure(error, 'invalid')) throw error
    const offset = Math.max(baseOffsetOf(bytes, at), logStart)
    return { offset, timestampMs: maxTimestampOf(bytes, at) }
  }
}

async function* runsOf(deps: FindOffsetDeps, log: PartitionLog): AsyncGenerator<Run, void> {
  for (let offset = log.logStart; offset < log.logEnd;) {
    const run = await deps.reader.findRun(log, offset)
    if (run === undefined) return
    yield run
    offset = run.nextOffset
  }
}
