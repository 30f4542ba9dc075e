/** A consumer of the classic protocol, said in short: it joins again when it is told to. */
import assert from 'node:assert/strict'
import type { Joined } from '../../src/group/membership.ts'
import { decodeAssignment, encodeSubscription } from '../../src/wire/consumer-protocol.ts'
import { joinDefaults, joinedOf, outcomeOf } from './group-world.ts'
import type { GroupWorld } from './group-world.ts'

export class ClassicClient {
  memberId = ''
  generation = -1
  owned: readonly number[] = []
  readonly #world: GroupWorld
  readonly #isCooperative: boolean
  readonly #instanceId: string | null

  constructor(world: GroupWorld, isCooperative = false, instanceId: string | null = null) {
    this.#world = world
    this.#isCooperative = isCooperative
    this.#instanceId = instanceId
  }

  get has(): string {
    return this.owned.join(',')
  }

  /** Joins and asks for its assignment; the outcome. */
  async join(): Promise<string> {
    const joined = await this.joinOnly()
    return typeof joined === 'string' ? joined : this.sync(joined)
  }

  async joinOnly(): Promise<Joined | string> {
    // An eager member gives everything up before it joins.
    if (!this.#isCooperative) this.owned = []
    const metadata = encodeSubscription(this.#isCooperative ? 3 : 0, {
      topics: ['topic'],
      ...(this.#isCooperative
        ? {
            ownedPartitions: [{ topic: 'topic', partitions: this.owned }],
            generationId: this.generation,
          }
        : {}),
    })
    const { memberId } = this
    const name = this.#isCooperative ? 'cooperative-sticky' : 'range'
    const protocols = [
      { name, metadata },
      { name: 'common', metadata },
    ]
    const request = {
      memberId,
      protocols,
      requireKnownMemberId: true,
      instanceId: this.#instanceId,
    }
    const asked = this.#world.coordinator.join({ ...joinDefaults, ...request })
    const result = await this.#world.soon(asked)
    if (result.outcome === 'member-id-required') {
      this.memberId = result.memberId
      return this.joinOnly()
    }
    if (result.outcome !== 'joined') return outcomeOf(result)
    this.memberId = result.memberId
    return joinedOf(result)
  }

  async sync(joined: Joined): Promise<string> {
    const { memberId, generation, protocolType, protocolName } = joined
    // A leader of a classic group gives itself all.
    assert.ok(joined.leaderId === '' || joined.leaderId === memberId || joined.members.length === 0)
    const result = await this.#world.soon(
      this.#world.coordinator.sync({
        groupId: 'g',
        memberId,
        instanceId: this.#instanceId,
        generation,
        protocolType,
        protocolName,
        assignments: [],
      }),
    )
    if (result.outcome !== 'synced') return outcomeOf(result)
    this.generation = generation
    const { assignedPartitions } = decodeAssignment(result.assignment)
    this.owned = assignedPartitions.flatMap(({ partitions }) => partitions)
    return 'synced'
  }

  async heartbeat(): Promise<string> {
    const { memberId, generation } = this
    const instanceId = this.#instanceId
    const request = { groupId: 'g', memberId, generation, instanceId }
    return outcomeOf(await this.#world.coordinator.heartbeat(request))
  }

  /** A heartbeat, and what a consumer does about its answer. */
  async beat(): Promise<void> {
    const before = this.owned
    const outcome = await this.heartbeat()
    if (outcome === 'alive') return
    if (outcome === 'unknown-member') this.memberId = ''
    const joined = await this.join()
    // A cooperative member that was shown less gives that up and joins again at once.
    if (joined === 'synced' && this.#isCooperative && before.some((p) => !this.owned.includes(p))) {
      await this.join()
    }
  }

  async leave(): Promise<string> {
    const members = [{ memberId: this.memberId, instanceId: this.#instanceId, reason: null }]
    return outcomeOf(await this.#world.coordinator.leave({ groupId: 'g', members }))
  }
}
