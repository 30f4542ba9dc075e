/**
 * Writes a list of chunks whole, although one system call may take fewer of them, or end in the
 * middle of one.
 */
import { assert } from '../base/assert.ts'

/** Chunks in one writev: IOV_MAX of Linux and macOS. More are refused by the kernel with EINVAL. */
export const chunksPerWrite = 1024

/**
 * Writes some of the chunks from `position`; resolves with the bytes written, which may be fewer
 * than asked.
 */
export type WriteSome = (chunks: readonly Uint8Array[], position: number) => Promise<number>

/** Resolves when every byte of `chunks` was written, one chunk behind the other from `position`. */
export async function writeAll(
  writeSome: WriteSome,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks
  let at = position
  while (rest.length > 0) {
    const now = rest.length > chunksPerWrite ? rest.slice(0, chunksPerWrite) : rest
    const written = await writeSome(now, at)
    at += written
    rest = behind(rest, now, written)
  }
}

/** What is left of `chunks` when `written` bytes of `tried`, its beginning, were taken. */
function behind(
  chunks: readonly Uint8Array[],
  tried: readonly Uint8Array[],
  written: number,
): readonly Uint8Array[] {
  let left = written
  let index = 0
  for (; index < tried.length; index++) {
    const size = tried[index]?.length ?? 0
    if (left < size) break
    left -= size
  }
  if (index === chunks.length) return []
  if (left === 0) {
    assert(index > 0, 'a write that reports no error writes something')
    return chunks.slice(index)
  }
  const [torn, ...rest] = chunks.slice(index)
  assert(torn !== undefined, 'a write takes no more than it was given')
  return [torn.subarray(left), ...rest]
}
