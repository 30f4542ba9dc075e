/**
 * Most batches are of one producer, whose records all name the same schema in front of their value.
 * Where nothing else is asked of them they are walked without making a record of any: a twentieth
 * of the time.
 */
import { readInt32 } from '../../base/big-endian.ts'
import { openBatch } from '../../record/records.ts'
import type { BatchSchemas } from './held-schemas.ts'
import { schemaIdHeader, schemaIdPrefix } from './schema-frame.ts'

/** All that records of a topic are held to. */
export interface NamesOnly {
  /** Whose versions their values may name. */
  readonly subject: string
  readonly needsKey: boolean
}

/**
 * How many records the batch has, where each keeps the contract. Undefined: look at each, one may
 * not, or is told in another way.
 *
 * @throws Failure 'corrupt' | 'invalid' as openBatch.
 */
export function countNamed(
  bytes: Uint8Array,
  { subject, needsKey }: NamesOnly,
  schemas: BatchSchemas,
): number | undefined {
  const { header, cursor } = openBatch(bytes)
  let known: number | undefined
  let hasHeaders = false
  for (let at = 0; at < header.recordCount; at++) {
    cursor.next()
    if (needsKey && cursor.keyLength < 0) return undefined
    if (cursor.valueLength < schemaIdPrefix.bytes) return undefined
    if (cursor.bytes[cursor.valueAt] !== schemaIdPrefix.magic) return undefined
    if (cursor.headerCount > 0 && !hasHeaders) {
      if (mayNameInHeader(cursor.bytes)) return undefined
      hasHeaders = true
    }
    const id = readInt32(cursor.bytes, cursor.valueAt + 1)
    if (id === known) continue
    // Whether it can be used nobody asks who looks at names only.
    const { outcome } = schemas.find(subject, { kind: 'id', id })
    if (outcome !== 'usable' && outcome !== 'unusable') return undefined
    known = id
  }
  return cursor.atEnd ? header.recordCount : undefined
}

const headerName = Buffer.from(schemaIdHeader('value'))

/** A header goes before what stands in the value. */
function mayNameInHeader({ buffer, byteOffset, length }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, length).includes(headerName)
}
