/**
 * A client of the consumer protocol (KIP-848) with moods: it loses answers, falls silent, leaves,
 * crashes, changes what it wants. What it has it uses until it is told to stop.
 */
import { sleep } from '../../src/base/clock.ts'
import { randomBelow } from '../../src/base/random.ts'
import type { Random } from '../../src/base/random.ts'
import type { ConsumerHeartbeatResult } from '../../src/group/consumer/consumer-membership.ts'
import { noPartitions, type PartitionSets } from '../../src/group/consumer/partition-sets.ts'
import { heartbeatDefaults } from './consumer-client.ts'
import type { GroupWorld } from './group-world.ts'
import type { Moods } from './simulated-member.ts'

/** What clients have and have committed, as the checker sees it. */
export interface ConsumerObserver {
  /** From now on the client has exactly these; called whenever that changes. */
  has(who: SimulatedConsumer, owned: PartitionSets): void
  /**
   * An offset is about to be committed and may be found from now on; false where the client has not
   * yet read where to begin.
   */
  commits(who: SimulatedConsumer, topicId: string, partition: number, offset: number): boolean
}

const heartbeatMs = 2_000
const backoffMs = 200

export class SimulatedConsumer {
  readonly name: string
  owned: PartitionSets = noPartitions
  epoch = 0
  /** It says nothing: others may be given what it still thinks it has. */
  isSilent = false
  #incarnation = 0
  #topicNames: readonly string[] = ['one']
  /** The answer before was lost or a refusal: everything is said again. */
  #isFull = true
  #isStopped = false
  readonly #instanceId: string | null
  readonly #world: GroupWorld
  readonly #random: Random
  readonly #observer: ConsumerObserver
  readonly #moods: Moods
  readonly #offsets: { next: number }

  constructor(
    name: string,
    instanceId: string | null,
    world: GroupWorld,
    random: Random,
    observer: ConsumerObserver,
    moods: Moods,
    offsets: { next: number },
  ) {
    this.name = name
    this.#instanceId = instanceId
    this.#world = world
    this.#random = random
    this.#observer = observer
    this.#moods = moods
    this.#offsets = offsets
  }

  get memberId(): string {
    return `${this.name}-${this.#incarnation}`
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      if (randomBelow(this.#random, 100) < this.#moods.odd) await this.#oddity()
      await this.#beat()
      await this.#commit()
      await sleep(this.#world.clock, heartbeatMs + randomBelow(this.#random, 500))
    }
  }

  async #beat(): Promise<void> {
    const isJoin = this.epoch === 0
    const isAll = isJoin || this.#isFull
    const result = await this.#world.coordinator.consumerHeartbeat({
      ...heartbeatDefaults,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: this.#instanceId,
      rebalanceTimeoutMs: isAll ? 20_000 : -1,
      topicNames: isAll ? this.#topicNames : null,
      owned: isJoin ? noPartitions : this.owned,
    })
    this.#isFull = false
    if (randomBelow(this.#random, 100) < this.#moods.odd / 2) {
      this.#isFull = true // the answer is lost
    } else {
      await this.#take(result)
    }
  }

  async #take(result: ConsumerHeartbeatResult): Promise<void> {
    if (result.outcome === 'beat') {
      this.isSilent = false
      this.epoch = result.memberEpoch
      if (result.assignment !== null) this.#own(result.assignment)
      return
    }
    this.#isFull = true
    const { reason } = result
    if (reason === 'unknown-member' || reason === 'fenced-member-epoch') this.#abandon()
    if (reason === 'group-not-found') this.#abandon()
    if (reason === 'fenced-instance') this.#restart()
    await sleep(this.#world.clock, backoffMs)
  }

  async #commit(): Promise<void> {
    const { epoch: generation, memberId } = this
    if (generation <= 0 || this.isSilent) return
    for (const [topicId, partitions] of this.owned) {
      const [partitionIndex] = partitions
      if (partitionIndex === undefined) continue
      const offset = ++this.#offsets.next
      if (!this.#observer.commits(this, topicId, partitionIndex, offset)) continue
      await this.#world.commit({
        memberId,
        generation,
        instanceId: this.#instanceId,
        offsets: [{ topicId, partitionIndex, offset, leaderEpoch: -1, metadata: '' }],
      })
    }
  }

  async #oddity(): Promise<void> {
    const { coordinator, clock } = this.#world
    const who = { ...heartbeatDefaults, memberId: this.memberId, instanceId: this.#instanceId }
    switch (randomBelow(this.#random, 4)) {
      case 0:
        this.isSilent = true
        await sleep(clock, randomBelow(this.#random, 70_000))
        break
      case 1: {
        const goneForNow = this.#instanceId !== null && randomBelow(this.#random, 2) === 0
        this.#own(noPartitions)
        await coordinator.consumerHeartbeat({ ...who, memberEpoch: goneForNow ? -2 : -1 })
        this.#restart()
        break
      }
      case 2:
        this.#restart()
        break
      default:
        this.#topicNames = [['one'], ['one', 'two'], ['two', 'three']][
          randomBelow(this.#random, 3)
        ]!
        this.#isFull = true
    }
  }

  /** It gives everything up and joins again. */
  #abandon(): void {
    this.epoch = 0
    this.#own(noPartitions)
  }

  /** Another process in its place. */
  #restart(): void {
    this.#incarnation++
    this.isSilent = false
    this.#isFull = true
    this.#abandon()
  }

  #own(owned: PartitionSets): void {
    this.owned = owned
    this.#observer.has(this, owned)
  }
}
