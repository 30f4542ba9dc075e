/** Reads a topic once, to the end that it has at the start, and holds each record to a contract. */
import type { KafkaClient } from '../client/kafka-client.ts'
import { systemClock } from '../base/system-clock.ts'
import type { ReplayCheck } from '../contract/replay/replay-check.ts'
import type { ReplayReport } from '../contract/replay/replay-report.ts'
import type { CommandIo } from './command.ts'
import { Progress } from './progress.ts'
import { resolvePositions, type StartPosition } from './start-position.ts'
import { readerFor } from './topic-reader.ts'

export interface ReplayedPartition {
  readonly partition: number
  readonly from: number
  /** The first offset that was not read. */
  readonly to: number
}

/** False where it was stopped before the end. */
export async function replayTopic(
  client: KafkaClient,
  io: CommandIo,
  topic: string,
  from: StartPosition,
  check: ReplayCheck,
  report: ReplayReport,
): Promise<{ readonly isComplete: boolean; readonly partitions: readonly ReplayedPartition[] }> {
  const { partitions } = await client.topic(topic)
  const places = partitions.map(({ partitionIndex: partition }) => ({ topic, partition }))
  const positions = await resolvePositions(client, places, from, 'read_committed')
  const ends = new Map(positions.map(({ partition, logEnd }) => [partition, logEnd]))
  const total = positions.reduce((sum, { offset, logEnd }) => sum + logEnd - offset, 0)
  const reader = readerFor(client, io, positions, 'read_committed')
  const reached = new Map(positions.map(({ partition, offset }) => [partition, offset]))
  for (const position of positions) {
    if (position.offset >= position.logEnd) reader.drop(position)
  }
  const progress = new Progress(systemClock, (text) => {
    if (io.terminal) io.err(text)
  })
  while (!io.signal.aborted && reader.count > 0) {
    for (const { partition, records, nextOffset } of await reader.next()) {
      const end = ends.get(partition) ?? 0
      for (const { offset, timestampMs, key, value, headers } of records) {
        if (offset >= end) break
        const named = headers.map((header) => ({ name: header.key, value: header.value }))
        const verdict = await check.check({ key, value, headers: named })
        report.add({ partition, offset, timestampMs }, verdict)
        progress.tell(() => `${report.records} of about ${total} read, ${report.failed} failed`)
      }
      reached.set(partition, Math.min(nextOffset, end))
      if (nextOffset >= end) reader.drop({ topic, partition })
    }
  }
  return {
    isComplete: reader.count === 0,
    partitions: positions.map(({ partition, offset }) => {
      return { partition, from: offset, to: reached.get(partition) ?? offset }
    }),
  }
}
