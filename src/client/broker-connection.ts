/**
 * One connection to one broker: versions are agreed first, then requests go out pipelined and
 * answers come back in their order.
 */
import { readInt32 } from '../base/big-endian.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { type Address, formatAddress } from '../config/address.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { decodeResponseHeader, encodeRequest } from '../wire/frame.ts'
import type { Message } from '../wire/message.ts'
import { apiVersions, type ApiVersionsResponse } from '../wire/messages/18-api-versions.ts'
import type { Range } from '../wire/notation.ts'
import type { Dial, DialedStream } from './dial.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { expectNone } from './refusal.ts'

/** An API as far as a call needs it; every definition of src/wire/messages is one. */
export interface Callable<Input, Value> {
  readonly key: number
  readonly name: string
  readonly versions: Range
  readonly flexibleFrom: number | undefined
  readonly request: Pick<Message<unknown, Input>, 'write'>
  readonly response: Pick<Message<Value, never>, 'decode'>
}

export interface CallOptions {
  /** The highest version to use, where later ones ask for what this client does not have. */
  readonly versionMax?: number
  /** How long the broker itself may take before it answers, beyond the usual. */
  readonly waitMs?: number
}

export interface ConnectionOptions {
  readonly dial: Dial
  readonly clock: Clock
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

interface Awaited {
  readonly name: string
  readonly timer: Timer
  readonly answer: (frame: Uint8Array) => void
  readonly fail: (error: Failure) => void
}

export class BrokerConnection {
  readonly address: Address
  readonly #options: ConnectionOptions
  readonly #splitter = new FrameSplitter()
  /** By correlation id. */
  readonly #awaited = new Map<number, Awaited>()
  #stream: DialedStream | undefined
  #versions = new Map<number, Range>()
  #nextId = 1
  #closedBy: Failure | undefined

  private constructor(address: Address, options: ConnectionOptions) {
    this.address = address
    this.#options = options
  }

  /**
   * Resolves when versions are agreed.
   *
   * @throws Failure 'unavailable': nobody answers there. 'corrupt': it does not speak Kafka's
   *   protocol.
   */
  static async open(address: Address, options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(address, options)
    connection.#stream = await options.dial(address, options.connectTimeoutMs, {
      received: (bytes) => connection.#received(bytes),
      closed: (error) => connection.#closed(error?.message ?? 'the other side closed it'),
    })
    try {
      await connection.#agreeOnVersions()
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  }

  get isOpen(): boolean {
    return this.#closedBy === undefined
  }

  /**
   * Resolves with the broker's answer, whatever error codes are in it.
   *
   * @throws Failure 'unavailable': no answer; whether it was done is not known. 'invalid': the
   *   broker is too old, or a value does not fit.
   */
  async call<Input, Value>(
    api: Callable<Input, Value>,
    body: NoInfer<Input> | ((version: number) => NoInfer<Input>),
    options: CallOptions = {},
  ): Promise<Value> {
    const version = this.versionOf(api, options.versionMax)
    const input = typeof body === 'function' ? (body as (v: number) => Input)(version) : body
    const frame = await this.#exchange(api, version, input, options.waitMs ?? 0)
    const { bodyAt } = decodeResponseHeader(frame, api, version)
    return api.response.decode(version, frame, bodyAt)
  }

  /** Sends a request that has no answer (Produce with acks=0). */
  tell<Input, Value>(api: Callable<Input, Value>, body: NoInfer<Input>, versionMax?: number): void {
    const version = this.versionOf(api, versionMax)
    this.#send(api, version, body, this.#nextId++)
  }

  /** True where there is a version that both speak. */
  speaks({ key, versions }: Pick<Callable<never, unknown>, 'key' | 'versions'>): boolean {
    const theirs = this.#versions.get(key)
    return theirs !== undefined && theirs.min <= versions.max && theirs.max >= versions.min
  }

