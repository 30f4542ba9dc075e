/**
 * Objects in parts, for those too large for one request. A part costs as much as an object, so it
 * is not the way of the usual. What fails is aborted; what a crash leaves, `sweepUploads` finds.
 */
import type { Clock } from '../../base/clock.ts'
import { Failure, isFailure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectCall } from '../object-store.ts'
import type { S3Api, S3Body, S3Part } from './s3-api.ts'
import { cut, makeBody } from './s3-body.ts'
import type { S3Operation, S3Requests } from './s3-requests.ts'

export interface MultipartOptions {
  readonly api: S3Api
  readonly requests: S3Requests
  readonly clock: Clock
  readonly log: Log
  readonly checksum: S3Body['proof']['kind']
}

/** S3 takes at most so many parts, and none below 5 MiB but the last. */
const partsMax = 10_000
/** A try that fails sends so much again. */
const partBytesMin = 32 * 1024 * 1024
const partsTogether = 4

type Operation<Result> = Pick<S3Operation<Result>, 'verb' | 'bytes' | 'send' | 'mustBeKnown'>

export class MultipartUpload {
  readonly #options: MultipartOptions
  readonly #key: string
  readonly #call: ObjectCall | undefined

  constructor(options: MultipartOptions, key: string, call: ObjectCall | undefined) {
    this.#options = options
    this.#key = key
    this.#call = call
  }

  /**
   * @throws Failure as the port's `put`: 'unknown-outcome' only where the last step's answer was
   *   lost.
   */
  async put(chunks: readonly Uint8Array[], length: number): Promise<void> {
    const { api } = this.#options
    const uploadId = await this.#run({
      verb: 'multipart',
      bytes: 0,
      send: (signal) => api.beginUpload(this.#key, signal),
    })
    try {
      const parts = await this.#sendParts(uploadId, chunks, length)
      await this.#complete(uploadId, parts)
    } catch (error) {
      if (!isFailure(error, 'unknown-outcome')) this.#abort(uploadId)
      throw error
    }
  }

  async #sendParts(
    uploadId: string,
    chunks: readonly Uint8Array[],
    length: number,
  ): Promise<S3Part[]> {
    const partBytes = Math.max(partBytesMin, Math.ceil(length / partsMax))
    const starts = Array.from({ length: Math.ceil(length / partBytes) }, (_, at) => at * partBytes)
    const parts: S3Part[] = []
    for (let from = 0; from < starts.length; from += partsTogether) {
      const some = starts.slice(from, from + partsTogether).map(async (start, at) => {
        const piece = cut(chunks, start, Math.min(length, start + partBytes))
        return this.#sendPart(uploadId, from + at + 1, piece)
      })
      const sent = await Promise.allSettled(some) // none may go on behind an abort
      for (const each of sent) {
        if (each.status === 'rejected') throw each.reason
        parts.push(each.value)
      }
    }
    return parts
  }

  async #sendPart(uploadId: string, number: number, piece: Uint8Array[]): Promise<S3Part> {
    const { api, clock, checksum } = this.#options
    const body = await makeBody(clock, piece, checksum)
    return this.#run({
      verb: 'put',
      bytes: body.length,
      send: (signal) => api.uploadPart(this.#key, uploadId, number, body, signal),
    })
  }

  /** A retry of what was done finds no such upload any more: then its outcome is unknown here. */
  async #complete(uploadId: string, parts: readonly S3Part[]): Promise<void> {
    const { api } = this.#options
    try {
      await this.#run({
        verb: 'multipart',
        bytes: 0,
        mustBeKnown: true,
        send: (signal) => api.completeUpload(this.#key, uploadId, parts, signal),
      })
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error
      throw new Failure('unavailable', `the upload of ${this.#key} was aborted by somebody`, error)
    }
  }

  /** Nobody waits for it: the sweep finds what stays. */
  #abort(uploadId: string): void {
    const { api, requests, log } = this.#options
    const key = this.#key
    const send = (signal: AbortSignal): Promise<void> => api.abortUpload(key, uploadId, signal)
    requests
      .run({ verb: 'multipart', key, bytes: 0, call: undefined, priority: 'background', send })
      .catch((error: unknown) => log.debug({ key, error }, 'an upload was not aborted'))
  }

  #run<Result>(operation: Operation<Result>): Promise<Result> {
    const call = this.#call
    return this.#options.requests.run({
      ...operation,
      key: this.#key,
      call,
      priority: 'background',
    })
  }
}
