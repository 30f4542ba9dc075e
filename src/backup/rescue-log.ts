/** One log put together again: what is named where it lies, what is packed anew, what is lost. */
import { Failure, isFailure } from '../base/errors.ts'
import type { CatalogReader } from '../catalog/database.ts'
import type { Run } from '../catalog/manifest.ts'
import { producerStatesOf } from '../catalog/producer-states.ts'
import { scanBelow } from '../catalog/scan-below.ts'
import {
  type ExtentRow,
  extents,
  type ObjectUseRow,
  objectUses,
  type PartitionRow,
  partitions,
  type ProducerStateRow,
} from '../catalog/schema.ts'
import { type OpenTransactionRow, openTransactions } from '../catalog/schema-transactions.ts'
import { type Block, blockOf } from '../log/block.ts'
import { baseOffsetOf, batchBytesOf } from '../record/batch-header.ts'
import { chainOf, type Hole, type Link, type Piece } from './log-chain.ts'
import { LogReplay } from './log-replay.ts'

/** Bytes of a run as they are stored. @throws Failure 'not-found' | 'corrupt' | 'unavailable' */
export type ReadRun = (run: Run) => Promise<Uint8Array>

/** What the catalog says of a partition, of one snapshot. */
export interface LogBefore {
  readonly row: PartitionRow
  readonly extents: readonly ExtentRow[]
  readonly uses: readonly ObjectUseRow[]
  readonly states: readonly ProducerStateRow[]
  readonly open: readonly OpenTransactionRow[]
}

export interface RescuedLog extends LogBefore {
  /** To be named, in their order; copies are not among them. */
  readonly kept: Run[]
  /** To be packed anew. */
  readonly copies: Run[]
  readonly holes: Hole[]
  /** Behind the last record that is there. */
  readonly end: number
  readonly replay: LogReplay
}

export function readLogBefore(
  catalog: CatalogReader,
  partitionId: number,
): Promise<LogBefore | undefined> {
  return catalog.snapshot('read log', async (tx) => {
    const [row] = await tx.get(partitions, [[partitionId]])
    if (row === undefined) return undefined
    const found = await scanBelow(tx, extents, [partitionId], Infinity)
    const ids = [...new Set(found.map(({ objectId }) => objectId))].toSorted()
    const uses: ObjectUseRow[] = []
    for (let at = 0; at < ids.length; at += 1_000) {
      const keys = ids.slice(at, at + 1_000).map((id) => [id, partitionId])
      for (const use of await tx.get(objectUses, keys)) if (use !== undefined) uses.push(use)
    }
    const states = await producerStatesOf(tx, row)
    const open = await scanBelow(tx, openTransactions, [partitionId], Infinity)
    return { row, extents: found, uses, states, open }
  })
}

/**
 * Reads and proves what the catalog has not named yet, in the order of offsets. What turns out to
 * be damaged is a hole, and another copy of it is looked for.
 *
 * @throws Failure 'unavailable'
 */
export async function rescueLog(
  before: LogBefore,
  pieces: readonly Piece[],
  read: ReadRun,
  nowMs: number,
): Promise<RescuedLog> {
  const damaged = new Set<Piece>()
  for (;;) {
    const whole = pieces.filter((piece) => !damaged.has(piece))
    const found = await tryLog(before, whole, read, nowMs, damaged)
    if (found !== undefined) return found
  }
}

async function tryLog(
  before: LogBefore,
  pieces: readonly Piece[],
  read: ReadRun,
  nowMs: number,
  damaged: Set<Piece>,
): Promise<RescuedLog | undefined> {
  const { row, states, open } = before
  const { links, holes, end } = chainOf(pieces, row.logStart)
  const replay = new LogReplay(row.partitionId, states, open, nowMs)
  const named = new Set(
    before.extents.map(({ baseOffset, objectId }) => `${baseOffset} ${objectId}`),
  )
  const [kept, copies]: [Run[], Run[]] = [[], []]
  for (const link of links) {
    const { run, isPacked } = link.piece
    const isCut = link.from > run.baseOffset
    const isNamed = isPacked && named.has(`${run.baseOffset} ${run.objectId}`)
    if (isNamed && !isCut && run.nextOffset <= row.logEnd) {
      kept.push(run)
      continue
    }
    if (run.marker !== undefined) {
      if (run.baseOffset >= row.logEnd) replay.marker(run.baseOffset, run.marker)
      copies.push(run)
      continue
    }
    try {
      const { run: part, block } = await proveLink(link, read)
      replay.block(block, Math.max(row.logEnd, link.from))
      ;(isPacked ? kept : copies).push(part)
    } catch (error) {
      if (!isFailure(error, 'corrupt') && !isFailure(error, 'not-found')) throw error
      damaged.add(link.piece)
    }
  }
  if (damaged.size > 0 && links.some(({ piece }) => damaged.has(piece))) return undefined
  return { ...before, kept, copies, holes: [...holes], end, replay }
}

/** The part of a run from an offset on, proven. */
async function proveLink(
  { piece, from }: Link,
  read: ReadRun,
): Promise<{ readonly run: Run; readonly block: Block }> {
  const { run, isPacked } = piece
  const bytes = await read(run)
  if (bytes.length !== run.length) throw new Failure('corrupt', `${run.objectId} is cut short`)
  const block = blockOf(run, isPacked ? 'packed' : 'journal', bytes)
  if (from <= run.baseOffset) return { run, block }
  const index = block.positions.findIndex((at) => baseOffsetOf(block.bytes, at) >= from)
  const cutAt = block.positions[index]
  if (cutAt === undefined)
    throw new Failure('corrupt', `${run.objectId} has nothing behind ${from}`)
  const cut = {
    ...run,
    baseOffset: baseOffsetOf(block.bytes, cutAt),
    position: run.position + cutAt,
    length: run.length - cutAt,
  }
  const last = block.positions.at(-1) ?? 0
  const isWhole = last + batchBytesOf(block.bytes, last) === bytes.length
  if (!isWhole) throw new Failure('corrupt', `${run.objectId} is cut short`)
  return { run: cut, block }
}
