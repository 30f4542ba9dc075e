/**
 * Signed 64-bit integers as numbers: exact within ±2^53, clamped to that range outside of it (ADR
 * 0003).
 */

const two32 = 2 ** 32

/** Writes `value`, an integer within ±2^53, big-endian. */
export function writeInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * two32)
}

/** Reads a big-endian integer; one beyond ±(2^53 - 1) is clamped, so that comparisons stay right. */
export function readInt64(view: DataView, at: number): number {
  const value = view.getInt32(at) * two32 + view.getUint32(at + 4)
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  if (value < -Number.MAX_SAFE_INTEGER) return -Number.MAX_SAFE_INTEGER
  return value
}

/** A view on the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
