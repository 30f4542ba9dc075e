/**
 * One bad record shall not cost the others of its request: where the sink refuses some as invalid,
 * the culprits are looked for.
 */
import { isFailure } from '../base/errors.ts'
import type { TelemetryRecord, TelemetrySink } from './sink.ts'
import type { PreparedRecord } from './prepare.ts'

/**
 * Appends made to find the records that the sink calls invalid; undecided ones after that are
 * refused with them.
 */
export const isolatingAppendsMax = 256

export interface Appended {
  /** Items in records that the sink calls invalid, and what it says of the first. */
  rejectedCount: number
  reason: string
  /** Why the rest was not appended; undefined where nothing else failed. */
  failure: unknown
}

/**
 * Appends all at once. Only where the sink calls that invalid, halves are tried until the culprits
 * are alone.
 */
export async function appendIsolating(
  sink: TelemetrySink,
  topic: string,
  planned: readonly PreparedRecord[],
  records: readonly TelemetryRecord[],
): Promise<Appended> {
  const appended: Appended = { rejectedCount: 0, reason: '', failure: undefined }
  const waiting: [start: number, end: number][] = records.length === 0 ? [] : [[0, records.length]]
  let appends = 0
  for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
    const [start, end] = range
    try {
      appends++
      await sink.append(topic, records.slice(start, end))
    } catch (error) {
      if (!isFailure(error, 'invalid')) return { ...appended, failure: error }
      if (appended.reason === '') appended.reason = `topic ${topic}: ${error.message}`
      if (end - start > 1 && appends < isolatingAppendsMax) {
        const middle = (start + end) >>> 1
        waiting.push([middle, end], [start, middle])
      } else {
        for (const record of planned.slice(start, end)) appended.rejectedCount += record.itemCount
      }
    }
  }
  return appended
}
