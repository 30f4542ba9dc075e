/**
 * The compacted part of a run: one writer of a few keys per partition, and readers of all that is
 * there. K1: the latest record of a key stays, a tombstone for its time, and nothing comes back.
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { freshProducerId } from './fresh-producer-id.ts'
import { Lost, type Asker } from './sim-client.ts'
import { TxnHistory } from './txn-history.ts'
import { type CommittedPage, fetchCommitted } from './txn-reader.ts'

export interface CompactWorkParts {
  readonly clock: Clock
  readonly fork: () => Random
  readonly client: (name: string) => Asker
  readonly note: (line: string) => void
  readonly isOver: () => boolean
}

interface Latest {
  readonly offset: number
  /** Null: a tombstone. */
  readonly value: string | null
}

/** The simulated broker gives new topics so many. */
const partitionCount = 3
const keyCount = 5
/**
 * A read takes time: passes that come meanwhile may leave it an older record of a key and take the
 * tombstone before it gets there. What came back indeed is there in the next reads, too.
 */
const tornReadsMax = 4
const codecs = ['none', 'lz4', 'gzip', 'snappy', 'zstd'] as const

/** What is known of a partition. */
class Account {
  /** By key: what was acknowledged last. */
  readonly latest = new Map<string, Latest>()
  /** Keys of which a record is on its way. */
  readonly pending = new Set<string>()
  readonly values = new Map<number, string>()
}

export class CompactWork {
  static readonly topic = 'balances'
  readonly #parts: CompactWorkParts
  readonly #accounts = Array.from({ length: partitionCount }, () => new Account())

  constructor(parts: CompactWorkParts) {
    this.#parts = parts
  }