  /** @throws Failure 'invalid': there is no version that both speak. */
  versionOf(
    { key, name, versions }: Pick<Callable<never, unknown>, 'key' | 'name' | 'versions'>,
    versionMax: number = versions.max,
  ): number {
    const theirs = this.#versions.get(key)
    const at = formatAddress(this.address)
    if (theirs === undefined) throw new Failure('invalid', `the broker at ${at} has no ${name}`)
    const version = Math.min(versions.max, versionMax, theirs.max)
    if (version >= Math.max(versions.min, theirs.min)) return version
    const spoken = `${theirs.min} to ${theirs.max}, and Karst ${versions.min} to ${versionMax}`
    throw new Failure('invalid', `the broker at ${at} speaks ${name} ${spoken}`)
  }

  close(): void {
    this.#closed('it was closed here')
  }

  /** An unknown version is answered in version 0 with what is known (KIP-511): asked again so. */
  async #agreeOnVersions(): Promise<void> {
    let version = apiVersions.versions.max
    for (;;) {
      const body = { clientSoftwareName: 'karst', clientSoftwareVersion: '1' }
      const frame = await this.#exchange(apiVersions, version, body, 0)
      const { bodyAt } = decodeResponseHeader(frame, apiVersions, version)
      const code = frame.length < bodyAt + 2 ? 0 : (frame[bodyAt]! << 8) | frame[bodyAt + 1]!
      const isRefused = version > 0 && code === ErrorCode.UNSUPPORTED_VERSION
      const answer = apiVersions.response.decode(isRefused ? 0 : version, frame, bodyAt)
      if (!isRefused) {
        expectNone(`${formatAddress(this.address)} does not tell its versions`, answer.errorCode)
        this.#versions = rangesOf(answer)
        return
      }
      const theirs = rangesOf(answer).get(apiVersions.key)
      version = Math.min(theirs?.max ?? 0, version - 1)
    }
  }

  #exchange<Input>(
    api: Callable<Input, unknown>,
    version: number,
    body: Input,
    waitMs: number,
  ): Promise<Uint8Array> {
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy)
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const timeoutMs = this.#options.requestTimeoutMs + waitMs
    // A late answer would be taken for that of a later request: the connection is of no more use.
    const timer = this.#options.clock.after(timeoutMs, () =>
      this.#closed(`${api.name} was not answered within ${timeoutMs} ms`),
    )
    this.#awaited.set(id, { name: api.name, timer, answer: resolve, fail: reject })
    try {
      this.#send(api, version, body, id)
    } catch (error) {
      timer.cancel()
      this.#awaited.delete(id)
      throw error
    }
    return promise
  }

  #send<Input>(api: Callable<Input, unknown>, version: number, body: Input, id: number): void {
    const { clientId } = this.#options
    const header = { apiVersion: version, correlationId: id, clientId }
    this.#stream?.write(encodeRequest(api, header, body))
  }

  #received(bytes: Uint8Array): void {
    if (this.#closedBy !== undefined) return
    try {
      for (const frame of this.#splitter.split(bytes)) this.#answered(frame)
    } catch (error) {
      this.#closed(error instanceof Error ? error.message : String(error))
    }
  }

  #answered(frame: Uint8Array): void {
    const id = readInt32(frame, 0)
    const awaited = this.#awaited.get(id)
    if (awaited === undefined) throw new Failure('corrupt', `an answer to no request, number ${id}`)
    this.#awaited.delete(id)
    awaited.timer.cancel()
    awaited.answer(frame)
  }

  #closed(why: string): void {
    if (this.#closedBy !== undefined) return
    const at = formatAddress(this.address)
    this.#closedBy = new Failure('unavailable', `the connection to ${at} is gone: ${why}`)
    this.#stream?.close()
    for (const { timer, fail, name } of this.#awaited.values()) {
      timer.cancel()
      fail(new Failure('unavailable', `${at} did not answer ${name}: ${why}`))
    }
    this.#awaited.clear()
  }
}

function rangesOf({ apiKeys }: ApiVersionsResponse): Map<number, Range> {
  return new Map(
    apiKeys.map(({ apiKey, minVersion: min, maxVersion: max }) => [apiKey, { min, max }]),
  )
}
