/**
 * The topics this broker knows, by name and by id, with their configs as values. Names end here:
 * what stands behind knows ids only. Every change is the catalog's first and this memory's second.
 */
import type { Clock } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import { type Random, randomUuid } from '../base/random.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type PartitionRow, partitions } from '../catalog/schema.ts'
import {
  type ChangeTopicResult,
  configureTopic,
  createTopic,
  deleteTopic,
  growTopic,
  listTopics,
  readTopic,
  readTopicById,
  settleTopic,
  type Topic,
} from '../catalog/topics.ts'
import type { BrokerLayers } from '../config/config-rows.ts'
import { parseTopicConfigs, type TopicConfigs } from '../config/topic-configs.ts'
import { assert } from '../base/assert.ts'
import type { LogIndex } from './log-index.ts'

export interface KnownTopic extends Topic {
  /** Overrides, then the broker's, then Kafka's defaults. */
  readonly effective: TopicConfigs
}

export interface TopicDirectoryDeps {
  readonly database: CatalogDatabase
  readonly index: LogIndex
  readonly clock: Clock
  readonly random: Random
  readonly leaderEpoch: number
  /** What the broker says now; `refresh` is to be called when it says something else. */
  readonly brokerDefaults: () => BrokerLayers
  /** Reads all logs again, where others write them, too. */
  readonly restoreAll?: () => Promise<unknown>
}

export type CreatedTopic =
  | { readonly outcome: 'created'; readonly topic: KnownTopic }
  | { readonly outcome: 'exists'; readonly topic: KnownTopic | undefined }

export interface WantedTopic {
  readonly name: string
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Checked before: text by Kafka's names. */
  readonly overrides: Readonly<Record<string, string>>
}

/** Deleted topics remembered: answers that are under way are younger than so many deletions. */
const deletedMax = 10_000
/** Sets of overrides whose values are kept, because many topics share them. */
const effectiveMax = 1_000
/** A topic is read again so often after a lost answer. */
const rereadsMax = 5

export class TopicDirectory {
  readonly #deps: TopicDirectoryDeps
  readonly #byName = new Map<string, KnownTopic>()
  readonly #byId = new Map<string, KnownTopic>()
  /** Ids of topics that were deleted here: an answer that was under way must not bring one back. */
  readonly #deleted = new Set<string>()
  /** By overrides as JSON. */
  readonly #effective = new Map<string, TopicConfigs>()
  #version = 0

  constructor(deps: TopicDirectoryDeps) {
    this.#deps = deps
  }

