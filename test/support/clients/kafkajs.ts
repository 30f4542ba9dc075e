/**
 * kafkajs: the old JavaScript client; knows no flexible versions at all. Codecs beyond gzip are
 * plugged in, as its users do.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import type { IHeaders, Kafka, KafkaConfig, KafkaMessage } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { compress, uncompress } from 'snappy'
import type { Codec, MatrixClient, SeenRecord, SentRecord } from '../record.ts'
import { freshName } from '../target.ts'

const { CompressionCodecs, CompressionTypes, Kafka: KafkaClient, logLevel } = kafkajs

const consumeTimeoutMs = 30_000
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const xerialHeaderBytes = 16

type Encoder = { buffer: Buffer }

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: ({ buffer }: Encoder) => compress(buffer),
  decompress: unpackSnappy,
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }: Encoder) => compressFrame(buffer),
  decompress: (bytes: Buffer) => decompressFrame(bytes),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: Encoder) => zstdCompressSync(buffer),
  decompress: async (bytes: Buffer) => zstdDecompressSync(bytes),
})

const compressionTypes: Record<Codec, number> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

export function openKafkajs(bootstrap: string, config: Partial<KafkaConfig> = {}): Kafka {
  const retry = { initialRetryTime: 50, retries: 12, ...config.retry }
  const silent = { logLevel: logLevel.NOTHING, clientId: 'kafkajs' }
  return new KafkaClient({ brokers: bootstrap.split(','), ...silent, ...config, retry })
}

export const kafkajsClient: MatrixClient = {
  name: 'kafkajs',
  readsFramedSnappy: true,
  produce,
  consume,
}

async function produce(
  bootstrap: string,
  topic: string,
  records: SentRecord[],
  codec: Codec,
): Promise<void> {
  const producer = openKafkajs(bootstrap).producer()
  await producer.connect()
  try {
    const messages = records.map(toMessage)
    await producer.send({ topic, messages, acks: -1, compression: compressionTypes[codec] })
  } finally {
    await producer.disconnect()
  }
}

function toMessage(record: SentRecord) {
  const { key, value, partition, timestamp } = record
  const headers: IHeaders = {}
  for (const [name, text] of record.headers) headers[name] = text
  return {
    key,
    value,
    headers,
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
  }
}

async function consume(bootstrap: string, topic: string, count: number): Promise<SeenRecord[]> {
  const consumer = openKafkajs(bootstrap).consumer({ groupId: freshName('kafkajs') })
  const seen: SeenRecord[] = []
  const done = Promise.withResolvers<void>()
  const late = () => done.reject(new Error(`kafkajs saw ${seen.length} of ${count} records`))
  const timer = setTimeout(late, consumeTimeoutMs)
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    const eachMessage = async (got: { partition: number; message: KafkaMessage }) => {
      seen.push(toSeen(got.partition, got.message))
      if (seen.length >= count) done.resolve()
    }
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) done.reject(payload.error)
    })
    await consumer.run({ eachMessage })
    await done.promise
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
  return seen
}

export function toSeen(partition: number, message: KafkaMessage): SeenRecord {
  const { key, value, offset, timestamp } = message
  return {
    partition,
    offset: Number(offset),
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: toHeaders(message.headers),
    timestamp: Number(timestamp),
  }
}

function toHeaders(headers: IHeaders | undefined): SeenRecord['headers'] {
  const list: SeenRecord['headers'] = []
  for (const [name, value] of Object.entries(headers ?? {})) list.push([name, String(value)])
  return list
}

/** Java frames snappy in blocks of its own (xerial); others send it bare. */
async function unpackSnappy(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return unpackBlock(bytes)
  const blocks: Buffer[] = []
  for (let at = xerialHeaderBytes; at < bytes.length;) {
    const blockBytes = bytes.readInt32BE(at)
    blocks.push(await unpackBlock(bytes.subarray(at + 4, at + 4 + blockBytes)))
    at += 4 + blockBytes
  }
  return Buffer.concat(blocks)
}

async function unpackBlock(bytes: Buffer): Promise<Buffer> {
  const block = await uncompress(bytes, { asBuffer: true })
  if (typeof block === 'string') throw new Error('snappy gave text where bytes were asked for')
  return block
}
