/** A broker with topics whose bad records are set aside, for tests of `karst quarantine`. */
import assert from 'node:assert/strict'
import { systemClock } from '../../src/base/system-clock.ts'
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { nodeDial } from '../../src/client/node-dial.ts'
import { offsetTimes, readOffsets } from '../../src/client/partition-offsets.ts'
import { PartitionReader } from '../../src/client/partition-reader.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { here, typed, type Typed } from '../support/karst-command.ts'
import { decisions, type DecisionsOptions } from './decisions.ts'

export const good: string = JSON.stringify({ tool: 'refund', decision: 'approved' })
export const bad: string = JSON.stringify({ tool: 'refund', decision: 'approve' })
/** Good once `allowLater` was called. */
export const later: string = JSON.stringify({ tool: 'refund', decision: 'escalated' })

export const never: AbortSignal = new AbortController().signal

/** A record that readers of what is committed see. */
export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly string[]
}

export class QuarantineWorld {
  readonly broker: BrokerProcess
  #topics = 0

  private constructor(broker: BrokerProcess) {
    this.broker = broker
  }

  static async start(): Promise<QuarantineWorld> {
    return new QuarantineWorld(await BrokerProcess.start())
  }

  /** `karst quarantine …`, in this process. */
  karst(...args: string[]): Promise<Typed> {
    return this.command('quarantine', ...args)
  }

  command(...args: string[]): Promise<Typed> {
    return here(this.broker.bootstrap, args)
  }

  /** What it prints as JSON. */
  async json<Value = Printed>(...args: string[]): Promise<Value> {
    const { out, err } = await this.karst(...args, '--json')
    assert.notEqual(out, '', err)
    return JSON.parse(out) as Value
  }

  async freshTopic(more: DecisionsOptions = {}): Promise<string> {
    const topic = `decided-${++this.#topics}`
    await this.#apply(topic, more)
    return topic
  }

  async allowLater(topic: string, more: DecisionsOptions = {}): Promise<void> {
    const labels = ['approved', 'denied', 'escalated']
    await this.#apply(topic, { version: '1.1.0', labels, ...more })
  }

  async #apply(topic: string, more: DecisionsOptions): Promise<void> {
    const base = { id: topic, topic, onViolation: 'quarantine', partitions: 2 }
    const body = JSON.stringify({ text: decisions({ ...base, ...more }), files: {}, ...approval })
    const headers = { 'content-type': 'application/json' }
    const url = `http://${this.broker.addresses.registry}/contracts`
    const response = await fetch(url, { method: 'POST', body, headers })
    const applied = (await response.json()) as { revision?: number }
    assert.ok(applied.revision !== undefined, JSON.stringify(applied))
  }

  /** With the header that the contract asks for, and key `k`. */
  async send(topic: string, partition: number, ...values: string[]): Promise<void> {
    const lines = values.map((value) => {
      return JSON.stringify({ key: 'k', value, headers: { ce_tenant: 'acme' }, partition })
    })
    await this.sendLines(topic, lines.join('\n'))
  }

  async sendLines(topic: string, lines: string): Promise<void> {
    const sent = await typed(this.broker.bootstrap, ['produce', topic, '--json'], lines)
    assert.equal(sent.code, 0, sent.err)
  }

  /** The places that list shows. */
  async places(topic: string): Promise<string[]> {
    const { records } = await this.json('list', topic)
    return records.map(({ partition, offset }) => `${partition}:${offset}`)
  }

  /** The first record of its quarantine topic, as `consume --json` prints it. */
  async firstStored(topic: string): Promise<string> {
    const args = ['consume', `${topic}.quarantine`, '-e', '--json', '-n', '1']
    return (await this.command(...args)).out
  }

  async withClient<Value>(use: (client: KafkaClient) => Promise<Value>): Promise<Value> {
    const [host = '', port = ''] = this.broker.bootstrap.split(':')
    const client = new KafkaClient({
      ...{ bootstrap: [{ host, port: Number(port) }], dial: nodeDial, clock: systemClock },
      ...{ clientId: 'test', connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, retryMs: 2_000 },
    })
    try {
      return await use(client)
    } finally {
      client.close()
    }
  }

  /** What is committed, in order of each partition. */
  seen(topic: string): Promise<SeenRecord[]> {
    return this.withClient(async (client) => {
      const { partitions } = await client.topic(topic)
      const places = partitions.map((each) => ({
        topic,
        partition: each.partitionIndex,
        offset: 0,
      }))
      const queries = places.map((place) => ({ ...place, timeMs: offsetTimes.latest }))
      const ends = await readOffsets(client, queries, 'read_committed')
      const open = places.filter(({ partition }) => (ends[partition] ?? 0) > 0)
      const options = { signal: never, troubleMs: 10_000, skipped: () => undefined }
      const reader = new PartitionReader(client, open, { ...options, isolation: 'read_committed' })
      const found: SeenRecord[] = []
      while (reader.count > 0) {
        for (const { partition, records, nextOffset } of await reader.next()) {
          for (const { key, value, headers, ...rest } of records) {
            const names = headers.map((each) => `${each.key}=${textOf(each.value)}`)
            found.push({
              partition,
              ...rest,
              key: textOf(key),
              value: textOf(value),
              headers: names,
            })
          }
          if (nextOffset >= (ends[partition] ?? 0)) reader.drop({ topic, partition })
        }
      }
      return found.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
    })
  }

  async values(topic: string, partition: number): Promise<(string | null)[]> {
    const own = (await this.seen(topic)).filter((each) => each.partition === partition)
    return own.map(({ value }) => value)
  }

  close(): Promise<void> {
    return this.broker.close()
  }
}

/** Of all that the commands print, what tests look at. */
export interface Printed {
  readonly count: number
  readonly late: number
  readonly foreign: number
  readonly released: readonly string[]
  readonly dropped: readonly string[]
  readonly missing: readonly string[]
  readonly refused: readonly { readonly place: string; readonly why: string }[]
  readonly records: readonly { readonly partition: number; readonly offset: number }[]
}

const approval = { approvedBy: 'ciso' }
const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString()
