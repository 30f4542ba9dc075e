/**
 * A topic that forgets: by age, within seconds, and by DeleteRecords. What is left must be whole,
 * and a start that anybody was told is never taken back (R1).
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { listOffsets } from '../../src/wire/messages/02-list-offsets.ts'
import { deleteRecords } from '../../src/wire/messages/21-delete-records.ts'
import { incrementalAlterConfigs } from '../../src/wire/messages/44-incremental-alter-configs.ts'
import { History } from './history.ts'
import { runProducer } from './producer-actor.ts'
import { fetchFrom, type ReadRecord } from './reader-actor.ts'
import { type Asker, Lost } from './sim-client.ts'

export interface AgedWorkParts {
  readonly clock: Clock
  readonly fork: () => Random
  readonly client: (name: string) => Asker
  readonly note: (line: string) => void
  readonly isOver: () => boolean
}

const retentionMs = '1500'
const partition = 0

export class AgedWork {
  static readonly topic = 'aged'
  readonly #parts: AgedWorkParts
  readonly #history: History
  /** The highest that anybody was told. */
  #start = 0

  constructor(parts: AgedWorkParts) {
    this.#parts = parts
    this.#history = new History(parts.note)
  }

  /** Before anything is written: what is old goes soon. */
  async configure(): Promise<void> {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: retentionMs }]
    const resources = [{ resourceType: 2, resourceName: AgedWork.topic, configs }]
    const client = this.#parts.client('aged-admin')
    for (;;) {
      try {
        const body = { resources, validateOnly: false }
        const { responses } = await client.request(incrementalAlterConfigs, 1, body)
        if (responses.every(({ errorCode }) => errorCode === ErrorCode.NONE)) return
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await sleep(this.#parts.clock, 50)
    }
  }

  start(): Promise<void>[] {
    const { clock, fork, client, isOver } = this.#parts
    const shared = { clock, isOver, history: this.#history, topic: AgedWork.topic, partition }
    const producers = [true, false].map((isIdempotent) => {
      const name = `aged-${isIdempotent}`
      const own = { name, isIdempotent, client: client(name), random: fork() }
      return runProducer({ ...shared, ...own })
    })
    return [...producers, this.#read()]
  }

  async #read(): Promise<void> {
    const { clock, isOver, client, fork, note } = this.#parts
    const random = fork()
    const asker = client('aged-reader')
    for (let offset = 0; !isOver();) {
      const { records, isOutOfRange } = await this.#fetch(asker, offset, random)
      for (const record of records) this.#history.read(partition, record.offset, record.value)
      offset = (records.at(-1)?.offset ?? offset - 1) + 1
      if (isOutOfRange) offset = await this.#startBehind(asker, offset)
      if (randomBelow(random, 20) === 0) offset = this.#start
      if (randomBelow(random, 30) === 0) {
        const before = randomBelow(random, this.#history.endOf(partition) + 1)
        const start = await this.#delete(asker, before)
        if (start !== undefined)
          note(`records before ${before} were deleted: it begins at ${start}`)
      }
      await sleep(clock, randomBelow(random, 40))
    }
  }

  async #fetch(
    client: Asker,
    offset: number,
    random: Random,
  ): Promise<{ readonly records: readonly ReadRecord[]; readonly isOutOfRange: boolean }> {
    const { clock, isOver } = this.#parts
    const shared = { clock, isOver, history: this.#history, topic: AgedWork.topic, partition }
    let isOutOfRange = false
    const refused = (code: number): void => {
      isOutOfRange = code === ErrorCode.OFFSET_OUT_OF_RANGE
    }
    const reader = { ...shared, client, random, refused, forgets: true }
    return { records: (await fetchFrom(reader, offset, 50)) ?? [], isOutOfRange }
  }

  /** R1: an offset that is refused is below the start that is told next. */
  async #startBehind(client: Asker, offset: number): Promise<number> {
    const start = await this.#earliest(client)
    if (start === undefined) return offset
    assert.ok(start > offset, `R1: ${offset} was out of range, and the log begins at ${start}`)
    return start
  }

  async #earliest(client: Asker): Promise<number | undefined> {
    const known = this.#start
    const partitions = [{ partitionIndex: partition, timestamp: -2 }]
    const topics = [{ name: AgedWork.topic, partitions }]
    try {
      const body = { replicaId: -1, isolationLevel: 0, topics }
      const [reply] = (await client.request(listOffsets, 5, body)).topics[0]?.partitions ?? []
      if (reply?.errorCode !== ErrorCode.NONE) return undefined
      assert.ok(reply.offset >= known, `R1: a log begins at ${reply.offset}, before at ${known}`)
      return this.#told(reply.offset)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      return undefined
    }
  }

  async #delete(client: Asker, offset: number): Promise<number | undefined> {
    const topics = [{ name: AgedWork.topic, partitions: [{ partitionIndex: partition, offset }] }]
    try {
      const answer = await client.request(deleteRecords, 1, { topics, timeoutMs: 3_000 })
      const [reply] = answer.topics[0]?.partitions ?? []
      if (reply?.errorCode !== ErrorCode.NONE) return undefined
      assert.ok(reply.lowWatermark >= offset, `R1: ${offset} is not below ${reply.lowWatermark}`)
      return this.#told(reply.lowWatermark)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      return undefined
    }
  }

  #told(start: number): number {
    this.#start = Math.max(this.#start, start)
    return start
  }

  /** From the start that this broker tells, all is there that was not deleted meanwhile. */
  async check(client: Asker): Promise<void> {
    const { clock, fork } = this.#parts
    const random = fork()
    const from = await this.#certain(() => this.#earliest(client))
    const records: ReadRecord[] = []
    const end = this.#history.endOf(partition)
    for (let offset = from, failures = 0; offset < end;) {
      const page = await this.#fetch(client, offset, random)
      records.push(...page.records)
      if (page.records.length === 0) {
        const start = await this.#certain(() => this.#earliest(client))
        // The last offsets may hold nothing: a record of another producer was refused.
        if (start >= end) break
        assert.ok(++failures < 40, `W1: ${offset} of ${end} of a log from ${start} is not there`)
        if (start > offset) offset = start
        // Who is not shown for a partition sends its reader away for five seconds.
        else await sleep(clock, 250)
      } else offset = (page.records.at(-1)?.offset ?? 0) + 1
    }
    const start = await this.#certain(() => this.#earliest(client))
    this.#history.check(new Map([[partition, records]]), new Map([[partition, start]]))
  }

  async #certain<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer> {
    for (;;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      await sleep(this.#parts.clock, 20)
    }
  }
}
