/**
 * A client of several brokers, as Kafka's are: it bootstraps at any, goes where Metadata and
 * FindCoordinator send it, and looks again after an error. Now and then it asks another broker for
 * a partition: its metadata may be old.
 */
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { Clock } from '../../src/base/clock.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { metadata } from '../../src/wire/messages/03-metadata.ts'
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import type { Askable } from '../support/askable.ts'
import { type Asker, Lost, SimClient } from './sim-client.ts'
import type { SimNetwork } from './sim-network.ts'

export interface FleetClientParts {
  readonly network: SimNetwork
  readonly clock: Clock
  readonly random: Random
  /** Where brokers may listen. */
  readonly ports: readonly number[]
  readonly name: string
}

/** After these a client looks for the broker again. */
const misplaced: ReadonlySet<unknown> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
])

/** One of so many looks is not believed: any broker serves any partition. */
const wanderOdds = 4
/** One of so many requests looks again, as when metadata grows old. */
const refreshOdds = 40

const groupApis: ReadonlySet<number> = new Set([8, 9, 11, 12, 13, 14, 28])
const transactionApis: ReadonlySet<number> = new Set([22, 24, 25, 26, 65])
const partitionApis: ReadonlySet<number> = new Set([0, 1, 2, 21])

export class FleetClient implements Asker {
  readonly #parts: FleetClientParts
  readonly #brokers = new Map<number, SimClient>()
  /** Ports, by what is to be found there. */
  readonly #places = new Map<string, number>()
  readonly #looking = new Map<string, Promise<number>>()
  readonly #inFlight = new Map<string, number>()

  constructor(parts: FleetClientParts) {
    this.#parts = parts
  }

  request<Request, Response>(
    api: Askable<Request, Response>,
    apiVersion: number,
    body: Request,
  ): Promise<Response> {
    const place = placeOf(api.key, body)
    // Requests in flight are not overtaken by those that follow them elsewhere.
    const isIdle = (this.#inFlight.get(place) ?? 0) === 0
    if (isIdle && randomBelow(this.#parts.random, refreshOdds) === 0) this.#places.delete(place)
    this.#inFlight.set(place, (this.#inFlight.get(place) ?? 0) + 1)
    const port = this.#looking.has(place) ? undefined : this.#places.get(place)
    const asked =
      port === undefined
        ? this.#look(place).then((found) => this.#ask(place, found, api, apiVersion, body))
        : this.#ask(place, port, api, apiVersion, body)
    return asked.finally(() => this.#inFlight.set(place, (this.#inFlight.get(place) ?? 1) - 1))
  }

  async #ask<Request, Response>(
    place: string,
    port: number,
    api: Askable<Request, Response>,
    apiVersion: number,
    body: Request,
  ): Promise<Response> {
    try {
      const response = await this.#broker(port).request(api, apiVersion, body)
      if (isMisplaced(response)) this.#forget(place, port)
      return response
    } catch (error) {
      this.#forget(place, port)
      throw error
    }
  }

  #forget(place: string, port: number): void {
    if (this.#places.get(place) === port) this.#places.delete(place)
  }

  #broker(port: number): SimClient {
    const { network, clock, name } = this.#parts
    const known = this.#brokers.get(port) ?? new SimClient(network, clock, port, name)
    this.#brokers.set(port, known)
    return known
  }

  /** One look at a time for each place: who waits for it goes on in the order of asking. */
  #look(place: string): Promise<number> {
    const looking =
      this.#looking.get(place) ??
      this.#found(place)
        .then((port) => {
          this.#places.set(place, port)
          return port
        })
        .finally(() => this.#looking.delete(place))
    this.#looking.set(place, looking)
    return looking
  }

  async #found(place: string): Promise<number> {
    const { random } = this.#parts
    const anywhere = this.#anyPort()
    const [kind, name = '', partition = ''] = place.split('/')
    if (kind === 'any') return anywhere
    if (kind === 'partition' && randomBelow(random, wanderOdds) === 0) return anywhere
    if (kind === 'partition') return this.#leader(anywhere, name, Number(partition))
    const keyType = kind === 'group' ? 0 : 1
    const found = await this.#broker(anywhere).request(findCoordinator, 3, { key: name, keyType })
    if (found.errorCode === ErrorCode.NONE) return found.port
    throw new Lost(`no coordinator of ${name}: error ${found.errorCode}`)
  }

  async #leader(anywhere: number, name: string, index: number): Promise<number> {
    const body = { topics: [{ name }], allowAutoTopicCreation: false }
    const { topics, brokers } = await this.#broker(anywhere).request(metadata, 5, body)
    const found = topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === index)
    const leader = brokers.find(({ nodeId }) => nodeId === found?.leaderId)
    if (leader !== undefined) return leader.port
    throw new Lost(`no leader of ${name}-${index}: error ${topics[0]?.errorCode}`)
  }

  #anyPort(): number {
    const { ports, random } = this.#parts
    return ports[randomBelow(random, ports.length)] as number
  }
}

/** What decides where a request goes, as text. */
function placeOf(apiKey: number, body: unknown): string {
  const asked = body as {
    readonly groupId?: string
    readonly transactionalId?: string | null
    readonly v3AndBelowTransactionalId?: string
    readonly transactionalIds?: readonly string[]
    readonly topics?: readonly unknown[]
    readonly topicData?: readonly unknown[]
  }
  if (groupApis.has(apiKey)) return `group/${asked.groupId}`
  if (transactionApis.has(apiKey)) {
    const { transactionalId, v3AndBelowTransactionalId, transactionalIds } = asked
    const id = transactionalId ?? v3AndBelowTransactionalId ?? transactionalIds?.[0]
    return id === undefined ? 'any' : `transaction/${id}`
  }
  if (!partitionApis.has(apiKey)) return 'any'
  const [topic] = (asked.topics ?? asked.topicData ?? []) as readonly {
    readonly name?: string
    readonly topic?: string
    readonly partitions?: readonly { partition?: number; partitionIndex?: number }[]
    readonly partitionData?: readonly { readonly index: number }[]
  }[]
  const [partition] = topic?.partitions ?? []
  const index =
    topic?.partitionData?.[0]?.index ?? partition?.partition ?? partition?.partitionIndex
  return `partition/${topic?.name ?? topic?.topic}/${index}`
}

/** True where any part of the answer says so. */
function isMisplaced(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || ArrayBuffer.isView(answer)) return false
  return Object.entries(answer).some(([name, value]) =>
    /errorCode$/i.test(name) ? misplaced.has(value) : isMisplaced(value),
  )
}
