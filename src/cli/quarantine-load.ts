/** The records of entries, read again where they stand: views of many do not hold their values. */
import { Failure } from '../base/errors.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { PartitionReader } from '../client/partition-reader.ts'
import type { QuarantinedRecord } from '../contract/quarantine/quarantine-record.ts'
import { brokersOwn, type QuarantineEntry } from './quarantine-entries.ts'

export interface LoadedEntry {
  readonly entry: QuarantineEntry
  /** Undefined where retention has deleted it since. */
  readonly record: QuarantinedRecord | undefined
}

const troubleMs = 30_000
/** Answers without anything, a second each: then nothing is left behind that offset. */
const quietMax = 10

/** In the order of `entries`. @throws as PartitionReader. */
export async function loadEntries(
  client: KafkaClient,
  signal: AbortSignal,
  entries: readonly QuarantineEntry[],
): Promise<LoadedEntry[]> {
  const found = new Map<QuarantineEntry, QuarantinedRecord>()
  const byPartition = Map.groupBy(entries, ({ at }) => at.partition)
  for (const own of byPartition.values()) {
    const left = own.toSorted((a, b) => a.at.offset - b.at.offset)
    while (left.length > 0) await readSome(client, signal, left, found)
  }
  return entries.map((entry) => ({ entry, record: found.get(entry) }))
}

/** Reads one chunk where the first of `left` stands, and takes off `left` what it covers. */
async function readSome(
  client: KafkaClient,
  signal: AbortSignal,
  left: QuarantineEntry[],
  found: Map<QuarantineEntry, QuarantinedRecord>,
): Promise<void> {
  const [first] = left
  if (first === undefined) return
  const skipped = (): void => undefined
  const reader = new PartitionReader(client, [first.at], { signal, troubleMs, skipped })
  for (let quiet = 0; quiet < quietMax; quiet++) {
    if (signal.aborted) throw new Failure('closed', 'stopped before the records were read')
    const [chunk] = await reader.next()
    if (chunk === undefined) continue
    const read = new Map(chunk.records.map((record) => [record.offset, record]))
    while (left[0] !== undefined && left[0].at.offset < chunk.nextOffset) {
      const entry = left.shift() as QuarantineEntry
      const record = read.get(entry.at.offset)
      const own = record === undefined ? undefined : brokersOwn(record)
      if (own !== undefined) found.set(entry, own)
    }
    return
  }
  left.length = 0
}
