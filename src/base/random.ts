/** Chance as a port: all that a broker draws at random comes from here, so that one seed decides. */

export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  uint32(): number
}

/** A version 4 UUID as 16 bytes. */
export function randomUuid(random: Random): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 16; at += 4) view.setUint32(at, random.uint32())
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
}

/** An integer from 0 to `bound` - 1. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 2 ** 32) * bound)
}
