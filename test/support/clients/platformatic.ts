/** @platformatic/kafka: the new JavaScript client; takes the highest versions it knows. */
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import type { BaseOptions, Message } from '@platformatic/kafka'
import type { Codec, MatrixClient, SeenRecord, SentRecord } from '../record.ts'
import { freshName } from '../target.ts'

const consumeTimeoutMs = 30_000

export type BytesProducer = Producer
export type BytesConsumer = Consumer

export function baseOptions(bootstrap: string): BaseOptions {
  return { clientId: 'platformatic', bootstrapBrokers: [bootstrap], retries: 12, retryDelay: 100 }
}

export function openAdmin(bootstrap: string): Admin {
  return new Admin(baseOptions(bootstrap))
}

export const platformaticClient: MatrixClient = {
  name: 'platformatic',
  readsFramedSnappy: false,
  produce,
  consume,
}

async function produce(
  bootstrap: string,
  topic: string,
  records: SentRecord[],
  codec: Codec,
): Promise<void> {
  const producer: BytesProducer = new Producer({ ...baseOptions(bootstrap), acks: -1 })
  try {
    const messages = records.map((record) => ({ topic, ...toMessage(record) }))
    await producer.send({ messages, compression: codec })
  } finally {
    await producer.close()
  }
}

function toMessage({ key, value, headers, partition, timestamp }: SentRecord) {
  return {
    ...(key === null ? {} : { key: Buffer.from(key) }),
    ...(value === null ? {} : { value: Buffer.from(value) }),
    headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
  }
}

async function consume(bootstrap: string, topic: string, count: number): Promise<SeenRecord[]> {
  const groupId = freshName('platformatic')
  const options = { ...baseOptions(bootstrap), groupId, maxWaitTime: 500 }
  const consumer: BytesConsumer = new Consumer(options)
  const seen: SeenRecord[] = []
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const late = new Error(`platformatic saw only some of ${count} records`)
  const timer = setTimeout(() => stream.destroy(late), consumeTimeoutMs)
  try {
    for await (const message of stream) {
      seen.push(toSeen(message))
      if (seen.length >= count) break
    }
  } finally {
    clearTimeout(timer)
    await closeNow(consumer)
  }
  return seen
}

export function toSeen(message: Message): SeenRecord {
  const headers: SeenRecord['headers'] = []
  for (const [name, value] of message.headers) headers.push([String(name), String(value)])
  return {
    partition: message.partition,
    offset: Number(message.offset),
    key: toText(message.key),
    value: toText(message.value),
    headers,
    timestamp: Number(message.timestamp),
  }
}

/** Closes a consumer with its streams. (Its types give the promise only without the flag.) */
export function closeNow(consumer: BytesConsumer): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.close(true, (error) => (error ? reject(error) : resolve()))
  })
}

/** Its types promise bytes where a record may hold null. */
function toText(bytes: Buffer | null | undefined): string | null {
  return bytes?.toString() ?? null
}
