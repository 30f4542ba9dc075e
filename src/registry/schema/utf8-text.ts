/** Text from bytes. Most texts are short and ASCII, and decoders are slow to begin. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined where the bytes are not UTF-8. */
export function utf8Text(buffer: Buffer, from: number, to: number): string | undefined {
  let at = from
  while (at < to && buffer[at]! < 0x80) at++
  if (at === to) return buffer.toString('latin1', from, to)
  try {
    return utf8.decode(buffer.subarray(from, to))
  } catch {
    return undefined
  }
}
