/**
 * What a case does on one broker: sets up what it needs, and asks what is compared. It runs on both
 * brokers at the same time, with the same names.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyApi, Api, ApiDefinition } from '../../src/wire/message.ts'
import type { InputOf, ValueOf } from '../../src/wire/notation.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { listOffsets } from '../../src/wire/messages/02-list-offsets.ts'
import { createTopics } from '../../src/wire/messages/19-create-topics.ts'
import type { Step } from './compare.ts'
import { Normalizer, type Plain } from './normalize.ts'
import { type Answer, type Spoken, WireConnection } from './wire-connection.ts'

/** The connection is over: what the scenario would ask next has no sense. */
export class ScenarioOver extends Error {}

const setUpTimeoutMs = 20_000
const retryMs = 20
const settleMs = 500 // mostly it takes a few

export interface Topic {
  readonly name: string
  readonly id: string
}

export class Scenario {
  readonly bootstrap: string
  readonly steps: Step[] = []
  readonly #tag: string
  readonly #normalizer: Normalizer
  readonly #connections: WireConnection[] = []
  #main: WireConnection | undefined

  constructor(bootstrap: string, tag: string) {
    this.bootstrap = bootstrap
    this.#tag = tag
    this.#normalizer = new Normalizer(tag)
  }

  /** A name that no other scenario uses, the same on both brokers. */
  name(what: string): string {
    return `${this.#tag}${what}`
  }

  /** Asks and remembers the answer, to be compared. */
  async ask<Input, Value>(
    api: Spoken<Input, Value>,
    version: number,
    body: NoInfer<Input>,
    options: { on?: WireConnection; timeoutMs?: number } = {},
  ): Promise<Value> {
    const on = options.on ?? (await this.connection())
    const answer = await on.ask(api, version, body, options.timeoutMs)
    return this.remember(api.name, answer)
  }

  /** A body of bytes as they are. */
  async askRaw(apiKey: number, version: number, body: Uint8Array): Promise<Uint8Array> {
    const answer = await (await this.connection()).askRaw(apiKey, version, body)
    return this.remember(`key ${apiKey}`, answer)
  }

  /** Not remembered: for setting up, and for what takes its time. */
  async tell<Input, Value>(
    api: Spoken<Input, Value>,
    version: number,
    body: NoInfer<Input>,
  ): Promise<Value> {
    const answer = await (await this.connection()).ask(api, version, body)
    if (answer.kind === 'response') return answer.value
    throw new Error(`${api.name} v${version} of the set-up: ${JSON.stringify(answer)}`)
  }

  remember<Value>(what: string, answer: Answer<Value>): Value {
    if (answer.kind === 'response') {
      this.steps.push({ what, answer: this.#normalizer.plain(answer.value) })
      return answer.value
    }
    const outcome: Plain = answer.kind === 'unreadable' ? `unreadable: ${answer.why}` : answer.kind
    this.steps.push({ what, answer: `<${outcome}>` })
    throw new ScenarioOver()
  }

  async connection(): Promise<WireConnection> {
    return (this.#main ??= await this.connect())
  }

  /** One more: for what waits, and for other clients. */
  async connect(): Promise<WireConnection> {
    const connection = await WireConnection.open(this.bootstrap)
    this.#connections.push(connection)
    return connection
  }

  /** Repeats a step of the set-up until it is done: Kafka does much of it behind the answer. */
  async until<Value>(what: string, attempt: () => Promise<Value | undefined>): Promise<Value> {
    for (const deadline = Date.now() + setUpTimeoutMs; Date.now() < deadline;) {
      const value = await attempt()
      if (value !== undefined) return value
      await sleep(retryMs)
    }
    throw new Error(`${what}: not within ${setUpTimeoutMs} ms`)
  }

  /** A topic that can be used at once. */
  async topic(
    what: string,
    numPartitions = 1,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<Topic> {
    const name = this.name(what)
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const made = { name, numPartitions, replicationFactor: 1, assignments: [], configs: pairs }
    const { topics } = await this.tell(createTopics, 7, { topics: [made] })
    const { errorCode = -1, errorMessage = '', topicId = '' } = topics[0] ?? {}
    if (errorCode !== 0) throw new Error(`topic ${name}: error ${errorCode} ${errorMessage}`)
    this.#normalizer.learn(topicId, `id of ${what}`)
    await this.#served(name, numPartitions)
    return { name, id: topicId }
  }

  /** Kafka names the leaders before they lead. */
  async #served(name: string, numPartitions: number): Promise<void> {
    const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => {
      return { partitionIndex, timestamp: -1 }
    })
    const asked = { replicaId: -1, topics: [{ name, partitions }] }
    await this.until(`leaders of ${name}`, async () => {
      const { topics } = await this.tell(listOffsets, 5, asked)
      return topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) === true
        ? true
        : undefined
    })
  }

  /** Appends a batch; resolves with its base offset. */
  async produce(topic: string, records: Uint8Array, index = 0): Promise<number> {
    return this.until(`produce to ${topic}`, async () => {
      const { responses } = await this.tell(produce, 9, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: topic, partitionData: [{ index, records }] }],
      })
      const answer = responses[0]?.partitionResponses[0]
      return answer?.errorCode === 0 ? answer.baseOffset : undefined
    })
  }

  /** Kafka applies changes of configs behind its answer, and nothing tells when. */
  async settle(): Promise<void> {
    await sleep(settleMs)
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}

/** A scenario with the API and version that are looked at. */
export interface Trial<D extends ApiDefinition> extends Scenario {
  readonly version: number
  /** Asks the API that is looked at, in the version that is. */
  try(body: InputOf<D['request']>): Promise<ValueOf<D['response']>>
}

type Run<D extends ApiDefinition> = (trial: Trial<D>) => Promise<unknown>

/** A case's run, for parts that several cases share. */
export type RunOf<A> = A extends Api<infer D> ? Run<D> : never

export interface Bounded<D extends ApiDefinition> {
  readonly from: number
  readonly to: number
  readonly run: Run<D>
}

/** A case whose request only these versions carry, or mean so. */
export function within<D extends ApiDefinition>(from: number, to: number, run: Run<D>): Bounded<D> {
  return { from, to, run }
}

export interface WireCase {
  readonly key: number
  readonly api: Pick<AnyApi, 'key' | 'name' | 'versions'>
  readonly name: string
  readonly from: number
  readonly to: number
  run(scenario: Scenario, version: number): Promise<unknown>
}

/** The cases of one API, by name. */
export function casesOf<D extends ApiDefinition>(
  api: Api<D>,
  cases: Readonly<Record<string, Run<D> | Bounded<D>>>,
): WireCase[] {
  return Object.entries(cases).map(([name, given]) => {
    const { from, to, run } =
      typeof given === 'function' ? { from: 0, to: Infinity, run: given } : given
    return {
      key: api.key,
      api,
      name,
      from,
      to,
      run: (scenario, version) => {
        const ask = (body: InputOf<D['request']>) => scenario.ask(api, version, body)
        return run(Object.assign(scenario, { version, try: ask }))
      },
    }
  })
}
