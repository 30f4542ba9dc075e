/**
 * A producer and a consumer that do their work while others misbehave, and how long each round
 * took.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import type { BrokerProcess } from '../support/broker-process.ts'
import { WireClient } from './wire-client.ts'

const topic = 'neighbour'
/** Between two rounds. */
const pauseMs = 20

export interface Served {
  readonly rounds: number
  readonly longestMs: number
  /** By how much the broker's memory was larger than before, at most, in bytes. */
  readonly grownBytes: number
}

export class Neighbour {
  readonly #broker: BrokerProcess
  readonly #writer: WireClient
  readonly #reader: WireClient
  #next = 0

  private constructor(broker: BrokerProcess, writer: WireClient, reader: WireClient) {
    this.#broker = broker
    this.#writer = writer
    this.#reader = reader
  }

  static async of(broker: BrokerProcess): Promise<Neighbour> {
    const writer = await WireClient.open(broker.bootstrap)
    assert.equal(await writer.createTopic(topic), ErrorCode.NONE)
    const neighbour = new Neighbour(broker, writer, await WireClient.open(broker.bootstrap))
    await neighbour.round()
    return neighbour
  }

  /** One record is written, and read by another. Resolves with how long it took. */
  async round(): Promise<number> {
    const begunMs = performance.now()
    const { errorCode, baseOffset } = await this.#writer.produce(topic, ['good morning'])
    assert.equal(errorCode, ErrorCode.NONE)
    assert.equal(baseOffset, this.#next)
    const records = await this.#reader.readAll(topic, this.#next)
    assert.deepEqual(records, [{ offset: this.#next, value: 'good morning' }])
    this.#next++
    return performance.now() - begunMs
  }

  /** Round after round while `misbehave` runs, and one after it. */
  async during(misbehave: () => Promise<void>): Promise<Served> {
    const before = this.#residentBytes()
    let [rounds, longestMs, grownBytes] = [0, 0, 0]
    const one = async (): Promise<void> => {
      longestMs = Math.max(longestMs, await this.round())
      grownBytes = Math.max(grownBytes, this.#residentBytes() - before)
      rounds++
    }
    let isOver = false
    const over = (): void => void (isOver = true)
    const misbehaving = misbehave()
    misbehaving.then(over, over)
    while (!isOver) {
      await one()
      await sleep(pauseMs)
    }
    await misbehaving
    await one()
    return { rounds, longestMs, grownBytes }
  }

  close(): void {
    this.#writer.close()
    this.#reader.close()
  }

  #residentBytes(): number {
    const status = readFileSync(`/proc/${this.#broker.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }
}
