/** A replay's report for people. */
import { formatIsoTime } from '../base/iso-time.ts'
import type {
  FactCount,
  ReplayFailure,
  ReplaySummary,
  WriterCount,
} from '../contract/replay/replay-report.ts'
import { type Cell, escaped, tableText } from './table-text.ts'

export function replayText(summary: ReplaySummary, isTerminal: boolean): string {
  const { records, ok, failed, tombstones, writers, facts, failures, otherWriters } = summary
  const parts = [`${records} records: ${ok} ok, ${failed} failed, ${tombstones} tombstones\n`]
  const table = (columns: readonly string[], rows: readonly (readonly Cell[])[]): void => {
    if (rows.length > 0) parts.push(`\n${tableText(columns, rows, isTerminal)}`)
  }
  const written = ['VERSION', 'SCHEMA', 'TYPE', 'RECORDS', 'OK', 'FAILED', 'FIRST', 'LAST']
  table(written, writers.map(writerRow))
  if (otherWriters > 0) parts.push(`and ${otherWriters} records of other schemas\n`)
  table(['FACT', 'IN', 'WHERE', 'WITH-HEADERS', 'WITHOUT', 'LOST'], facts.map(factRow))
  table(['RULE', 'FAILED'], Object.entries(summary.byRule))
  for (const failure of failures) parts.push(failureText(failure))
  if (failed > failures.length) {
    parts.push(`and ${failed - failures.length} more: --max-failures tells more of them\n`)
  }
  return parts.join('')
}

function writerRow(writer: WriterCount): Cell[] {
  const { schemaVersion, schemaId, schemaGuid, schemaType, records, ok, failed } = writer
  const times = [formatIsoTime(writer.firstTimestampMs), formatIsoTime(writer.lastTimestampMs)]
  return [schemaVersion, schemaId ?? schemaGuid, schemaType, records, ok, failed, ...times]
}

function factRow({ fact, in: place, at, withHeaders, withoutHeaders }: FactCount): Cell[] {
  return [fact, place, at || null, withHeaders, withoutHeaders, withHeaders - withoutHeaders]
}

function failureText(failure: ReplayFailure): string {
  const { partition, offset, timestampMs, rule, at, message } = failure
  const { schemaId, schemaGuid, schemaVersion } = failure
  const id = schemaId ?? schemaGuid
  const version = schemaVersion === null ? '' : `, version ${schemaVersion}`
  const schema = id === null ? '' : `, schema ${id}${version}`
  const where = `partition ${partition}, offset ${offset}, ${formatIsoTime(timestampMs)}${schema}`
  return `\n${where}\n  ${escaped(`${at === '' ? '' : `${at}: `}${message} (${rule})`)}\n`
}
