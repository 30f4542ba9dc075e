/**
 * An adapter: reads a request's body from node:http, inflating it on the way, with every limit
 * before the memory.
 */
import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import type { ByteReservation } from './byte-budget.ts'

export type BodyOutcome =
  | { readonly outcome: 'read'; readonly bytes: Uint8Array; readonly wireByteCount: number }
  | { readonly outcome: 'too-large'; readonly reason: string }
  | { readonly outcome: 'overloaded' }
  | { readonly outcome: 'bad'; readonly reason: string }
  | { readonly outcome: 'disconnected' }

export interface BodyLimits {
  readonly bytesMax: number
  readonly isGzip: boolean
  readonly memory: ByteReservation
  /** Aborted when nobody waits for the body any more. */
  readonly signal: AbortSignal
}

/** Resolves when the body is there, or as soon as it is known that it won't be. Never rejects. */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<BodyOutcome> {
  const { bytesMax, isGzip, memory } = limits
  const { promise, resolve } = Promise.withResolvers<BodyOutcome>()
  const gunzip = isGzip ? createGunzip() : undefined
  const source = gunzip ?? request
  const chunks: Buffer[] = []
  let keptByteCount = 0
  let wireByteCount = 0
  let isSettled = false

  const settle = (outcome: BodyOutcome): void => {
    if (isSettled) return
    isSettled = true
    if (outcome.outcome !== 'read') chunks.length = 0
    if (gunzip !== undefined) {
      request.unpipe(gunzip)
      gunzip.destroy()
    }
    request.resume() // what still comes is thrown away, by whoever set a bound to that
    resolve(outcome)
  }
  const tooLarge = (when: string): void => {
    settle({ outcome: 'too-large', reason: `more than ${bytesMax} bytes ${when}` })
  }

  request.on('data', (chunk: Buffer) => {
    wireByteCount += chunk.length
    if (wireByteCount > bytesMax) tooLarge(isGzip ? 'before decompression' : 'in the body')
  })
  source.on('data', (chunk: Buffer) => {
    if (isSettled) return
    if (keptByteCount + chunk.length > bytesMax) return tooLarge('after decompression')
    if (!memory.grow(chunk.length)) return settle({ outcome: 'overloaded' })
    keptByteCount += chunk.length
    chunks.push(chunk)
  })
  source.on('end', () => {
    const [only] = chunks
    const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
    settle({ outcome: 'read', bytes, wireByteCount })
  })
  gunzip?.on('error', (error) => {
    settle({ outcome: 'bad', reason: `the body is not gzip: ${error.message}` })
  })
  request.on('error', () => settle({ outcome: 'disconnected' }))
  request.on('close', () => {
    if (!request.complete) settle({ outcome: 'disconnected' })
  })
  limits.signal.addEventListener('abort', () => settle({ outcome: 'disconnected' }), { once: true })
  if (gunzip !== undefined) request.pipe(gunzip)
  return promise
}
