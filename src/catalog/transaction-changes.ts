/**
 * What a group changed of transactions, stored with it, so that brokers that did not commit it take
 * in runs and transactions as one change (T3). Persisted in commit_log.changes:
 *
 *     0  u8  format version, 1
 *     1  per change, 29 bytes: u8 kind · u32 partition id · i64 producer id ·
 *        i64 first offset (-1: none) · i64 marker's offset (-1: none)
 */
import { readInt64, readUint32, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { Failure } from '../base/errors.ts'
import type { TransactionChange } from './commit-groups.ts'

const version = 1
const entryBytes = 29

/** Persisted; keep stable. */
const kinds = ['written', 'committed', 'aborted'] as const

/** Null where there are none. What a producer writes after its first batch changes nothing. */
export function encodeTransactionChanges(all: readonly TransactionChange[]): Uint8Array | null {
  const began = new Set<string>()
  const changes = all.filter(({ change, partitionId, producerId }) => {
    if (change !== 'written') return true
    const writer = `${partitionId} ${producerId}`
    return !began.has(writer) && began.add(writer)
  })
  if (changes.length === 0) return null
  const bytes = new Uint8Array(1 + changes.length * entryBytes)
  bytes[0] = version
  let at = 1
  for (const change of changes) {
    bytes[at] = kinds.indexOf(change.change)
    writeInt32(bytes, at + 1, change.partitionId)
    writeInt64(bytes, at + 5, change.producerId)
    writeInt64(bytes, at + 13, change.firstOffset ?? -1)
    writeInt64(bytes, at + 21, change.change === 'written' ? -1 : change.markerOffset)
    at += entryBytes
  }
  return bytes
}

/** @throws Failure 'corrupt': not of a known version. */
export function decodeTransactionChanges(bytes: Uint8Array | null): TransactionChange[] {
  if (bytes === null) return []
  if (bytes.length % entryBytes !== 1 || bytes[0] !== version) {
    throw new Failure('corrupt', `transaction changes of a group: ${bytes.length} bytes`)
  }
  const changes: TransactionChange[] = []
  for (let at = 1; at < bytes.length; at += entryBytes) {
    const kind = kinds[bytes[at] as number]
    const partitionId = readUint32(bytes, at + 1)
    const producerId = readInt64(bytes, at + 5)
    const firstOffset = readInt64(bytes, at + 13)
    const markerOffset = readInt64(bytes, at + 21)
    if (kind === undefined) throw new Failure('corrupt', `a change of unknown kind at byte ${at}`)
    if (kind === 'written') changes.push({ change: kind, partitionId, producerId, firstOffset })
    else {
      const began = firstOffset === -1 ? null : firstOffset
      const ended = { partitionId, producerId, firstOffset: began, markerOffset }
      changes.push({ change: kind, ...ended })
    }
  }
  return changes
}
