/**
 * Damaged frames into a real broker's connections, with a healthy client beside them. What must
 * hold: no error escapes, every frame is answered or its connection ends, everything taken is given
 * back, and the healthy client's records are what they were.
 */
import assert from 'node:assert/strict'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { batchesIn, checkBatchCrc } from '../../src/record/batch-sequence.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { recordsIn } from '../../src/record/records.ts'
import { decodeRequestHeader, encodeRequest } from '../../src/wire/frame.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { fetch } from '../../src/wire/messages/01-fetch.ts'
import { BrokerWorld } from '../kafka/broker-world.ts'
import type { MemoryStream } from '../support/memory-stream.ts'
import { type Corpus, corpusFor, pick } from './corpus.ts'
import { mutatedBatch, mutatedFrame, noise } from './mutate.ts'

/** Not in the corpus: nothing that is sent can name it. */
const intactTopic = 'intact-records'
/** Few: the first that cannot be understood ends its connection, and nobody looks at the rest. */
const framesEach = 3
const connectionsEach = 40
/** An answer, or the end of a connection that waits for the rest of a frame: longer than a stall. */
const patienceMs = 200_000
/** Requests that may wait as long as they say: Fetch, JoinGroup, SyncGroup. */
const waitingKeys = new Set([1, 11, 14])

interface Attempt {
  readonly stream: MemoryStream
  readonly sent: Buffer
}

export class FrameFuzz {
  readonly #random: Random
  readonly #world: BrokerWorld
  readonly #corpus: Corpus
  readonly #defects: string[]
  #unanswered: Attempt[] = []
  #written = 0
  #correlationId = 0

  private constructor(random: Random, world: BrokerWorld, corpus: Corpus, defects: string[]) {
    this.#random = random
    this.#world = world
    this.#corpus = corpus
    this.#defects = defects
  }

  static async start(random: Random): Promise<FrameFuzz> {
    const defects: string[] = []
    const world = await BrokerWorld.start({ 'block.cache.bytes': 1_048_576 }, logTo(defects))
    await world.topic(intactTopic)
    const topicId = await world.topic('t', 3)
    return new FrameFuzz(random, world, corpusFor(topicId, random), defects)
  }

