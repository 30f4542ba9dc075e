/** A Kafka client on the simulated network: one connection at a time, requests with a timeout. */
import { readInt32 } from '../../src/base/big-endian.ts'
import type { Clock } from '../../src/base/clock.ts'
import { FrameSplitter } from '../../src/client/frame-splitter.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/wire/frame.ts'
import type { Askable } from '../support/askable.ts'
import type { SimNetwork, SimSocket } from './sim-network.ts'

/** No answer within this: the client gives the connection up, as real ones do. */
const requestTimeoutMs = 4_000

export class Lost extends Error {
  override readonly name = 'Lost'
}

/** What actors ask: a broker, or whichever of several a client finds. */
export interface Asker {
  /** @throws Lost: it may have been done or not. */
  request<Request, Response>(
    api: Askable<Request, Response>,
    apiVersion: number,
    body: Request,
  ): Promise<Response>
}

interface Waiting {
  readonly settle: (frame: Uint8Array) => void
  readonly lose: (error: Error) => void
}

export class SimClient implements Asker {
  readonly #network: SimNetwork
  readonly #clock: Clock
  readonly #port: number
  readonly #name: string
  #socket: SimSocket | undefined
  #correlationId = 0
  #waiting = new Map<number, Waiting>()
  #frames = new FrameSplitter()
  /** Raised with every connection: what belonged to an older one is void. */
  #connection = 0

  constructor(network: SimNetwork, clock: Clock, port: number, name: string) {
    this.#network = network
    this.#clock = clock
    this.#port = port
    this.#name = name
  }

  get isConnected(): boolean {
    return this.#socket !== undefined
  }

  /**
   * Sends a request, and connects before where needed; requests may be sent before others are
   * answered.
   *
   * @throws Lost: the connection was lost, or could not be made; it may have been done or not.
   */
  request<Request, Response>(
    api: Askable<Request, Response>,
    apiVersion: number,
    body: Request,
  ): Promise<Response> {
    const socket = this.#connect()
    if (socket === undefined) return Promise.reject(new Lost('connection refused'))
    const correlationId = ++this.#correlationId
    const header = { apiVersion, correlationId, clientId: this.#name }
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const timer = this.#clock.after(requestTimeoutMs, () => this.disconnect('request timed out'))
    this.#waiting.set(correlationId, {
      settle: (frame) => {
        timer.cancel()
        const { bodyAt } = decodeResponseHeader(frame, api, apiVersion)
        resolve(api.response.decode(apiVersion, frame, bodyAt))
      },
      lose: (error) => {
        timer.cancel()
        reject(error)
      },
    })
    socket.write(encodeRequest(api, header, body))
    return promise
  }

  disconnect(reason = 'closed by the client'): void {
    this.#connection++
    this.#socket?.close()
    this.#socket = undefined
    this.#frames = new FrameSplitter()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { lose } of waiting) lose(new Lost(reason))
  }

  #connect(): SimSocket | undefined {
    if (this.#socket !== undefined) return this.#socket
    const connection = ++this.#connection
    this.#socket = this.#network.connect(this.#port, {
      data: (bytes) => {
        if (connection === this.#connection) this.#data(bytes)
      },
      closed: () => {
        if (connection === this.#connection) this.disconnect('connection lost')
      },
    })
    return this.#socket
  }

  #data(bytes: Uint8Array): void {
    for (const frame of this.#frames.split(bytes)) {
      const correlationId = readInt32(frame, 0)
      const waiting = this.#waiting.get(correlationId)
      this.#waiting.delete(correlationId)
      waiting?.settle(frame)
    }
  }
}
