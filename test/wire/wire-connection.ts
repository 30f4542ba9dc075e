/** A connection on which every answer counts, also that there is none: closed, silent, unreadable. */
import { connect, type Socket } from 'node:net'
import { readInt32 } from '../../src/base/big-endian.ts'
import { FrameSplitter } from '../../src/client/frame-splitter.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/wire/frame.ts'
import type { Message } from '../../src/wire/message.ts'

/** An API whose answers are decoded, and written again to see that nothing was lost. */
export interface Spoken<Input, Value> {
  readonly key: number
  readonly name: string
  readonly flexibleFrom: number | undefined
  readonly request: Message<unknown, Input>
  readonly response: Message<Value, never>
}

export type Answer<Value> =
  | { readonly kind: 'response'; readonly value: Value }
  | { readonly kind: 'closed' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'unreadable'; readonly why: string }

const answerTimeoutMs = 10_000 // Kafka may create its internal topics meanwhile
const clientId = 'wire'

export class WireConnection {
  readonly #socket: Socket
  readonly #frames = new FrameSplitter()
  readonly #waiting = new Map<number, (frame: Uint8Array | 'closed') => void>()
  #isOpen = true
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      for (const frame of this.#frames.split(chunk as Buffer)) {
        this.#waiting.get(readInt32(frame, 0))?.(frame)
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isOpen = false
      for (const resolve of this.#waiting.values()) resolve('closed')
    })
  }

  static async open(bootstrap: string): Promise<WireConnection> {
    const [host = '', port = ''] = bootstrap.split(':')
    const socket = connect({ host, port: Number(port), noDelay: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once('connect', resolve).once('error', reject)
    await promise
    return new WireConnection(socket)
  }

  async ask<Input, Value>(
    api: Spoken<Input, Value>,
    apiVersion: number,
    body: Input,
    timeoutMs: number = answerTimeoutMs,
  ): Promise<Answer<Value>> {
    const correlationId = ++this.#correlationId
    const header = { apiVersion, correlationId, clientId }
    const frame = Buffer.concat(encodeRequest(api, header, body))
    const answer = await this.#exchange(correlationId, frame, timeoutMs)
    if (typeof answer === 'string') return { kind: answer }
    try {
      const { bodyAt } = decodeResponseHeader(answer, api, apiVersion)
      const value = api.response.decode(apiVersion, answer, bodyAt)
      const again = Buffer.concat(api.response.encode(apiVersion, value as never))
      if (!again.equals(answer.subarray(bodyAt))) {
        return { kind: 'unreadable', why: `read and written again it is ${again.toString('hex')}` }
      }
      return { kind: 'response', value }
    } catch (error) {
      return { kind: 'unreadable', why: String(error) }
    }
  }

  /**
   * A frame whose body is bytes as they are, behind a header of version 1 (without tagged fields).
   * What is answered is not decoded.
   */
  async askRaw(apiKey: number, apiVersion: number, body: Uint8Array): Promise<Answer<Uint8Array>> {
    const correlationId = ++this.#correlationId
    const head = Buffer.alloc(14 + clientId.length)
    head.writeInt32BE(10 + clientId.length + body.length, 0)
    head.writeInt16BE(apiKey, 4)
    head.writeInt16BE(apiVersion, 6)
    head.writeInt32BE(correlationId, 8)
    head.writeInt16BE(clientId.length, 12)
    head.write(clientId, 14)
    const answer = await this.#exchange(correlationId, Buffer.concat([head, body]), answerTimeoutMs)
    if (typeof answer === 'string') return { kind: answer }
    return { kind: 'response', value: answer.subarray(4) }
  }

  close(): void {
    this.#socket.destroy()
  }

  async #exchange(
    correlationId: number,
    frame: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array | 'closed' | 'silent'> {
    if (!this.#isOpen) return 'closed'
    const { promise, resolve } = Promise.withResolvers<Uint8Array | 'closed' | 'silent'>()
    this.#waiting.set(correlationId, resolve)
    const timer = setTimeout(() => resolve('silent'), timeoutMs)
    this.#socket.write(frame)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(correlationId)
    }
  }
}
