/** A Kafka client for what a benchmark prepares: one connection, one request at a time. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { buildBatch } from '../src/record/build-batch.ts'
import { decodeResponseHeader, encodeRequest } from '../src/wire/frame.ts'
import { produce } from '../src/wire/messages/00-produce.ts'
import { createTopics } from '../src/wire/messages/19-create-topics.ts'

const answerTimeoutMs = 10_000
const createTopicsVersion = 7
const produceVersion = 8
const clientId = 'bench'

/** Sends one request frame to a broker on this machine and resolves with the answer's frame. */
async function ask(port: number, frame: readonly Uint8Array[]): Promise<Buffer> {
  const socket: Socket = connect({ host: '127.0.0.1', port })
  const signal = AbortSignal.timeout(answerTimeoutMs)
  try {
    socket.write(Buffer.concat(frame))
    let read = Buffer.alloc(0)
    while (read.length < 4 || read.length < 4 + read.readInt32BE(0)) {
      const [chunk] = (await once(socket, 'data', { signal })) as [Buffer]
      read = Buffer.concat([read, chunk])
    }
    return read.subarray(4)
  } finally {
    socket.destroy()
  }
}

export async function createTopic(
  port: number,
  name: string,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const topic = { name, numPartitions: partitions, replicationFactor: -1 }
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
  const body = { topics: [{ ...topic, assignments: [], configs }] }
  const header = { apiVersion: createTopicsVersion, correlationId: 1, clientId }
  const answer = await ask(port, encodeRequest(createTopics, header, body))
  const { bodyAt } = decodeResponseHeader(answer, createTopics, createTopicsVersion)
  const [made] = createTopics.response.decode(createTopicsVersion, answer, bodyAt).topics
  if (made?.errorCode !== 0) throw new Error(`topic ${name}: error ${made?.errorCode}`)
}

export interface RequestShape {
  readonly topic: string
  readonly partition: number
  readonly records: number
  readonly recordBytes: number
  /** Of each record, in the place of so many bytes that mean nothing. */
  readonly value?: Uint8Array
}

/** A Produce request with one batch, acks=all. */
export function produceFrame(shape: RequestShape): Buffer {
  const { topic, partition, records, recordBytes } = shape
  const value = shape.value ?? Buffer.alloc(recordBytes, 'k')
  const record = { key: null, value, timestampMs: Date.now() }
  const batch = buildBatch(Array.from({ length: records }, () => record))
  const partitionData = [{ index: partition, records: batch }]
  const body = { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData }] }
  const header = { apiVersion: produceVersion, correlationId: 1, clientId }
  return Buffer.concat(encodeRequest(produce, header, body))
}

/** Where the answer to such a request holds its error code, behind size and header. */
export function produceErrorAt(topic: string): number {
  // size, correlation id, count of topics, name, count of partitions, index
  return 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4
}