  /** Fills the directory at start. The index must know the partitions already. */
  async load(): Promise<void> {
    for (const topic of await listTopics(this.#deps.database)) this.#remember(topic)
  }

  /** The broker's own configs have changed: what topics inherit is read again. */
  refresh(): void {
    this.#effective.clear()
    for (const topic of [...this.#byId.values()]) {
      const known = { ...topic, effective: this.#effectiveOf(topic) }
      this.#byId.set(topic.topicId, known)
      if (this.#byName.get(topic.name)?.topicId === topic.topicId) {
        this.#byName.set(topic.name, known)
      }
    }
  }

  /** Rises whenever a topic is made, grown or deleted. */
  get version(): number {
    return this.#version
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }

  byName(name: string): KnownTopic | undefined {
    return this.#byName.get(name)
  }

  byId(topicId: string): KnownTopic | undefined {
    return this.#byId.get(topicId)
  }

  /** By name. */
  all(): KnownTopic[] {
    return [...this.#byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * As `byName`, but 'unknown' is said only after the catalog was read.
   *
   * @throws Failure 'unavailable'
   */
  async find(name: string): Promise<KnownTopic | undefined> {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const topic = await readTopic(this.#deps.database, name)
    if (topic === undefined) return undefined
    const learned = await this.#learn(topic)
    return this.#byId.has(topic.topicId) ? learned : undefined
  }

  /** An id that no topic has. */
  freshId(): string {
    return Buffer.from(randomUuid(this.#deps.random)).toString('base64url')
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': a retry answers 'exists' if it was created. */
  async create(wanted: WantedTopic): Promise<CreatedTopic> {
    const { database, clock, leaderEpoch } = this.#deps
    const { name, partitionCount, replicationFactor, overrides: configs } = wanted
    const topicId = this.freshId()
    const nowMs = clock.nowMs()
    const shape = { topicId, name, partitionCount, replicationFactor, configs }
    const result = await createTopic(database, { ...shape, nowMs, leaderEpoch })
    if (result.outcome === 'exists') return { outcome: 'exists', topic: await this.find(name) }
    return { outcome: 'created', topic: await this.#learn(result.topic) }
  }

  /**
   * Resolves with the topic that was, if it was. Who waits for its partitions is woken.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': delete it again.
   */
  async delete(topicId: string): Promise<Topic | undefined> {
    const { database, clock } = this.#deps
    const deletion = deleteTopic(database, topicId, clock.nowMs())
    const topic = await this.#settled(topicId, deletion)
    this.#forget(topicId)
    return topic
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': ask again. */
  async grow(topicId: string, partitionCount: number): Promise<ChangeTopicResult> {
    const { database, leaderEpoch } = this.#deps
    const growth = growTopic(database, topicId, partitionCount, leaderEpoch)
    const result = await this.#settled(topicId, growth)
    if (result.outcome === 'changed') await this.#learn(result.topic)
    return result
  }

  /**
   * `change` gets the overrides as they are when it counts, and gives the new ones, checked.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
   */
  async configure(
    topicId: string,
    change: (overrides: Readonly<Record<string, string>>) => Record<string, string>,
  ): Promise<ChangeTopicResult> {
    const configuration = configureTopic(this.#deps.database, topicId, change)
    const result = await this.#settled(topicId, configuration)
    if (result.outcome === 'changed') await this.#learn(result.topic)
    return result
  }

  /**
   * A change whose answer was lost may have been made: the catalog is asked, or this memory would
   * be behind it for good, and every append refused as outdated.
   */
  async #settled<Result>(topicId: string, change: Promise<Result>): Promise<Result> {
    try {
      return await change
    } catch (error) {
      if (isFailure(error, 'unknown-outcome')) await this.#reread(topicId)
      throw error
    }
  }

  async #reread(topicId: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const topic = await settleTopic(this.#deps.database, topicId)
        if (topic === undefined) this.#forget(topicId)
        else await this.#learn(topic)
        return
      } catch (error) {
        if (!isFailure(error)) throw error
        if (attempt === rereadsMax) return // whoever asked is told that the outcome is not known
      }
    }
  }

  /** Another broker made or changed it, or deleted it. @throws Failure 'unavailable' */
  async hear(topicId: string): Promise<void> {
    const topic = await readTopicById(this.#deps.database, topicId)
    if (topic === undefined) this.#forget(topicId)
    else await this.#learn(topic)
  }

  /**
   * `known` was refused for what it said of a topic: what that is now, also where another broker
   * changed it, or where nobody heard that the change was done.
   *
   * @throws Failure 'unavailable'
   */
  async now({ topicId, configVersion }: KnownTopic): Promise<KnownTopic | undefined> {
    if (this.byId(topicId)?.configVersion === configVersion) await this.hear(topicId)
    return this.byId(topicId)
  }

  /** Others may have made, changed and deleted anything. @throws Failure 'unavailable' */
  async reload(): Promise<void> {
    const living = new Map<string, Topic>()
    for (const topic of await listTopics(this.#deps.database)) living.set(topic.topicId, topic)
    for (const topicId of [...this.#byId.keys()]) if (!living.has(topicId)) await this.hear(topicId)
    for (const topic of living.values()) await this.#learn(topic)
  }

  #forget(topicId: string): void {
    this.#deleted.add(topicId)
    if (this.#deleted.size > deletedMax) {
      for (const oldest of this.#deleted) {
        this.#deleted.delete(oldest)
        break
      }
    }
    const known = this.#byId.get(topicId)
    if (known === undefined) return
    this.#version++
    this.#byId.delete(topicId)
    if (this.#byName.get(known.name)?.topicId === topicId) this.#byName.delete(known.name)
    for (const partitionId of known.partitionIds) this.#deps.index.remove(partitionId)
  }

  /** Partitions are known before the topic is shown. */
  async #learn(topic: Topic): Promise<KnownTopic> {
    const { database, index } = this.#deps
    const unknown = topic.partitionIds.filter((id) => index.get(id) === undefined)
    if (unknown.length > 0) {
      const rows = await database.snapshot('read partitions', (tx) =>
        tx.get(
          partitions,
          unknown.map((id) => [id]),
        ),
      )
      if (!this.#deleted.has(topic.topicId)) {
        const made = rows.filter((row): row is PartitionRow => row !== undefined)
        if (!index.addLearned(made)) await this.#deps.restoreAll?.()
      }
    }
    return this.#remember(topic)
  }

  #effectiveOf({ name, configs }: Topic): TopicConfigs {
    const key = JSON.stringify(configs)
    const known = this.#effective.get(key)
    if (known !== undefined) return known
    const parsed = parseTopicConfigs(configs, this.#deps.brokerDefaults())
    assert(parsed.ok, `the stored configs of topic ${name} were checked when they were set`)
    if (this.#effective.size >= effectiveMax) this.#effective.clear()
    this.#effective.set(key, parsed.configs)
    return parsed.configs
  }

  #remember(topic: Topic): KnownTopic {
    const before = this.#byId.get(topic.topicId)
    if (before !== undefined && isNewer(before, topic)) return before
    const known: KnownTopic = { ...topic, effective: this.#effectiveOf(topic) }
    if (this.#deleted.has(topic.topicId)) return known
    if (before?.partitionIds.length !== known.partitionIds.length) this.#version++
    this.#byName.set(known.name, known)
    this.#byId.set(known.topicId, known)
    return known
  }
}

/** Versions and partitions only grow, so of two states of a topic one is ahead in both. */
function isNewer(topic: Topic, other: Topic): boolean {
  return (
    topic.configVersion > other.configVersion ||
    topic.partitionIds.length > other.partitionIds.length
  )
}
