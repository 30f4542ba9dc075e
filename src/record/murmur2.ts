/** The hash by which Kafka's clients map keys to partitions: MurmurHash2, 32 bits, seed 0x9747b28c. */

const multiplier = 0x5bd1e995

/** As a signed 32-bit integer. */
export function murmur2(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  let hash = 0x9747b28c ^ key.length
  let at = 0
  for (; at + 4 <= key.length; at += 4) {
    let word = Math.imul(view.getInt32(at, true), multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  const rest = key.length - at
  if (rest >= 3) hash ^= (key[at + 2] ?? 0) << 16
  if (rest >= 2) hash ^= (key[at + 1] ?? 0) << 8
  if (rest >= 1) hash = Math.imul(hash ^ (key[at] ?? 0), multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}

/** The partition of `key` among `partitionCount`, as Kafka's default partitioner picks it. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
