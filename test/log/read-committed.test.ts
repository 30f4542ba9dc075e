/**
 * T2 and T3: a reader of committed records, which believes what each answer says as the Java client
 * does, sees all that is committed below the last stable offset and nothing else, whatever was
 * packed, deleted or restarted meanwhile.
 */
import type { AppendTransaction } from '../../src/catalog/commit-groups.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpooled } from '../../src/base/hold.ts'
import { silentLog } from '../../src/base/log.ts'
import { randomBelow } from '../../src/base/random.ts'
import { lastOffsetDeltaOf, readBatchHeader } from '../../src/record/batch-header.ts'
import { forEachBatch } from '../../src/record/batch-sequence.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { readMarker } from '../../src/record/control.ts'
import { recordsIn } from '../../src/record/records.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import type { KnownTopic } from '../../src/log/topic-directory.ts'
import { TransactionCoordinator } from '../../src/txn/coordinator.ts'
import { ProducerIds } from '../../src/txn/producer-ids.ts'
import { LogWorld, type LogWorldOptions, noSignal } from './log-world.ts'

type Fate = 'committed' | 'aborted' | 'open'

interface Written {
  readonly offset: number
  readonly value: string
  /** Of its transaction; what is written without one is committed. */
  readonly fate: { now: Fate }
}

interface Sender {
  readonly transactionalId: string
  producerId: number
  producerEpoch: number
  sequence: number
  /** Where its transaction begins, and what becomes of it. */
  open: { readonly first: number; readonly fate: { now: Fate } } | undefined
}

/** Producers with transactions on one partition, and what they should have left there. */
class Stage {
  readonly world: LogWorld
  readonly #random: () => number
  readonly #written: Written[] = []
  readonly #markers = new Map<number, string>()
  readonly #senders: Sender[]
  /** Every batch by its base offset, as it was first read. */
  readonly #bytes = new Map<number, string>()
  #topic: KnownTopic | undefined
  #logEnd = 0
  #logStart = 0

