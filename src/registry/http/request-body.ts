/** An adapter: reads the body of a request of node:http, within limits of size, time and memory. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { RegistryError } from '../registry-error.ts'
import type { RegistryHttpLimits } from './http-limits.ts'

/** Bytes of bodies that are held, of all requests together. */
export class BodyMemory {
  readonly #bytesMax: number
  usedBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** False where it would be too much. */
  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.#bytesMax) return false
    this.usedBytes += bytes
    return true
  }

  free(bytes: number): void {
    this.usedBytes -= bytes
  }
}

export interface HeldBody {
  readonly bytes: Buffer
  /** To be called when the body is done with. */
  readonly release: () => void
}

/** The client went away: nobody is there to be answered. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** Refuses what is announced as too large before it is sent. @throws RegistryError 413 */
export function assertBodyFits(
  { headers }: IncomingMessage,
  { bodyBytesMax }: RegistryHttpLimits,
): void {
  if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax)
}

const tooLarge = (bytesMax: number): RegistryError =>
  new RegistryError(413, `the body has more than ${bytesMax} bytes`)

/**
 * What is not read any more is left to the caller.
 *
 * @throws RegistryError 408, 413, 429
 * @throws ClientGone
 */
export function readBody(
  request: IncomingMessage,
  { bodyBytesMax, bodyTimeoutMs }: RegistryHttpLimits,
  memory: BodyMemory,
  clock: Clock,
): Promise<HeldBody> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldBody>()
  const chunks: Buffer[] = []
  let held = 0
  const release = (): void => {
    memory.free(held)
    held = 0
  }
  const stop = (error: Error): void => {
    timer.cancel()
    request.off('data', take)
    chunks.length = 0
    release()
    reject(error)
  }
  const timer = clock.after(bodyTimeoutMs, () => {
    stop(new RegistryError(408, `the body did not arrive within ${bodyTimeoutMs} ms`))
  })
  const take = (chunk: Buffer): void => {
    if (held + chunk.length > bodyBytesMax) return stop(tooLarge(bodyBytesMax))
    if (!memory.take(chunk.length)) {
      return stop(new RegistryError(429, 'too many bodies are under way: come again'))
    }
    held += chunk.length
    chunks.push(chunk)
  }
  request.on('data', take)
  request.once('end', () => {
    timer.cancel()
    resolve({ bytes: Buffer.concat(chunks), release })
  })
  const gone = (): void => stop(new ClientGone('the client went away'))
  request.once('error', gone)
  request.once('close', () => {
    if (!request.complete) gone()
  })
  return promise
}
