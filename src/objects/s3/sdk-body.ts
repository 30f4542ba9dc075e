/** Bytes as the AWS SDK takes them, and as it gives them: streams, whose length is checked here. */
import { Readable } from 'node:stream'
import { S3RequestError, type S3Body, type S3Stat } from './s3-api.ts'

/** Bytes handed to the connection at once. */
const stepBytes = 256 * 1024

/** Fields of a PutObject and an UploadPart. */
export interface BodyInput {
  readonly Body: Readable
  readonly ContentLength: number
  readonly ChecksumCRC32C?: string
  /** Ours, not S3's: what the signature covers of the body; a middleware makes a header of it. */
  readonly proof: string
}

/** A stream of views, so that nothing is copied. */
export function bodyInput({ chunks, length, proof }: S3Body): BodyInput {
  const signed = { proof: proof.kind === 'sha256' ? proof.hex : 'UNSIGNED-PAYLOAD' }
  const Body = Readable.from(stepsOf(chunks), { objectMode: false })
  const crc = proof.kind === 'crc32c' ? { ChecksumCRC32C: proof.base64 } : {}
  return { Body, ContentLength: length, ...crc, ...signed }
}

function* stepsOf(chunks: readonly Uint8Array[]): Generator<Uint8Array, void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += stepBytes) yield chunk.subarray(at, at + stepBytes)
  }
}

/** Any web server answers a GET, and an answer in another form reads as an empty one. */
export const notS3 = (): S3RequestError =>
  new S3RequestError('NotS3', undefined, 'the answer is not one of an S3 server')

export function statOf(size: number | undefined, modified: Date | undefined): S3Stat {
  if (size === undefined || modified === undefined) {
    throw new S3RequestError('NoStat', undefined, 'the answer has no size or no time')
  }
  return { size, modifiedMs: modified.getTime() }
}

/** What the body holds of the range; its length is what the headers say, or it is an error. */
export async function readRange(
  body: Readable,
  answer: {
    readonly ContentLength?: number | undefined
    readonly ContentRange?: string | undefined
    readonly ETag?: string | undefined
  },
  position: number,
  length: number,
): Promise<Uint8Array> {
  const range = /^bytes (\d+)-(\d+)\//.exec(answer.ContentRange ?? '')
  if (range === null && answer.ETag === undefined) throw notS3()
  // A server that does not know ranges sends the whole object.
  const start = range === null ? 0 : Number(range[1])
  const end = range === null ? (answer.ContentLength ?? 0) : Number(range[2]) + 1
  if (start > position) {
    throw new S3RequestError('WrongRange', undefined, `the answer begins at ${start}`)
  }
  const expected = Math.max(0, Math.min(position + length, end) - position)
  const bytes = Buffer.allocUnsafeSlow(expected)
  let at = start - position
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (at + chunk.length > 0 && at < expected) {
      bytes.set(chunk.subarray(Math.max(0, -at), expected - at), Math.max(0, at))
    }
    at += chunk.length
    if (at >= expected && range === null) break
  }
  if (at >= expected) return bytes
  throw new S3RequestError('ShortBody', undefined, `the answer ended after ${at} of ${expected}`)
}
