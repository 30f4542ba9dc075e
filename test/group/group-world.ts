/** A coordinator over a catalog in memory, on virtual time, with short ways to say what members do. */
import assert from 'node:assert/strict'
import { sleep } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import { topics } from '../../src/catalog/schema.ts'
import { defaultGroupConfig } from '../../src/group/config.ts'
import type { GroupConfig } from '../../src/group/config.ts'
import type {
  GroupSurroundings,
  TopicView,
  ViewedTopic,
} from '../../src/group/consumer/topic-view.ts'
import { TopicPatterns } from '../../src/group/consumer/topic-patterns.ts'
import { GroupCoordinator } from '../../src/group/coordinator.ts'
import type {
  HeartbeatResult,
  JoinRequest,
  JoinResult,
  Joined,
  LeaveResult,
  SyncRequest,
  SyncResult,
} from '../../src/group/membership.ts'
import type { CommitOffsetsRequest, CommitOffsetsResult } from '../../src/group/offsets.ts'
import { embeddedProtocol } from '../../src/kafka/group-surroundings.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A promise whose state can be looked at. */
export class Asked<Value> {
  value: Value | undefined

  constructor(promise: Promise<Value>) {
    void promise.then((value) => (this.value = value))
  }

  get answer(): Value {
    assert.ok(this.value !== undefined, 'it has been answered')
    return this.value
  }
}

/** The topics that a coordinator sees, as a test says. */
class WorldTopics implements TopicView {
  version = 0
  readonly #byName = new Map<string, ViewedTopic>()

  set(topicId: string, name: string, partitionCount: number): void {
    this.#byName.set(name, { topicId, name, partitionCount })
    this.version++
  }

  delete(name: string): void {
    this.#byName.delete(name)
    this.version++
  }

  byName(name: string): ViewedTopic | undefined {
    return this.#byName.get(name)
  }

  byId(topicId: string): ViewedTopic | undefined {
    return [...this.#byName.values()].find((topic) => topic.topicId === topicId)
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }
}

export interface WorldOptions {
  readonly config?: Partial<GroupConfig>
  readonly seed?: number
}

export class GroupWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly database: MemoryDatabase
  readonly config: GroupConfig
  /** Of groups that something is set for. */
  readonly configs: Map<string, GroupConfig> = new Map()
  /** What the catalog does at a point; undefined: its work. */
  fault: (point: MemoryPoint) => MemoryFault | undefined = () => undefined
  /** How long the catalog takes at a point, in ms. */
  delayMs: (point: MemoryPoint) => number = () => 0
  /** Names of the transactions that were committed. */
  readonly commits: string[] = []
  readonly topics: WorldTopics = new WorldTopics()
  coordinator: GroupCoordinator
  readonly #random

  constructor({ config = {}, seed = 1 }: WorldOptions = {}) {
    const immediate = { initialRebalanceDelayMs: 0, consumerAssignmentIntervalMs: 0 }
    this.config = { ...defaultGroupConfig, ...immediate, ...config }
    this.#random = seededRandom(seed)
    this.database = openMemoryDatabase({
      clock: this.clock,
      hooks: {
        pause: async (point) => {
          const delayMs = this.delayMs(point)
          if (delayMs > 0) await sleep(this.clock, delayMs)
        },
        fault: (point) => {
          const fault = this.fault(point)
          if (point.at === 'commit' && fault === undefined) this.commits.push(point.transaction)
          return fault
        },
      },
    })
    this.coordinator = this.start()
  }

  /** What groups see of the rest of the broker. */
  get around(): GroupSurroundings {
    const { topics: known, clock } = this
    return { topics: known, embedded: embeddedProtocol, patterns: new TopicPatterns(known, clock) }
  }

  /** Another broker process over the same catalog. */
  start(): GroupCoordinator {
    const { database, clock, config, topics: known } = this
    const random = this.#random
    return new GroupCoordinator({
      database,
      clock,
      random,
      config,
      configOf: (groupId) => this.configs.get(groupId) ?? config,
      log: silentLog,
      topics: known,
      embedded: embeddedProtocol,
    })
  }

  /** The process dies: nothing of it is ever heard again. */
  crash(): void {
    this.coordinator.close()
    this.coordinator = this.start()
  }

  async addTopic(topicId: string, name: string, deletedMs: number | null = null): Promise<void> {
    const row = {
      topicId,
      name,
      partitionIds: '[]',
      configs: '{}',
      contract: null,
      configVersion: 0,
      replicationFactor: 1,
      createdMs: 0,
      deletedMs,
    }
    await this.database.transaction('topic', async (tx) => tx.put(topics, [row]))
  }

  /** The answer, after what takes no time and a second more. */
  async soon<Value>(promise: Promise<Value>): Promise<Value> {
    const asked = new Asked(promise)
    await this.clock.settle()
    if (asked.value === undefined) await this.clock.advance(1_000)
    return asked.answer
  }

