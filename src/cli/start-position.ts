/** Where to begin in a partition, as it is typed: `beginning`, `-10`, `2026-11-20T12:00Z`. */
import { parseIsoTime } from '../base/iso-time.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import {
  type Isolation,
  offsetTimes,
  readOffsets,
  type TopicPartition,
} from '../client/partition-offsets.ts'
import { UsageError } from './usage-error.ts'

export type StartPosition =
  | { readonly at: 'beginning' }
  | { readonly at: 'end' }
  | { readonly at: 'offset'; readonly offset: number }
  /** So many offsets before the end. */
  | { readonly at: 'before-end'; readonly count: number }
  | { readonly at: 'time'; readonly timeMs: number }

export const positionShape = 'beginning|end|OFFSET|-N|TIME'
export const positionHelp: string =
  'A position is beginning (or earliest), end (or latest), an offset, -N for the last N, or a\n' +
  'time: 2026-11-20, 2026-11-20T12:30:00Z, or milliseconds such as 1700000000000ms.'

/** @throws UsageError */
export function parsePosition(flag: string, text: string): StartPosition {
  if (text === 'beginning' || text === 'earliest') return { at: 'beginning' }
  if (text === 'end' || text === 'latest') return { at: 'end' }
  const timeMs = /^\d{1,15}ms$/.test(text) ? Number(text.slice(0, -2)) : parseIsoTime(text)
  if (timeMs !== undefined && timeMs >= 0) return { at: 'time', timeMs }
  const whole = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(whole)) {
    return text.startsWith('-')
      ? { at: 'before-end', count: -whole }
      : { at: 'offset', offset: whole }
  }
  const kinds =
    'beginning, end, an offset, -N, a time such as 2026-11-20T12:30:00Z, or 1700000000000ms'
  throw new UsageError(`${flag} ${text}: must be ${kinds}`)
}

export interface ResolvedPosition extends TopicPartition {
  readonly offset: number
  readonly logStart: number
  readonly logEnd: number
  /** The offset that was asked for, where it lies outside the log: the nearest was taken. */
  readonly asked: number | undefined
}

/** The offsets of a position, one per partition, within what readers may see of the log now. */
export async function resolvePositions(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  position: StartPosition,
  isolation: Isolation = 'read_uncommitted',
): Promise<ResolvedPosition[]> {
  const read = (timeMs: number): Promise<number[]> =>
    readOffsets(
      client,
      partitions.map(({ topic, partition }) => ({ topic, partition, timeMs })),
      isolation,
    )
  const [starts, ends, times] = await Promise.all([
    read(offsetTimes.earliest),
    read(offsetTimes.latest),
    position.at === 'time' ? read(position.timeMs) : [],
  ])
  return partitions.map(({ topic, partition }, index) => {
    const logStart = starts[index] ?? 0
    const logEnd = Math.max(ends[index] ?? 0, logStart)
    const asked = offsetOf(position, logStart, logEnd, times[index] ?? -1)
    const offset = Math.min(Math.max(asked, logStart), logEnd)
    const isMoved = position.at === 'offset' && offset !== asked
    return { topic, partition, offset, logStart, logEnd, asked: isMoved ? asked : undefined }
  })
}

function offsetOf(
  position: StartPosition,
  logStart: number,
  logEnd: number,
  byTime: number,
): number {
  switch (position.at) {
    case 'beginning':
      return logStart
    case 'end':
      return logEnd
    case 'offset':
      return position.offset
    case 'before-end':
      return logEnd - position.count
    case 'time':
      return byTime === -1 ? logEnd : byTime
  }
}