  constructor(seed: number, options: LogWorldOptions) {
    this.world = new LogWorld({ ...options, seed })
    this.#random = () => this.world.random.uint32()
    this.#senders = ['a', 'b', 'c'].map((transactionalId) => {
      return { transactionalId, producerId: -1, producerEpoch: -1, sequence: 0, open: undefined }
    })
  }

  async begin(): Promise<void> {
    await this.world.within(this.world.start())
    this.#topic = await this.world.within(this.world.createTopic('t', 1))
    for (const sender of this.#senders) {
      const { transactionalId } = sender
      const asked = { transactionalId, timeoutMs: 60_000, known: undefined }
      this.#take(sender, await this.world.within(this.#coordinator().initProducer(asked)))
    }
  }

  /** A fresh one knows no less: it keeps nothing. */
  #coordinator(): TransactionCoordinator {
    const { database, clock, process } = this.world
    return new TransactionCoordinator({
      ...{ database, clock, log: silentLog, producerIds: new ProducerIds(database) },
      ...{ timeoutMsMax: 900_000, expirationMs: 604_800_000 },
      ...{ abortIntervalMs: 10_000, forgetIntervalMs: 3_600_000 },
      end: (intent) => process.logs.end(intent),
    })
  }

  get log(): PartitionLog {
    const log = this.world.process.logs.index.get(this.topic.partitionIds[0] ?? -1)
    assert.ok(log !== undefined)
    return log
  }

  get topic(): KnownTopic {
    assert.ok(this.#topic !== undefined)
    return this.#topic
  }

  #take(sender: Sender, answer: Awaited<ReturnType<TransactionCoordinator['initProducer']>>): void {
    assert.ok(answer.outcome === 'granted', JSON.stringify(answer))
    const { producerId, producerEpoch } = answer.producer
    sender.sequence = 0
    Object.assign(sender, { producerId, producerEpoch })
  }

  any(below: number): number {
    return this.#random() % below
  }

  sender(): Sender {
    return this.#senders[this.any(this.#senders.length)] as Sender
  }

  async write(sender: Sender | undefined): Promise<void> {
    const values = Array.from({ length: 1 + this.any(3) }, (_, at) => `${this.#logEnd + at}`)
    const timestampMs = this.world.clock.nowMs()
    const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs }))
    const none = { producerId: -1, producerEpoch: -1, baseSequence: -1 }
    const identity = sender === undefined ? none : { ...sender, baseSequence: sender.sequence }
    const { producerId, producerEpoch, baseSequence } = identity
    const said = { producerId, producerEpoch, baseSequence }
    const bytes = buildBatch(records, { ...said, isTransactional: sender !== undefined })
    const partitionId = this.log.partitionId
    const intent = {
      ...{ topicId: this.topic.topicId, partitionId, partitionIndex: 0 },
      ...{ configVersion: this.topic.configVersion, offsetCount: values.length },
      ...{ maxTimestampMs: timestampMs, byteLength: bytes.length, ...said },
      ...(sender === undefined ? {} : { transaction: await this.#joined(sender) }),
    }
    const { logs } = this.world.process
    const outcome = await this.world.within(logs.append(intent, bytes, unpooled))
    assert.deepEqual(outcome, { outcome: 'appended', baseOffset: this.#logEnd })
    if (sender !== undefined) {
      sender.open ??= { first: this.#logEnd, fate: { now: 'open' } }
      sender.sequence += values.length
    }
    const fate = sender?.open?.fate ?? { now: 'committed' }
    for (const value of values) this.#written.push({ offset: this.#logEnd++, value, fate })
  }

  async #joined(sender: Sender): Promise<AppendTransaction> {
    const { partitionId } = this.log
    const joining = this.#coordinator().appending(sender, [partitionId], true)
    const answer = await this.world.within(joining)
    assert.ok(answer.outcome === 'granted')
    return { transactionalId: sender.transactionalId, serial: answer.serial, isBumping: true }
  }

  async end(sender: Sender, type: 'commit' | 'abort'): Promise<void> {
    if (sender.open === undefined) return
    const { transactionalId, producerId, producerEpoch } = sender
    const asked = { producerId, producerEpoch, type, clientVersion: 2 }
    const ending = this.#coordinator().endTransaction(transactionalId, asked)
    this.#take(sender, await this.world.within(ending))
    sender.open.fate.now = type === 'commit' ? 'committed' : 'aborted'
    sender.open = undefined
    this.#markers.set(this.#logEnd++, `${type} ${producerId}`)
  }

  async deleteSome(): Promise<void> {
    const before = this.#logStart + this.any(4)
    if (before > this.#logEnd) return
    await this.world.within(this.world.process.logs.deleteRecords(this.log, before))
    this.#logStart = before
  }

  get #stableEnd(): number {
    const firsts = this.#senders.flatMap(({ open }) => (open === undefined ? [] : [open.first]))
    return Math.max(Math.min(this.#logEnd, ...firsts), this.#logStart)
  }

  async check(): Promise<void> {
    const { log } = this
    const ends = [log.logStart, log.stableEnd, log.logEnd]
    assert.deepEqual(ends, [this.#logStart, this.#stableEnd, this.#logEnd])
    const [fresh] = await this.world.within(this.world.process.logs.freshEnds([log.partitionId]))
    assert.equal(fresh?.stableEnd, this.#stableEnd)
    const from = this.#logStart + this.any(this.#logEnd - this.#logStart + 1)
    for (const offset of new Set([this.#logStart, from])) {
      const committed = this.#written.filter(
        (each) =>
          each.offset >= offset && each.offset < this.#stableEnd && each.fate.now === 'committed',
      )
      assert.deepEqual(await this.#read(offset, 'committed'), committed.map(text))
      const all = this.#written.filter((each) => each.offset >= offset)
      assert.deepEqual(await this.#read(offset, 'uncommitted'), all.map(text))
    }
  }

  /** Answer after answer, each read by itself, as by a client that begins there. */
  async #read(from: number, isolation: 'committed' | 'uncommitted'): Promise<string[]> {
    const { logs } = this.world.process
    const seen: string[] = []
    const end = isolation === 'committed' ? this.#stableEnd : this.#logEnd
    for (let offset = from; offset < end;) {
      const maxBytes = 1 + this.any(600)
      const result = await this.world.within(logs.read(this.log, offset, maxBytes, isolation))
      assert.ok(result.outcome === 'records')
      assert.ok(result.nextOffset > offset && result.nextOffset <= end)
      const aborted = isolation === 'committed' ? [...(result.aborted ?? [])] : []
      assert.ok(aborted.every(({ firstOffset }) => firstOffset < result.nextOffset))
      const ignored = new Set<number>()
      for (const chunk of result.chunks) {
        forEachBatch(chunk, (at, size) => {
          const header = readBatchHeader(chunk, at)
          this.#sameBytes(header.baseOffset, chunk.subarray(at, at + size))
          const lastOffset = header.baseOffset + lastOffsetDeltaOf(chunk, at)
          while ((aborted[0]?.firstOffset ?? Infinity) <= lastOffset) {
            ignored.add(aborted.shift()?.producerId ?? -1)
          }
          if (header.isControl) {
            const { type, producerId = -1 } = readMarker(chunk, at) ?? {}
            assert.equal(this.#markers.get(header.baseOffset), `${type} ${producerId}`)
            if (type === 'abort') ignored.delete(producerId)
          } else if (!(header.isTransactional && ignored.has(header.producerId))) {
            for (const record of recordsIn(chunk, at)) {
              if (record.offset < from || record.offset < offset) continue
              seen.push(`${record.offset}:${Buffer.from(record.value ?? []).toString()}`)
            }
          }
        })
      }
      offset = result.nextOffset
      result.release()
    }
    return seen
  }

  /** R2: also a marker is the same whenever it is made, and when it was packed. */
  #sameBytes(baseOffset: number, bytes: Uint8Array): void {
    const now = Buffer.from(bytes).toString('hex')
    const before = this.#bytes.get(baseOffset) ?? now
    this.#bytes.set(baseOffset, before)
    assert.equal(now, before, `the batch at ${baseOffset}`)
  }
}

const text = ({ offset, value }: Written): string => `${offset}:${value}`

async function play(seed: number, options: LogWorldOptions): Promise<void> {
  const stage = new Stage(seed, options)
  await stage.begin()
  const { world } = stage
  for (let step = 0; step < 80; step++) {
    const what = randomBelow(world.random, 20)
    if (what < 8) await stage.write(stage.sender())
    else if (what < 10) await stage.write(undefined)
    else if (what < 13) await stage.end(stage.sender(), 'commit')
    else if (what < 16) await stage.end(stage.sender(), 'abort')
    else if (what < 18) await world.within(world.process.packer.packWindow(noSignal))
    else if (what < 19) await world.within(world.restart(true))
    else await stage.deleteSome()
    if (step % 4 === 3) await stage.check()
  }
  await stage.check()
}

for (const [name, options] of [
  ['storage', {}],
  ['the block cache', { blockCacheBytes: 1_000_000 }],
  ['the tail cache', { tailCacheBytes: 100_000 }],
] as const) {
  test(`what is committed is read from ${name}, and nothing else`, async () => {
    for (let seed = 1; seed <= 6; seed++) await play(seed, options)
  })
}
