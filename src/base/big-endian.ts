/**
 * Big-endian integers at a position of a byte array: no view objects, so that headers are read
 * without allocation. Callers check bounds once per structure; a position past the end is a wrong
 * program. int64 is a number: exact within ±2^53, clamped to that range outside of it (ADR 0003).
 */

/** What a double cannot hold is clamped, so that order comparisons stay right. */
const SAFE_MAX = Number.MAX_SAFE_INTEGER

export function readInt16(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) >> 16) | bytes[at + 1]!
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0
}

/** The int64 at `at`, clamped to ±Number.MAX_SAFE_INTEGER. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return clampInt64(readInt32(bytes, at), readUint32(bytes, at + 4))
}

/** Joins the signed high and unsigned low half of an int64, clamped to ±Number.MAX_SAFE_INTEGER. */
export function clampInt64(high: number, low: number): number {
  const value = high * 0x1_0000_0000 + low
  if (value > SAFE_MAX) return SAFE_MAX
  return value < -SAFE_MAX ? -SAFE_MAX : value
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

/** Writes the low 32 bits of `value`, signed or unsigned. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}

/** Writes a safe integer as int64, in two's complement. */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 0x1_0000_0000))
  writeInt32(bytes, at + 4, value % 0x1_0000_0000)
}
