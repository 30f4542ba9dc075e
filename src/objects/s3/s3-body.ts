/** Bytes on their way to a store: cut into parts where they are many, with what proves them. */
import { createHash } from 'node:crypto'
import { crc32c } from '../../base/crc32c.ts'
import { sleep, type Clock } from '../../base/clock.ts'
import type { S3Body } from './s3-api.ts'

/** Checksums of so much at once: 1 ms with CRC-32C, and then it is others' turn. */
const stepBytes = 4 * 1024 * 1024

export const lengthOf = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((all, { length }) => all + length, 0)

/** What lies from `from` to `to` of the chunks put together; nothing is copied. */
export function cut(chunks: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at))
    if (piece.length > 0) pieces.push(piece)
    at += chunk.length
  }
  return pieces
}

/** The chunks must not change until the body has been sent for the last time. */
export async function makeBody(
  clock: Clock,
  chunks: readonly Uint8Array[],
  checksum: S3Body['proof']['kind'],
): Promise<S3Body> {
  const length = lengthOf(chunks)
  const hash = createHash('sha256')
  let crc = 0
  let sinceTurn = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += stepBytes) {
      const step = chunk.subarray(at, at + stepBytes)
      if (checksum === 'crc32c') crc = crc32c(step, crc)
      else hash.update(step)
      sinceTurn += step.length
      if (sinceTurn < stepBytes) continue
      sinceTurn = 0
      await sleep(clock, 0)
    }
  }
  if (checksum === 'sha256')
    return { chunks, length, proof: { kind: 'sha256', hex: hash.digest('hex') } }
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return { chunks, length, proof: { kind: 'crc32c', base64: bytes.toString('base64') } }
}
