/**
 * A client of any Kafka cluster: finds brokers, leaders and coordinators, keeps a connection to
 * each, and tries again what Kafka calls retriable.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { type Address, formatAddress } from '../config/address.ts'
import { metadata, type MetadataResponse } from '../wire/messages/03-metadata.ts'
import { findCoordinator } from '../wire/messages/10-find-coordinator.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { BrokerConnection, type ConnectionOptions } from './broker-connection.ts'
import { expectNone, refusalOf } from './refusal.ts'

export interface KafkaClientOptions extends ConnectionOptions {
  /** Any brokers of the cluster; the others are learned from them. */
  readonly bootstrap: readonly Address[]
  /** For how long something retriable is tried again before it is a failure. */
  readonly retryMs: number
}

/** What the cluster says of a topic. */
export type TopicInfo = MetadataResponse['topics'][number] & { readonly name: string }

const pauseMsMin = 50
const pauseMsMax = 1_000

/** Kafka's numbers for what has a coordinator. */
const coordinatorTypes = { group: 0, transaction: 1 } as const

export class KafkaClient {
  readonly #options: KafkaClientOptions
  readonly #connections = new Map<string, Promise<BrokerConnection>>()
  readonly #brokers = new Map<number, Address>()
  readonly #leaders = new Map<string, number>()

  constructor(options: KafkaClientOptions) {
    this.#options = options
  }

  get clock(): Clock {
    return this.#options.clock
  }

  /** A connection to any broker. @throws Failure 'unavailable': none of them answers. */
  async any(): Promise<BrokerConnection> {
    const known = [...this.#brokers.values(), ...this.#options.bootstrap]
    const reasons = new Set<string>()
    for (const address of known) {
      try {
        return await this.#connect(address)
      } catch (error) {
        if (!isFailure(error)) throw error
        reasons.add(error.message)
      }
    }
    const text = [...reasons].join('; ')
    const hint = 'Is a broker running there? Start one with: karst up'
    throw new Failure('unavailable', `${text}. ${hint}, or name another with --bootstrap HOST:PORT`)
  }

  /** A connection to every broker of the cluster. */
  async all(): Promise<BrokerConnection[]> {
    await this.topics([])
    return Promise.all([...this.#brokers.values()].map((address) => this.#connect(address)))
  }

  /** Topics as the cluster knows them; `null` for all. Those that are not there have an error code. */
  async topics(names: readonly string[] | null): Promise<TopicInfo[]> {
    const connection = await this.any()
    // Before version 1, no topics asked for meant all.
    const answer = await connection.call(metadata, {
      topics: names?.map((name) => ({ name })) ?? null,
      allowAutoTopicCreation: connection.versionOf(metadata) < autoCreationFrom,
    })
    expectNone('cannot read the metadata of the cluster', answer.errorCode)
    for (const { nodeId, host, port } of answer.brokers) this.#brokers.set(nodeId, { host, port })
    const topics = answer.topics.flatMap((topic) =>
      topic.name === null ? [] : [{ ...topic, name: topic.name }],
    )
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, leaderId } of partitions) {
        this.#leaders.set(`${name}:${partitionIndex}`, leaderId)
      }
    }
    return topics
  }

  /** @throws Refusal there is no such topic, or it cannot be used now. */
  async topic(name: string): Promise<TopicInfo> {
    return this.retrying(async () => {
      const [topic] = await this.topics([name])
      if (topic === undefined)
        throw refusalOf(`topic ${name}`, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      if (topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw unknownTopic(name)
      expectNone(`topic ${name}`, topic.errorCode)
      const partitions = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      return { ...topic, partitions }
    })
  }

  /** The connection to the leader of a partition; metadata is read where it is not known. */
  async leader(topic: string, partition: number): Promise<BrokerConnection> {
    const key = `${topic}:${partition}`
    if (!this.#leaders.has(key)) await this.topic(topic)
    const address = this.#brokers.get(this.#leaders.get(key) ?? -1)
    if (address !== undefined) {
      return this.#connect(address).catch((error: unknown) => {
        // Others may have taken its partitions over: they are asked the next time.
        this.#leaders.delete(key)
        throw error
      })
    }
    this.#leaders.delete(key)
    throw refusalOf(`partition ${key}`, ErrorCode.LEADER_NOT_AVAILABLE)
  }

  /** What was known of a partition's leader was wrong: ask again the next time. */
  forgetLeader(topic: string, partition: number): void {
    this.#leaders.delete(`${topic}:${partition}`)
  }

  /** The connection to the broker that coordinates a group, or a transactional id. */
  async coordinator(
    key: string,
    of: keyof typeof coordinatorTypes = 'group',
  ): Promise<BrokerConnection> {
    const keyType = coordinatorTypes[of]
    const answer = await (
      await this.any()
    ).call(findCoordinator, (version) =>
      version < severalKeysFrom ? { key, keyType } : { keyType, coordinatorKeys: [key] },
    )
    const found = answer.coordinators[0] ?? answer
    expectNone(`the coordinator of ${of} ${key}`, found.errorCode, found.errorMessage)
    return this.#connect({ host: found.host, port: found.port })
  }

  /**
   * Runs `attempt` until it succeeds, again and again while it fails as 'unavailable', with pauses
   * that grow.
   *
   * @throws whatever the last attempt threw, after `retryMs` or when `signal` aborts.
   */
  async retrying<Value>(attempt: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    const { clock, retryMs } = this.#options
    const deadlineMs = clock.monotonicMs() + retryMs
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
      try {
        return await attempt()
      } catch (error) {
        const isOver = clock.monotonicMs() + pauseMs > deadlineMs || signal?.aborted === true
        if (!isFailure(error, 'unavailable') || isOver) throw error
        await sleep(clock, pauseMs, signal)
      }
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) {
      void connection.then(
        (each) => each.close(),
        () => undefined,
      )
    }
    this.#connections.clear()
  }

  async #connect(address: Address): Promise<BrokerConnection> {
    const key = formatAddress(address)
    const known = this.#connections.get(key)
    if (known !== undefined) {
      const connection = await known
      if (connection.isOpen) return connection
      // Somebody else may have replaced it while we waited.
      if (this.#connections.get(key) !== known) return this.#connect(address)
    }
    const opening = BrokerConnection.open(address, this.#options)
    this.#connections.set(key, opening)
    try {
      return await opening
    } catch (error) {
      this.#connections.delete(key)
      throw error
    }
  }
}

const autoCreationFrom = 4
const severalKeysFrom = 4

/** Not retriable for a command: whoever typed the name wants to know at once. */
export function unknownTopic(name: string): Failure {
  return new Failure(
    'not-found',
    `there is no topic ${name}. Create it: karst topic create ${name}`,
  )
}
