/**
 * A client of a group as Kafka's consumers behave, with moods: it falls silent, leaves, crashes,
 * changes its mind.
 */
import { sleep } from '../../src/base/clock.ts'
import { randomBelow } from '../../src/base/random.ts'
import type { Random } from '../../src/base/random.ts'
import type { Joined, JoinResult, SyncResult } from '../../src/group/membership.ts'
import { asText, commitDefaults, joinDefaults, outcomeOf, text } from './group-world.ts'
import type { GroupWorld } from './group-world.ts'

/** What members are told, as the checker sees it. */
export interface Observer {
  joined(joined: Joined): void
  /** A member knows what it is to do: by whom, in which generation. */
  assigned(generation: number, assignment: string, who: string): void
  alive(generation: number): void
  committed(): Promise<void>
}

export interface Moods {
  /** Of a hundred steps while stable, how many are odd ones. */
  odd: number
}

const backoffMs = 100
const heartbeatMs = 3_000
/** Offsets tell the generation that committed them. */
export const offsetsPerGeneration = 1_000_000

export class SimulatedMember {
  readonly name: string
  generation = -1
  /** What it waits for, since when. */
  waitingFor: { readonly what: string; readonly sinceMs: number } | undefined
  #memberId = ''
  #metadata = 0
  #offset = 0
  #isStopped = false
  readonly #instanceId: string | null
  readonly #world: GroupWorld
  readonly #random: Random
  readonly #observer: Observer
  readonly #moods: Moods

  constructor(
    name: string,
    instanceId: string | null,
    world: GroupWorld,
    random: Random,
    observer: Observer,
    moods: Moods,
  ) {
    this.name = name
    this.#instanceId = instanceId
    this.#world = world
    this.#random = random
    this.#observer = observer
    this.#moods = moods
  }

  get memberId(): string {
    return this.#memberId
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const joined = await this.#join()
      if (joined === undefined || !(await this.#sync(joined))) continue
      this.generation = joined.generation
      while (!this.#isStopped && (await this.#step(joined.generation)));
      this.generation = -1
    }
  }

  async #join(): Promise<Joined | undefined> {
    const result: JoinResult = await this.#wait('join', () =>
      this.#world.coordinator.join({
        ...joinDefaults,
        memberId: this.#memberId,
        instanceId: this.#instanceId,
        clientId: this.name,
        rebalanceTimeoutMs: 20_000,
        requireKnownMemberId: true,
        supportsSkippingAssignment: true,
        protocols: [{ name: 'range', metadata: text(`${this.#metadata}`) }],
      }),
    )
    if (result.outcome === 'joined') {
      this.#memberId = result.memberId
      this.#observer.joined(result)
      return result
    }
    if (result.outcome === 'member-id-required') this.#memberId = result.memberId
    else await this.#onRefusal(result.reason)
    return undefined
  }

  async #sync(joined: Joined): Promise<boolean> {
    const isAssigning = joined.leaderId === joined.memberId && !joined.skipAssignment
    const assignments = isAssigning
      ? joined.members.map(({ memberId, instanceId }) => ({
          memberId,
          assignment: text(`${joined.generation}|${joined.memberId}|${instanceId ?? memberId}`),
        }))
      : []
    const { memberId, generation } = joined
    const result: SyncResult = await this.#wait('sync', () =>
      this.#world.coordinator.sync({
        groupId: 'g',
        memberId,
        instanceId: this.#instanceId,
        generation,
        protocolType: 'consumer',
        protocolName: 'range',
        assignments,
      }),
    )
    if (result.outcome === 'synced') {
      const who = this.#instanceId ?? memberId
      this.#observer.assigned(generation, asText(result.assignment), who)
      return true
    }
    await this.#onRefusal(result.reason)
    return false
  }

  /** False where it has to join again. */
  async #step(generation: number): Promise<boolean> {
    const { coordinator, clock } = this.#world
    const member = { groupId: 'g', memberId: this.#memberId, instanceId: this.#instanceId }
    if (randomBelow(this.#random, 100) < this.#moods.odd) await this.#oddity()
    if (this.#isStopped || this.#memberId === '') return false
    const offset = generation * offsetsPerGeneration + ++this.#offset
    const commit = { ...commitDefaults, ...member, generation }
    const offsets = [{ ...commitDefaults.offsets[0]!, offset }]
    await this.#wait('commit', () => coordinator.commitOffsets({ ...commit, offsets }))
    await this.#observer.committed()
    const beat = await this.#wait('heartbeat', () =>
      coordinator.heartbeat({ ...member, generation }),
    )
    if (beat.outcome === 'alive') {
      this.#observer.alive(generation)
      await sleep(clock, heartbeatMs)
      return true
    }
    await this.#onRefusal(beat.reason)
    // Like a consumer that finds its coordinator again, it goes on as a member.
    return beat.reason === 'unavailable' || beat.reason === 'not-coordinator'
  }

  async #oddity(): Promise<void> {
    const { coordinator, clock } = this.#world
    switch (randomBelow(this.#random, 4)) {
      case 0:
        await sleep(clock, randomBelow(this.#random, 25_000))
        break
      case 1: {
        const leaving = { memberId: this.#memberId, instanceId: this.#instanceId, reason: null }
        await this.#wait('leave', () => coordinator.leave({ groupId: 'g', members: [leaving] }))
        this.#memberId = ''
        break
      }
      case 2:
        this.#memberId = '' // it crashed, and starts as another
        break
      default:
        this.#metadata++
        await this.#join()
    }
  }

  async #onRefusal(reason: string): Promise<void> {
    if (reason === 'unknown-member' || reason === 'fenced-instance') this.#memberId = ''
    await sleep(this.#world.clock, backoffMs)
  }

  async #wait<Value extends { readonly outcome: string }>(
    what: string,
    ask: () => Promise<Value>,
  ): Promise<Value> {
    this.waitingFor = { what, sinceMs: this.#world.clock.monotonicMs() }
    const value = await ask()
    this.waitingFor = undefined
    if (outcomeOf(value) === 'unavailable') await sleep(this.#world.clock, backoffMs)
    return value
  }
}
