/** Objects in a bucket of S3, or of a server that speaks its protocol. */
import type { Clock } from '../../base/clock.ts'
import { Failure, isFailure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { checkObjectKey } from '../object-key.ts'
import type { ObjectCall, ObjectPriority, ObjectStore, StoredObject } from '../object-store.ts'
import { getHedgeLimits, HedgePolicy, putHedgeLimits } from './hedge-policy.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { RequestQueue } from './request-queue.ts'
import { RetryBudget } from './retry-budget.ts'
import { S3RequestError, type S3Api, type S3Body, type S3Stat, type S3Verb } from './s3-api.ts'
import { lengthOf, makeBody } from './s3-body.ts'
import { S3Requests, type S3OperationSeen, type S3RequestLimits } from './s3-requests.ts'

export interface S3ObjectStoreOptions {
  readonly api: S3Api
  readonly bucket: string
  /** Of every key; '' where the bucket is all ours. */
  readonly prefix: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits: S3RequestLimits
  readonly checksum: S3Body['proof']['kind']
  /** Larger objects are stored in parts. Bytes. */
  readonly multipartAbove: number
  readonly seen: ((operation: S3OperationSeen) => void) | undefined
}

/** Connections of one broker; hedges come on top. 64 of 50 ms are 1,200 requests a second. */
export const requestsUnderWayMax = 64
/** Far more than jobs and fetches ask for at once: only a store that hangs fills it. */
const requestsWaitingMax = 10_000
/** Tries of a look that only resolves what another operation left open. */
const lookAttemptsMax = 2
/** S3 lists so many at once. */
const pageMax = 1_000

export class S3ObjectStore implements ObjectStore {
  readonly #options: S3ObjectStoreOptions
  readonly #requests: S3Requests
  readonly #putHedge = new HedgePolicy(putHedgeLimits)
  readonly #getHedge = new HedgePolicy(getHedgeLimits)

  constructor(options: S3ObjectStoreOptions) {
    this.#options = options
    const { bucket, clock, random, log, limits, seen } = options
    const queue = new RequestQueue({
      underWayMax: requestsUnderWayMax,
      waitingMax: requestsWaitingMax,
    })
    const budget = new RetryBudget(clock)
    this.#requests = new S3Requests({ bucket, clock, random, log, queue, budget, limits, seen })
  }

  /** The chunks must not change until it ends: requests that lost are cut off by then. */
  async put(key: string, chunks: readonly Uint8Array[], call?: ObjectCall): Promise<void> {
    checkObjectKey(key)
    const { clock, checksum, multipartAbove } = this.#options
    const length = lengthOf(chunks)
    try {
      if (length > multipartAbove) return await this.#putInParts(key, chunks, call)
      const body = await makeBody(clock, chunks, checksum)
      await this.#putWhole(key, body, call)
    } catch (error) {
      if (!isFailure(error, 'unknown-outcome')) throw error
      // What has this name was stored by this or an earlier call, of the same bytes.
      const found = await this.#look(key, call)
      if (found?.size !== length) throw error
    }
  }

  async #putWhole(key: string, body: S3Body, call: ObjectCall | undefined): Promise<void> {
    const { api } = this.#options
    try {
      await this.#run('put', key, call, {
        bytes: body.length,
        hedge: call?.priority === 'tail' ? this.#putHedge : undefined,
        mustBeKnown: true,
        send: (signal) => api.put(this.#whole(key), body, false, signal),
      })
    } catch (error) {
      const cause = isFailure(error, 'invalid') ? error.cause : undefined
      const isTooLarge = cause instanceof S3RequestError && cause.code === 'EntityTooLarge'
      if (!isTooLarge) throw error
      await this.#putInParts(key, body.chunks, call)
    }
  }

  #putInParts(key: string, chunks: readonly Uint8Array[], call?: ObjectCall): Promise<void> {
    const { api, clock, log, checksum } = this.#options
    const requests = this.#requests
    const options = { api, requests, clock, log, checksum }
    return new MultipartUpload(options, this.#whole(key), call).put(chunks, lengthOf(chunks))
  }

  /**
   * Looks first: a store that does not know If-None-Match overwrites silently, and then only what
   * comes in the same moment goes unnoticed.
   */
  async putIfAbsent(
    key: string,
    chunks: readonly Uint8Array[],
    call?: ObjectCall,
  ): Promise<'stored' | 'exists'> {
    checkObjectKey(key)
    const { api, clock, checksum } = this.#options
    if ((await this.stat(key)) !== undefined) return 'exists'
    const body = await makeBody(clock, chunks, checksum)
    try {
      await this.#run('put', key, call, {
        bytes: body.length,
        mustBeKnown: true,
        send: (signal) => api.put(this.#whole(key), body, true, signal),
      })
      return 'stored'
    } catch (error) {
      if (isFailure(error, 'conflict')) return 'exists'
      if (!isFailure(error, 'unknown-outcome')) throw error
      return this.#whose(key, body, error)
    }
  }

  /** An earlier try may have stored it: then it is told by its bytes. */
  async #whose(key: string, body: S3Body, unknown: Failure): Promise<'stored' | 'exists'> {
    const found = await this.#look(key, undefined)
    if (found === undefined) throw unknown
    if (found.size !== body.length) return 'exists'
    const bytes = await this.read(key, 0, body.length)
    return Buffer.concat(body.chunks).equals(bytes) ? 'stored' : 'exists'
  }

  async read(
    key: string,
    position: number,
    length: number,
    call?: ObjectCall,
  ): Promise<Uint8Array> {
    checkObjectKey(key)
    const { api } = this.#options
    if (length === 0) return this.#readNothing(key, position, call)
    const bytes = await this.#run('get', key, call, {
      bytes: length,
      hedge: call?.priority === 'tail' ? this.#getHedge : undefined,
      send: (signal) => api.get(this.#whole(key), position, length, signal),
    })
    if (bytes.length === length) return bytes
    throw tooShort(key, position + bytes.length, position + length)
  }

  /** No range is empty in HTTP. */
  async #readNothing(key: string, position: number, call?: ObjectCall): Promise<Uint8Array> {
    const { size } = await this.#head(key, call, 'catch-up')
    if (position > size) throw tooShort(key, size, position)
    return new Uint8Array(0)
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    checkObjectKey(key)
    try {
      return { key, ...(await this.#head(key, undefined, 'background')) }
    } catch (error) {
      if (isFailure(error, 'not-found')) return undefined
      throw error
    }
  }

  #head(key: string, call: ObjectCall | undefined, priority: ObjectPriority): Promise<S3Stat> {
    const { api } = this.#options
    const send = (signal: AbortSignal): Promise<S3Stat> => api.head(this.#whole(key), signal)
    return this.#run('head', key, { priority, ...call }, { bytes: 0, send })
  }

  /** Resolves what another operation left open; undefined where that cannot be told. */
  async #look(key: string, call: ObjectCall | undefined): Promise<S3Stat | undefined> {
    const { api } = this.#options
    const send = (signal: AbortSignal): Promise<S3Stat> => api.head(this.#whole(key), signal)
    const attemptsMax = lookAttemptsMax
    try {
      return await this.#run('head', key, call, { bytes: 0, attemptsMax, send })
    } catch {
      return undefined
    }
  }

  async delete(key: string): Promise<void> {
    checkObjectKey(key)
    const { api } = this.#options
    try {
      await this.#run('delete', key, undefined, {
        bytes: 0,
        send: (signal) => api.delete(this.#whole(key), signal),
      })
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error // some servers say so, S3 does not
    }
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<StoredObject[]> {
    const { api } = this.#options
    const found: StoredObject[] = []
    const start = this.#whole('').length
    for (let behind = after; found.length < limit;) {
      const most = Math.min(pageMax, limit - found.length)
      const from = behind === undefined ? undefined : this.#whole(behind)
      const page = await this.#run('list', prefix, undefined, {
        bytes: 0,
        send: (signal) => api.list(this.#whole(prefix), from, most, signal),
      })
      found.push(...page.map((each) => ({ ...each, key: each.key.slice(start) })))
      behind = found.at(-1)?.key
      if (page.length < most) break
    }
    return found
  }

  /**
   * Aborts uploads in parts that began before `beforeMs`, which a crash has left: nobody sees them,
   * but they are paid for. Resolves with how many.
   */
  async sweepUploads(beforeMs: number): Promise<number> {
    const { api } = this.#options
    const under = this.#whole('')
    const all = await this.#run('list', '', undefined, {
      bytes: 0,
      send: (signal) => api.uploads(under, signal),
    })
    const old = all.filter(({ key, begunMs }) => begunMs < beforeMs && key.startsWith(under))
    for (const { key, uploadId } of old) {
      await this.#run('multipart', key.slice(under.length), undefined, {
        bytes: 0,
        send: (signal) => api.abortUpload(key, uploadId, signal),
      })
    }
    return old.length
  }

  close(): Promise<void> {
    this.#requests.close()
    this.#options.api.close()
    return Promise.resolve()
  }

  #whole(key: string): string {
    const { prefix } = this.#options
    return prefix === '' ? key : `${prefix}/${key}`
  }

  #run<Result>(
    verb: S3Verb,
    key: string,
    call: ObjectCall | undefined,
    how: {
      readonly bytes: number
      readonly hedge?: HedgePolicy | undefined
      readonly attemptsMax?: number
      readonly mustBeKnown?: boolean
      readonly send: (signal: AbortSignal) => Promise<Result>
    },
  ): Promise<Result> {
    const priority = verb === 'get' ? 'catch-up' : 'background'
    return this.#requests.run({ ...how, verb, key: this.#whole(key), call, priority })
  }
}

const tooShort = (key: string, end: number, asked: number): Failure =>
  new Failure('corrupt', `object ${key} ends at ${end}, ${asked} were asked`)
