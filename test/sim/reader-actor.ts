/**
 * Reads a partition from its beginning on, again and again, and asks for its end: what was seen
 * stays true.
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { batchesIn, checkBatchCrc } from '../../src/record/batch-sequence.ts'
import { recordsIn } from '../../src/record/records.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { fetch } from '../../src/wire/messages/01-fetch.ts'
import { listOffsets } from '../../src/wire/messages/02-list-offsets.ts'
import type { History } from './history.ts'
import { type Asker, Lost } from './sim-client.ts'

export interface ReaderParts {
  readonly client: Asker
  readonly clock: Clock
  readonly random: Random
  readonly history: History
  readonly topic: string
  readonly partition: number
  readonly isOver: () => boolean
  /** True where the log loses its beginning: being out of range says nothing by itself. */
  readonly forgets?: boolean
  /** Told why a fetch gave nothing. */
  readonly refused?: (errorCode: number, offset: number) => void
}

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}

export async function runReader(parts: ReaderParts): Promise<void> {
  const { history, partition, random, clock } = parts
  let offset = 0
  while (!parts.isOver()) {
    const records = await fetchFrom(parts, offset, 100)
    for (const { offset: at, value } of records ?? []) history.read(partition, at, value)
    offset = (records?.at(-1)?.offset ?? offset - 1) + 1
    if (randomBelow(random, 20) === 0) offset = randomBelow(random, offset + 1)
    if (randomBelow(random, 4) === 0) await checkEnd(parts)
    await sleep(clock, randomBelow(random, 40))
  }
}

/**
 * R1: an end that is asked for after an acknowledgement, or after a read, is never before it.
 */
async function checkEnd(parts: ReaderParts): Promise<void> {
  const { client, topic, partition, history } = parts
  const known = history.endOf(partition)
  const partitions = [{ partitionIndex: partition, timestamp: -1 }]
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] }
  try {
    const response = await client.request(listOffsets, 5, body)
    const [reply] = response.topics[0]?.partitions ?? []
    if (reply?.errorCode !== ErrorCode.NONE) return
    assert.ok(
      reply.offset >= known,
      `R1: partition ${partition} ends at ${reply.offset}, ${known} was known before`,
    )
  } catch (error) {
    if (!(error instanceof Lost)) throw error
  }
}

/** Records from `offset` on; undefined where the answer was lost or says to come again. */
export async function fetchFrom(
  parts: ReaderParts,
  offset: number,
  maxWaitMs: number,
): Promise<readonly ReadRecord[] | undefined> {
  const { client, topic, partition, history } = parts
  const known = history.endOf(partition)
  const asked = { partition, fetchOffset: offset, partitionMaxBytes: 30_000 }
  const topics = [{ topic, partitions: [asked] }]
  const body = { maxWaitMs, minBytes: 1, topics, forgottenTopicsData: [] }
  try {
    const response = await client.request(fetch, 11, body)
    const [reply] = response.responses[0]?.partitions ?? []
    if (reply === undefined || reply.errorCode !== ErrorCode.NONE) {
      const isOut = reply?.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE && offset <= known
      const isPast = isOut && parts.forgets !== true
      assert.ok(!isPast, `R1: ${partition}@${offset} out of range, ${known} was known before`)
      parts.refused?.(reply?.errorCode ?? -1, offset)
      return undefined
    }
    return recordsOf(reply.records, offset, reply.highWatermark)
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    return undefined
  }
}

function recordsOf(
  bytes: Uint8Array | null,
  from: number,
  highWatermark: number,
): readonly ReadRecord[] {
  const records: ReadRecord[] = []
  if (bytes === null) return records
  for (const { at } of batchesIn(bytes)) {
    checkBatchCrc(bytes, at)
    for (const { offset, value } of recordsIn(bytes, at)) {
      assert.ok(offset < highWatermark, `${offset} is shown beyond ${highWatermark}`)
      if (offset >= from) records.push({ offset, value: Buffer.from(value ?? []).toString() })
    }
  }
  return records
}