  async join(request: Partial<JoinRequest> = {}): Promise<Asked<JoinResult>> {
    const asked = new Asked(this.coordinator.join({ ...joinDefaults, ...request }))
    await this.clock.settle()
    return asked
  }

  async sync(member: Joined, assignments: Record<string, string> = {}): Promise<Asked<SyncResult>> {
    return this.syncWith(member, {
      assignments: Object.entries(assignments).map(([memberId, assignment]) => ({
        memberId,
        assignment: text(assignment),
      })),
    })
  }

  async syncWith(
    { memberId, generation }: Pick<Joined, 'memberId' | 'generation'>,
    request: Partial<SyncRequest>,
  ): Promise<Asked<SyncResult>> {
    const asked = new Asked(
      this.coordinator.sync({
        groupId: 'g',
        memberId,
        instanceId: null,
        generation,
        protocolType: null,
        protocolName: null,
        assignments: [],
        ...request,
      }),
    )
    await this.clock.settle()
    return asked
  }

  async heartbeat(
    { memberId, generation }: Pick<Joined, 'memberId' | 'generation'>,
    instanceId: string | null = null,
  ): Promise<string> {
    const request = { groupId: 'g', memberId, instanceId, generation }
    return outcomeOf(await this.coordinator.heartbeat(request))
  }

  async leave(...members: readonly (readonly [string, string | null])[]): Promise<LeaveResult> {
    const result = await this.coordinator.leave({
      groupId: 'g',
      members: members.map(([memberId, instanceId]) => ({ memberId, instanceId, reason: null })),
    })
    await this.clock.settle()
    return result
  }

  commit(request: Partial<CommitOffsetsRequest> = {}): Promise<CommitOffsetsResult> {
    return this.coordinator.commitOffsets({ ...commitDefaults, ...request })
  }

  async committed(topicId = 'T', partitionIndex = 0): Promise<number | undefined> {
    const request = { groupId: 'g', topics: [{ topicId, partitions: [partitionIndex] }] }
    const result = await this.coordinator.fetchOffsets(request)
    return result.outcome === 'fetched' ? result.offsets[0]?.offset : undefined
  }

  /** 'Stable 3' and the like. */
  async state(): Promise<string> {
    const [group] = await this.coordinator.describe(['g'])
    if (group?.outcome !== 'described') return group?.reason ?? ''
    return `${group.state} ${group.members.length}`
  }

  /** A stable group: the members, each with its name as assignment, the leader first. */
  async stable(...requests: Partial<JoinRequest>[]): Promise<Joined[]> {
    const asked: Asked<JoinResult>[] = []
    for (const request of requests) asked.push(await this.enter(request))
    await this.clock.advance(this.config.initialRebalanceDelayMs)
    const joined = asked.map((each) => joinedOf(each.answer))
    const leader = joined.find(({ memberId, leaderId }) => memberId === leaderId)
    assert.ok(leader !== undefined)
    const ids = joined.map(({ memberId }) => memberId)
    await this.sync(leader, Object.fromEntries(ids.map((id, at) => [id, `part-${at}`])))
    for (const member of joined) if (member !== leader) await this.sync(member)
    return [leader, ...joined.filter((member) => member !== leader)]
  }

  /** Joins as clients do: asks for an id first where it has to. */
  async enter(request: Partial<JoinRequest> = {}): Promise<Asked<JoinResult>> {
    const first = await this.join(request)
    if (first.value?.outcome !== 'member-id-required') return first
    return this.join({ ...request, memberId: first.value.memberId })
  }
}

export const joinDefaults: JoinRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: null,
  clientId: 'c',
  clientHost: '/127.0.0.1',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: text('r') }],
  requireKnownMemberId: false,
  supportsSkippingAssignment: false,
  reason: null,
}

export const commitDefaults: CommitOffsetsRequest = {
  groupId: 'g',
  memberId: '',
  instanceId: null,
  generation: -1,
  retentionMs: null,
  offsets: [{ topicId: 'T', partitionIndex: 0, offset: 7, leaderEpoch: -1, metadata: '' }],
}

export function joinedOf(result: JoinResult): Joined {
  assert.equal(result.outcome, 'joined', JSON.stringify(result))
  return result
}

type Outcome = { readonly outcome: string; readonly reason?: string }

/** The outcome, or the reason where it was refused. */
export function outcomeOf(
  result: Outcome | JoinResult | SyncResult | HeartbeatResult | undefined,
): string {
  if (result === undefined) return 'waiting'
  return 'reason' in result && result.reason !== undefined ? result.reason : result.outcome
}

/** Metadata of the embedded consumer protocol, version 0, with these topics. */
export function subscriptionTo(...names: readonly string[]): Uint8Array {
  const bytes = [0, 0, 0, 0, 0, names.length]
  for (const name of names) bytes.push(0, name.length, ...text(name))
  return Uint8Array.from([...bytes, 0xff, 0xff, 0xff, 0xff])
}
