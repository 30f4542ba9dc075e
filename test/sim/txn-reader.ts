/** A reader of committed records, as consumers are: it leaves out what is told to be aborted. */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { readBatchHeader } from '../../src/record/batch-header.ts'
import { batchesIn, checkBatchCrc } from '../../src/record/batch-sequence.ts'
import { readMarker } from '../../src/record/control.ts'
import { recordsIn } from '../../src/record/records.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { fetch, type FetchResponse } from '../../src/wire/messages/01-fetch.ts'
import { offsetFetch } from '../../src/wire/messages/09-offset-fetch.ts'
import { type Asker, Lost } from './sim-client.ts'
import type { CommittedRecord, TxnHistory } from './txn-history.ts'

export interface TxnReaderParts {
  readonly client: Asker
  readonly clock: Clock
  readonly random: Random
  readonly history: TxnHistory
  readonly topic: string
  readonly partition: number
  readonly isOver: () => boolean
  /** Reads in which what another broker has ended may not be known yet; 0 where there is none. */
  readonly lateReadsMax?: number
}

export interface CommittedPage {
  readonly records: readonly CommittedRecord[]
  readonly nextOffset: number
  readonly stableOffset: number
  readonly highWatermark: number
}

/** Reads from anywhere on, again and again. */
export async function runTxnReader(parts: TxnReaderParts): Promise<void> {
  const { history, random, clock } = parts
  let offset = 0
  while (!parts.isOver()) {
    const page = await fetchCommitted(parts, offset)
    for (const { value } of page?.records ?? []) history.seen(value)
    offset = page?.nextOffset ?? offset
    if (randomBelow(random, 10) === 0) offset = randomBelow(random, offset + 1)
    await sleep(clock, randomBelow(random, 40))
  }
}

/** From `offset` on; undefined where the answer was lost or says to come again. */
export async function fetchCommitted(
  parts: TxnReaderParts,
  offset: number,
): Promise<CommittedPage | undefined> {
  const { client, topic, partition } = parts
  const asked = { partition, fetchOffset: offset, partitionMaxBytes: 3_000 }
  const topics = [{ topic, partitions: [asked] }]
  const body = { maxWaitMs: 20, minBytes: 1, isolationLevel: 1, topics, forgottenTopicsData: [] }
  try {
    const response = await client.request(fetch, 11, body)
    const [reply] = response.responses[0]?.partitions ?? []
    if (reply?.errorCode !== ErrorCode.NONE) return undefined
    return committedOf(reply, offset)
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    return undefined
  }
}

type Reply = FetchResponse['responses'][number]['partitions'][number]

function committedOf(reply: Reply, from: number): CommittedPage {
  const { records: bytes, lastStableOffset: stableOffset, highWatermark } = reply
  const waiting = [...(reply.abortedTransactions ?? [])]
  waiting.sort((a, b) => a.firstOffset - b.firstOffset)
  const aborted = new Set<number>()
  const records: CommittedRecord[] = []
  let nextOffset = from
  for (const { at } of bytes === null ? [] : batchesIn(bytes)) {
    const batch = bytes as Uint8Array
    checkBatchCrc(batch, at)
    const header = readBatchHeader(batch, at)
    const { producerId, isControl, isTransactional, baseOffset, lastOffsetDelta } = header
    nextOffset = baseOffset + lastOffsetDelta + 1
    assert.ok(nextOffset <= stableOffset, `T2: ${baseOffset} is beyond ${stableOffset}`)
    while (waiting[0] !== undefined && waiting[0].firstOffset < nextOffset) {
      aborted.add((waiting.shift() as { producerId: number }).producerId)
    }
    if (isControl) {
      if (readMarker(batch, at)?.type === 'abort') aborted.delete(producerId)
    } else if (!isTransactional || !aborted.has(producerId)) {
      for (const { offset, value } of recordsIn(batch, at)) {
        if (offset >= from) records.push({ offset, value: Buffer.from(value ?? []).toString() })
      }
    }
  }
  return { records, nextOffset, stableOffset, highWatermark }
}

/** All that is committed. Nothing is open any more: nothing may be withheld (T2). */
export async function readAllCommitted(parts: TxnReaderParts): Promise<CommittedRecord[]> {
  const records: CommittedRecord[] = []
  const { lateReadsMax = 0 } = parts
  for (let offset = 0, failures = 0, late = 0; ;) {
    const page = await fetchCommitted(parts, offset)
    if (page === undefined || page.stableOffset < page.highWatermark) {
      const told = `T2: partition ${parts.partition} at ${offset}`
      if (page === undefined) assert.ok(++failures < 100, `${told} cannot be read`)
      else assert.ok(late++ < lateReadsMax, `${told} is withheld`)
      await sleep(parts.clock, 20)
      continue
    }
    records.push(...page.records)
    offset = page.nextOffset
    if (offset >= page.highWatermark) return records
  }
}

/** What a group has committed; -1 where nothing. It must be stable. */
export async function committedOffset(parts: TxnReaderParts, groupId: string): Promise<number> {
  for (let failures = 0; ; failures++) {
    assert.ok(failures < 100, `T2: the offset of ${groupId} cannot be read`)
    try {
      const topics = [{ name: parts.topic, partitionIndexes: [0] }]
      const body = { groupId, topics, requireStable: true }
      const answer = await parts.client.request(offsetFetch, 7, body)
      const [found] = answer.topics[0]?.partitions ?? []
      if (answer.errorCode === ErrorCode.NONE && found?.errorCode === ErrorCode.NONE) {
        return found.committedOffset
      }
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
    await sleep(parts.clock, 20)
  }
}