  start(): Promise<void>[] {
    const { client } = this.#parts
    return this.#accounts.flatMap((account, partition) => [
      this.#write(account, partition, client(`balance-writer-${partition}`)),
      this.#look(account, partition, client(`balance-reader-${partition}`)),
    ])
  }

  /** Each key in turn, one batch at a time, which is sent again until it is acknowledged. */
  async #write(account: Account, partition: number, client: Asker): Promise<void> {
    const { clock, fork, isOver } = this.#parts
    const random = fork()
    const producerId = await freshProducerId(client, clock, random)
    for (let sequence = 0, number = 0; !isOver();) {
      const records = Array.from({ length: 1 + randomBelow(random, 3) }, () => {
        const key = `k${randomBelow(random, keyCount)}`
        return { key, value: randomBelow(random, 4) === 0 ? null : `${key}=${number++}` }
      })
      for (const { key } of records) account.pending.add(key)
      const batch = buildBatch(
        records.map(({ key, value }) => {
          const bytes = value === null ? null : Buffer.from(value)
          return { key: Buffer.from(key), value: bytes, timestampMs: clock.nowMs() }
        }),
        {
          codec: codecs[randomBelow(random, codecs.length)] ?? 'none',
          ...{ producerId, producerEpoch: 0, baseSequence: sequence },
        },
      )
      const baseOffset = await this.#send(client, partition, batch, random)
      for (const [at, { key, value }] of records.entries()) {
        account.latest.set(key, { offset: baseOffset + at, value })
        if (value !== null) account.values.set(baseOffset + at, value)
      }
      for (const { key } of records) account.pending.delete(key)
      sequence += records.length
      await sleep(clock, 1 + randomBelow(random, 20))
    }
  }

  async #send(
    client: Asker,
    partition: number,
    batch: Uint8Array,
    random: Random,
  ): Promise<number> {
    const partitionData = [{ index: partition, records: [batch] }]
    const topicData = [{ name: CompactWork.topic, partitionData }]
    for (;;) {
      try {
        const answer = await client.request(produce, 9, { acks: -1, timeoutMs: 3_000, topicData })
        const [reply] = answer.responses[0]?.partitionResponses ?? []
        if (reply?.errorCode === ErrorCode.NONE) return reply.baseOffset
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await sleep(this.#parts.clock, 1 + randomBelow(random, 50))
    }
  }

  /** Reads all, again and again: what was the latest before, and was not written since, is there. */
  async #look(account: Account, partition: number, client: Asker): Promise<void> {
    const { clock, fork, isOver } = this.#parts
    const random = fork()
    for (let torn = 0; !isOver();) {
      const before = new Map(account.latest)
      for (const key of account.pending) before.delete(key)
      const seen = await this.#readAll(partition, client, random, isOver)
      if (seen === undefined) return
      const same = [...before].filter(
        ([key, latest]) => account.latest.get(key) === latest && !account.pending.has(key),
      )
      for (const [key, latest] of same) checkLatest(partition, key, latest, seen)
      torn = checkGone(partition, same, seen, torn)
      await sleep(clock, randomBelow(random, 100))
    }
  }

  /** By offset; undefined where the run is over. */
  async #readAll(
    partition: number,
    client: Asker,
    random: Random,
    isOver: () => boolean,
  ): Promise<Map<number, string> | undefined> {
    const { clock } = this.#parts
    // What another broker has just committed is heard of in a moment.
    const latest = [...(this.#accounts[partition]?.latest.values() ?? [])]
    const end = Math.max(0, ...latest.map(({ offset }) => offset + 1))
    const own = { client, clock, random, isOver, history: new TxnHistory() }
    const parts = { ...own, topic: CompactWork.topic, partition }
    const seen = new Map<number, string>()
    for (let offset = 0; ;) {
      const page: CommittedPage | undefined = await fetchCommitted(parts, offset)
      if (page === undefined) {
        if (isOver()) return undefined
        await sleep(clock, 1 + randomBelow(random, 20))
        continue
      }
      for (const record of page.records) {
        seen.set(record.offset, record.value)
        const known = this.#accounts[partition]?.values.get(record.offset)
        const isSame = known === undefined || known === record.value
        assert.ok(isSame, `R2: ${partition}@${record.offset} was ${known}, is ${record.value}`)
      }
      offset = page.nextOffset
      if (offset < page.highWatermark) continue
      if (offset >= end) return seen
      if (isOver()) return undefined
      await sleep(clock, 1 + randomBelow(random, 20))
    }
  }

  /** Once all have come to an end. */
  async check(): Promise<void> {
    const { client, fork, note } = this.#parts
    for (const [partition, account] of this.#accounts.entries()) {
      const reader = client(`balances-${partition}`)
      let seen = new Map<number, string>()
      for (let [torn, isSure] = [0, false]; !isSure;) {
        seen = (await this.#readAll(partition, reader, fork(), () => false)) ?? seen
        for (const [key, latest] of account.latest) checkLatest(partition, key, latest, seen)
        torn = checkGone(partition, [...account.latest], seen, torn)
        isSure = torn === 0
      }
      note(`balances ${partition}: ${seen.size} of ${account.values.size} records are there`)
    }
  }
}

function checkLatest(
  partition: number,
  key: string,
  { offset, value }: Latest,
  seen: ReadonlyMap<number, string>,
): void {
  const told = `K1: ${key} in partition ${partition}, ${value} at ${offset}, is lost`
  if (value !== null) assert.equal(seen.get(offset), value, told)
}

/** Where a tombstone is gone its key is. @returns how many reads in turn say otherwise. */
function checkGone(
  partition: number,
  all: readonly (readonly [string, Latest])[],
  seen: ReadonlyMap<number, string>,
  torn: number,
): number {
  const values = [...seen.values()]
  const back = all.filter(([key, { offset, value }]) => {
    if (value !== null || seen.has(offset)) return false
    return values.some((each) => each.startsWith(`${key}=`))
  })
  const told = back.map(([key, { offset }]) => `${key}, a tombstone at ${offset}`).join(', ')
  const where = `in partition ${partition} after ${torn} more reads`
  assert.ok(back.length === 0 || torn < tornReadsMax, `K1: came back ${where}: ${told}`)
  return back.length === 0 ? 0 : torn + 1
}
