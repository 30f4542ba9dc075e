/** Text from bytes. Most texts are short and ASCII, and decoders are slow to begin. */
import { isAscii, isUtf8 } from 'node:buffer'

/** From here on a call that looks at many bytes at once is faster than a loop. */
const longBytes = 64

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined where the bytes are not UTF-8. */
export function utf8Text(buffer: Buffer, from: number, to: number): string | undefined {
  if (to - from >= longBytes) {
    const isWhole = from === 0 && to === buffer.length
    const bytes = isWhole ? buffer : buffer.subarray(from, to)
    if (isAscii(bytes)) return bytes.toString('latin1')
  } else {
    let at = from
    while (at < to && buffer[at]! < 0x80) at++
    if (at === to) return buffer.toString('latin1', from, to)
  }
  try {
    return utf8.decode(buffer.subarray(from, to))
  } catch {
    return undefined
  }
}

export function isUtf8Text(buffer: Buffer, from: number, to: number): boolean {
  let at = from
  if (to - from < longBytes) while (at < to && buffer[at]! < 0x80) at++
  return at === to || isUtf8(buffer.subarray(at, to))
}
