/** A key of any length as 16 bytes, for the offset map of compaction. */
import { hash } from 'node:crypto'

/** Four words: the first half of SHA-256, of which nobody can make two keys meet on purpose. */
export type KeyDigest = Uint32Array

/**
 * Two different keys have the same digest with a chance of n²/2^129 among n keys: one in 10^20 for
 * a billion. The older of the two records would be lost then.
 */
export function digestOf(key: Uint8Array, into: KeyDigest): void {
  const bytes = hash('sha256', key, 'buffer')
  for (let word = 0; word < 4; word++) into[word] = bytes.readUInt32LE(word * 4)
}
