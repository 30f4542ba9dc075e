/** A member of a consumer group, said in short, for tests of the coordinator. */
import assert from 'node:assert/strict'
import type {
  Beat,
  ConsumerHeartbeat,
  ConsumerHeartbeatResult,
} from '../../src/group/consumer/consumer-membership.ts'
import { noPartitions, type PartitionSets } from '../../src/group/consumer/partition-sets.ts'
import type { GroupWorld } from './group-world.ts'

export const heartbeatDefaults: ConsumerHeartbeat = {
  groupId: 'g',
  memberId: 'a',
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  topicNames: null,
  topicPattern: null,
  assignor: null,
  owned: null,
  clientId: 'c',
  clientHost: '/127.0.0.1',
  requireMemberId: true,
}

export const joining: Partial<ConsumerHeartbeat> = {
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  topicNames: ['topic'],
  owned: noPartitions,
}

/** It does what it is told at once: gives up, takes, and says so with its next heartbeat. */
export class ConsumerClient {
  epoch = 0
  owned: PartitionSets = noPartitions
  readonly memberId: string
  readonly #world: GroupWorld
  readonly #first: Partial<ConsumerHeartbeat>

  constructor(world: GroupWorld, memberId: string, first: Partial<ConsumerHeartbeat> = {}) {
    this.#world = world
    this.memberId = memberId
    this.#first = first
  }

  /** The partitions of the topic `T`, as '0,1,2'. */
  get has(): string {
    return (this.owned.get('T') ?? []).join(',')
  }

  join(request: Partial<ConsumerHeartbeat> = {}): Promise<Beat> {
    return this.beat({ ...joining, ...request })
  }

  async beat(request: Partial<ConsumerHeartbeat> = {}): Promise<Beat> {
    const result = await this.ask(request)
    assert.ok(result.outcome === 'beat', `${this.memberId}: ${JSON.stringify(result)}`)
    return result
  }

  /** As `beat`, but a refusal is an answer. */
  async ask(request: Partial<ConsumerHeartbeat> = {}): Promise<ConsumerHeartbeatResult> {
    const { memberId, epoch: memberEpoch, owned } = this
    const { instanceId = null } = this.#first
    const isJoin = request.memberEpoch === 0
    const who = { ...(isJoin ? this.#first : {}), memberId, memberEpoch, instanceId, owned }
    const all = { ...heartbeatDefaults, ...who, ...request }
    const result = await this.#world.coordinator.consumerHeartbeat(all)
    if (result.outcome === 'refused') return result
    this.epoch = result.memberEpoch
    this.owned = result.assignment ?? this.owned
    return result
  }

  /** Why it is refused. */
  async refusal(request: Partial<ConsumerHeartbeat> = {}): Promise<string> {
    const who = { memberId: this.memberId, memberEpoch: this.epoch }
    const all = { ...heartbeatDefaults, ...who, ...request }
    const result = await this.#world.coordinator.consumerHeartbeat(all)
    return result.outcome === 'refused' ? result.reason : result.outcome
  }
}

/** Heartbeats of all, until nobody is told anything new. */
export async function settle(...clients: readonly ConsumerClient[]): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const before = clients.map(({ epoch, has }) => `${epoch} ${has}`).join()
    for (const client of clients) await client.beat()
    if (clients.map(({ epoch, has }) => `${epoch} ${has}`).join() === before) return
  }
  assert.fail('the group settles')
}
