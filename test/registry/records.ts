/** Records with headers, written and read by kafkajs. */
import { openKafkajs } from '../support/clients/kafkajs.ts'

export interface SchemaRecord {
  readonly key?: Buffer | null
  readonly value: Buffer
  readonly headers: Readonly<Record<string, Buffer>>
}

/** To a topic, which is made where there is none, and back from it: its first record. */
export async function throughTopic(
  bootstrap: string,
  topic: string,
  record: SchemaRecord,
): Promise<SchemaRecord> {
  const kafka = openKafkajs(bootstrap)
  const admin = kafka.admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({
    topic,
    messages: [{ key: record.key ?? null, value: record.value, headers: { ...record.headers } }],
  })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: `${topic}-readers` })
  const read = Promise.withResolvers<SchemaRecord>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => {
        return [name, Buffer.from(value as Buffer)] as const
      })
      const { key, value } = message
      read.resolve({ key, value: value as Buffer, headers: Object.fromEntries(headers) })
    },
  })
  try {
    return await read.promise
  } finally {
    await consumer.disconnect()
  }
}