  get corpus(): Corpus {
    return this.#corpus
  }

  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += framesEach * connectionsEach) await this.#burst()
    await this.#judgeUnanswered()
    await this.#world.clock.advance(1_000)
    const { server } = this.#world
    assert.equal(server.listener.connectionCount, 0, 'no connection is left')
    assert.equal(server.produceBudget.usedBytes, 0, 'produced bytes are given back')
    assert.equal(server.otherBudget.usedBytes, 0, 'request bytes are given back')
    await this.#checkIntact()
    await this.#checkReadable()
    this.#checkDefects()
    await this.#world.during(server.close())
  }

  async #burst(): Promise<void> {
    const { clock, server } = this.#world
    // What was sent may have deleted it.
    if (server.broker.topics.byName('t') === undefined) await this.#world.topic('t', 3)
    const attempts: Attempt[] = []
    for (let index = 0; index < connectionsEach; index++) {
      const stream = this.#world.connect()
      stream.isRead = randomBelow(this.#random, 8) !== 0
      const frames = Array.from({ length: framesEach }, () => this.#frame())
      const sent = Buffer.concat(frames)
      stream.put(sent, 1 + randomBelow(this.#random, 2_000))
      attempts.push({ stream, sent })
    }
    await this.#writeIntact()
    await clock.advance(2)
    for (const attempt of attempts) {
      const { stream } = attempt
      stream.read()
      if (!stream.isOver && randomBelow(this.#random, 16) === 0) this.#unanswered.push(attempt)
      else stream.lose()
    }
    await clock.settle()
    this.#checkDefects()
  }

  #frame(): Buffer {
    const random = this.#random
    const { frames, batches } = this.#corpus
    const other = (): Buffer => pick(random, frames)
    const draw = randomBelow(random, 20)
    if (draw === 0) return noise(random, randomBelow(random, 200))
    const frame = other()
    const bytes =
      draw < 4
        ? Buffer.from(frame)
        : draw < 9
          ? this.#withBatch(
              mutatedBatch(random, pick(random, batches), () => pick(random, batches)),
            )
          : mutatedFrame(random, frame, other)
    if (bytes.length >= 12) bytes.writeInt32BE(++this.#correlationId, 8)
    return bytes
  }

  /** A valid Produce request around a damaged batch. */
  #withBatch(records: Buffer): Buffer {
    const index = randomBelow(this.#random, 3)
    const topicData = [{ name: 't', partitionData: [{ index, records }] }]
    const body = { acks: -1, timeoutMs: 1_000, topicData }
    const header = { apiVersion: 9, correlationId: 0, clientId: 'fuzz' }
    return Buffer.concat(encodeRequest(produce, header, body))
  }

  async #writeIntact(): Promise<void> {
    const value = Buffer.from(`record ${this.#written}`)
    const records = buildBatch([{ key: null, value, timestampMs: this.#world.clock.nowMs() }])
    const topicData = [{ name: intactTopic, partitionData: [{ index: 0, records }] }]
    const body = { acks: -1, timeoutMs: 30_000, topicData } as never
    const { responses } = await this.#world.ask(produce, 9, body)
    const reply = responses[0]?.partitionResponses[0]
    assert.deepEqual([reply?.errorCode, reply?.baseOffset], [0, this.#written++])
  }

  async #checkIntact(): Promise<void> {
    const values: string[] = []
    await this.#read(intactTopic, 0, (value) => values.push(value))
    const expected = Array.from({ length: this.#written }, (_, index) => `record ${index}`)
    assert.deepEqual(values, expected, 'the healthy client reads what it wrote')
  }

  /** Whatever came into the other topic lies there in whole batches, one behind the other. */
  async #checkReadable(): Promise<void> {
    if (this.#world.server.broker.topics.byName('t') === undefined) return
    for (let partition = 0; partition < 3; partition++) await this.#read('t', partition)
  }

  async #read(topic: string, partition: number, each?: (value: string) => void): Promise<void> {
    let start = 0
    for (let offset = 0; ;) {
      const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1e6 }]
      const body = { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics: [{ topic, partitions }] }
      const { responses } = await this.#world.ask(fetch, 12, body)
      const reply = responses[0]?.partitions[0]
      // What was sent may have set a short retention, or deleted records.
      if (topic !== intactTopic && offset === 0 && reply?.errorCode === 1) {
        offset = start = reply.logStartOffset
        if (offset > 0) continue
      }
      assert.equal(reply?.errorCode, 0, `${topic} ${partition} at ${offset}`)
      const bytes = reply.records as unknown as Uint8Array
      if (bytes.length === 0) return
      for (const { at } of batchesIn(bytes)) {
        checkBatchCrc(bytes, at)
        const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, 61)
        const base = Number(view.readBigInt64BE(0))
        const next = base + view.readInt32BE(23) + 1
        // The log may start in the middle of a batch.
        const isFirst = offset === start && base < offset && offset < next
        assert.ok(base === offset || isFirst, `batches follow one another: ${base} at ${offset}`)
        offset = next
        if (each === undefined) continue
        for (const { value } of recordsIn(bytes, at)) each(Buffer.from(value ?? []).toString())
      }
    }
  }

  /** Time passes for those who were not answered: only who may wait is still there. */
  async #judgeUnanswered(): Promise<void> {
    await this.#world.clock.advance(patienceMs)
    for (const { stream, sent } of this.#unanswered.splice(0)) {
      if (stream.isOver) continue
      const answered = answersIn(Buffer.concat(stream.sent))
      const open = framesIn(sent)
      const lastAnswered = open.findLastIndex(({ correlationId }) => answered.has(correlationId))
      const rest = open.slice(lastAnswered + 1)
      const mayWait = rest.every(isSilent) || rest.some(({ apiKey }) => waitingKeys.has(apiKey))
      const told = rest.map(({ apiKey, apiVersion }) => `${apiKey} v${apiVersion}`).join(', ')
      assert.ok(mayWait, `neither answered nor closed: ${told}: ${sent.toString('hex')}`)
      stream.lose()
    }
  }

  #checkDefects(): void {
    assert.deepEqual(this.#defects, [], 'nothing happened that nobody thought of')
  }
}

interface Sent {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly bytes: Buffer
}

/** The whole frames of a stream, as the broker cuts them. */
function framesIn(stream: Buffer): Sent[] {
  const found: Sent[] = []
  for (let at = 0; at + 12 <= stream.length;) {
    const size = stream.readInt32BE(at)
    if (size < 2 || at + 4 + size > stream.length) break
    const apiKey = stream.readInt16BE(at + 4)
    const apiVersion = stream.readInt16BE(at + 6)
    const bytes = stream.subarray(at + 4, at + 4 + size)
    found.push({ apiKey, apiVersion, correlationId: stream.readInt32BE(at + 8), bytes })
    at += 4 + size
  }
  return found
}

/** The correlation ids of what was answered; several answers may share a write. */
function answersIn(stream: Buffer): Set<number> {
  const found = new Set<number>()
  for (let at = 0; at < stream.length; at += 4 + stream.readInt32BE(at)) {
    found.add(stream.readInt32BE(at + 4))
  }
  return found
}

/** Produce with acks=0 has no answer. */
function isSilent({ apiKey, apiVersion, bytes }: Sent): boolean {
  if (apiKey !== produce.key) return false
  const { bodyAt } = decodeRequestHeader(bytes, () => produce)
  return produce.request.decode(apiVersion, bytes, bodyAt).acks === 0
}

/** Lines of level error: a defect of the broker, whatever a client sends. */
function logTo(defects: string[]): Log {
  const log: Log = {
    ...silentLog,
    error: ({ error, ...fields }, message) => {
      const told = error instanceof Error ? error.stack : String(error)
      defects.push(`${message} ${JSON.stringify(fields)} ${told}`)
    },
    child: () => log,
  }
  return log
}
