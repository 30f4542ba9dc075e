/**
 * A Kafka client that hides nothing: one connection, one answer or error for each request, no
 * retries.
 */
import { connect, type Socket } from 'node:net'
import { readInt32 } from '../../src/base/big-endian.ts'
import { FrameSplitter } from '../../src/client/frame-splitter.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { recordsIn } from '../../src/record/records.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/wire/frame.ts'
import { fetch as fetchApi } from '../../src/wire/messages/01-fetch.ts'
import { produce as produceApi } from '../../src/wire/messages/00-produce.ts'
import { createTopics } from '../../src/wire/messages/19-create-topics.ts'
import type { Askable } from '../support/askable.ts'

const requestTimeoutMs = 30_000

export interface Produced {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
}

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}

export class WireClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>()
  readonly #frames = new FrameSplitter()
  #correlationId = 0
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    socket.on('data', (chunk) => this.#data(chunk as Buffer))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the connection is over'))
      this.#waiting.clear()
      resolve()
    })
  }

  static async open(bootstrap: string): Promise<WireClient> {
    return new WireClient(await openSocket(bootstrap))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  async ask<Input, Response>(
    api: Askable<Input, Response>,
    apiVersion: number,
    body: Input,
  ): Promise<Response> {
    if (!this.isOpen) throw new Error('the connection is over')
    const correlationId = ++this.#correlationId
    const answer = Promise.withResolvers<Uint8Array>()
    this.#waiting.set(correlationId, answer)
    const header = { apiVersion, correlationId, clientId: 'e2e' }
    this.#socket.write(Buffer.concat(encodeRequest(api, header, body)))
    const timer = setTimeout(() => {
      answer.reject(new Error(`${api.name} is not answered within ${requestTimeoutMs} ms`))
    }, requestTimeoutMs)
    try {
      const frame = await answer.promise
      const { bodyAt } = decodeResponseHeader(frame, api, apiVersion)
      return api.response.decode(apiVersion, frame, bodyAt)
    } finally {
      clearTimeout(timer)
    }
  }

  async createTopic(name: string, numPartitions = 1): Promise<number> {
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }]
    const { topics: answers } = await this.ask(createTopics, 5, { topics })
    return answers[0]?.errorCode ?? -1
  }

  /** One batch of the values to partition 0. */
  async produce(topic: string, values: readonly string[]): Promise<Produced> {
    const timestampMs = Date.now()
    const records = buildBatch(
      values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs })),
    )
    const partitionData = [{ index: 0, records }]
    const { responses } = await this.ask(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: requestTimeoutMs,
      topicData: [{ name: topic, partitionData }],
    })
    const reply = responses[0]?.partitionResponses[0]
    if (reply === undefined) throw new Error('Produce is answered without its partition')
    return reply
  }

  /** Everything in partition 0 from an offset on, read to its high watermark. */
  async readAll(topic: string, from = 0): Promise<ReadRecord[]> {
    const found: ReadRecord[] = []
    for (let offset = from; ;) {
      const part = await this.#read(topic, offset)
      for (const record of part.records) if (record.offset >= offset) found.push(record)
      const next = (part.records.at(-1)?.offset ?? offset - 1) + 1
      if (next >= part.highWatermark) return found
      if (next === offset) throw new Error(`nothing at ${offset} below ${part.highWatermark}`)
      offset = next
    }
  }

  async #read(
    topic: string,
    fetchOffset: number,
  ): Promise<{ highWatermark: number; records: ReadRecord[] }> {
    const partitionMaxBytes = 1024 * 1024
    const { responses } = await this.ask(fetchApi, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }],
      forgottenTopicsData: [],
    })
    const answer = responses[0]?.partitions[0]
    if (answer?.errorCode !== 0) throw new Error(`Fetch of ${topic}: error ${answer?.errorCode}`)
    const { highWatermark, records } = answer
    return { highWatermark, records: records === null ? [] : recordsOf(records) }
  }

  /** Bytes as they are, answered or not. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }

  #data(chunk: Buffer): void {
    for (const frame of this.#frames.split(chunk)) {
      const correlationId = readInt32(frame, 0)
      this.#waiting.get(correlationId)?.resolve(frame)
      this.#waiting.delete(correlationId)
    }
  }
}

/** Whole batches of an answer; one that was cut at its end is left out. */
function recordsOf(bytes: Uint8Array): ReadRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: ReadRecord[] = []
  for (let at = 0; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getInt32(at + 8)
    if (end > bytes.length) break
    for (const { offset, value } of recordsIn(bytes.subarray(at, end))) {
      found.push({ offset, value: Buffer.from(value ?? []).toString() })
    }
    at = end
  }
  return found
}

export async function openSocket(address: string): Promise<Socket> {
  const at = address.lastIndexOf(':')
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve).once('error', reject)
  await promise
  return socket
}
