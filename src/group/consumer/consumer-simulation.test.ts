/**
 * Some clients of the consumer protocol with moods over a catalog with faults and brokers that
 * crash: nobody ever uses what another uses, nobody's offset is overwritten by who was before, and
 * in the end everybody has their part.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld } from '../../../test/group/group-world.ts'
import { randomFaults } from '../../../test/group/random-faults.ts'
import { SimulatedConsumer } from '../../../test/group/simulated-consumer.ts'
import type { ConsumerObserver } from '../../../test/group/simulated-consumer.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { randomBelow } from '../../base/random.ts'
import { countOf, noPartitions, type PartitionSets } from './partition-sets.ts'

const seeds = 30
const faultyMs = 180_000
/** A session, a rebalance timeout, and some heartbeats to follow. */
const recoveryMs = 120_000

class Checker implements ConsumerObserver {
  readonly #world: GroupWorld
  readonly #owned = new Map<SimulatedConsumer, PartitionSets>()
  readonly #owners = new Map<string, SimulatedConsumer>()
  /** By partition: what may be found committed while its owner has it. */
  readonly #expected = new Map<string, Set<number>>()
  readonly failures: unknown[] = []
  moves = 0
  commitsSeen = 0

  constructor(world: GroupWorld) {
    this.#world = world
  }

  has(who: SimulatedConsumer, owned: PartitionSets): void {
    const before = this.#owned.get(who) ?? noPartitions
    this.#owned.set(who, owned)
    for (const key of keysOf(before)) if (this.#owners.get(key) === who) this.#owners.delete(key)
    for (const key of keysOf(owned)) {
      const other = this.#owners.get(key)
      // One that is silent does not know that it is not a member any more.
      if (other !== undefined && other !== who && !other.isSilent) {
        this.failures.push(`${key} is with ${who.memberId} and with ${other.memberId}`)
      }
      const isNew = !keysOf(before).includes(key)
      this.#owners.set(key, who)
      if (isNew) this.#begin(who, key)
    }
  }

  commits(who: SimulatedConsumer, topicId: string, partition: number, offset: number): boolean {
    const key = `${topicId} ${partition}`
    const expected = this.#owners.get(key) === who ? this.#expected.get(key) : undefined
    expected?.add(offset)
    return expected !== undefined
  }

  /** Looks at everything that has an owner. */
  async look(): Promise<void> {
    for (const [key, owner] of [...this.#owners]) {
      const expected = this.#expected.get(key)
      const [topicId = '', partition = ''] = key.split(' ')
      const offset = await this.#world.committed(topicId, Number(partition))
      if (expected === undefined || offset === undefined) continue
      if (this.#owners.get(key) !== owner || this.#expected.get(key) !== expected) continue
      this.commitsSeen++
      if (!owner.isSilent && !expected.has(offset)) {
        this.failures.push(`${offset} of ${key} was committed by another than ${owner.memberId}`)
      }
    }
  }

  /** The new owner reads where to begin: from now on only its own commits count. */
  #begin(who: SimulatedConsumer, key: string): void {
    this.moves++
    this.#expected.delete(key)
    const [topicId = '', partition = ''] = key.split(' ')
    void this.#world.committed(topicId, Number(partition)).then((offset) => {
      if (offset === undefined || this.#owners.get(key) !== who) return
      this.#expected.set(key, new Set([offset]))
    })
  }
}

function keysOf(sets: PartitionSets): string[] {
  return [...sets].flatMap(([topicId, partitions]) => partitions.map((p) => `${topicId} ${p}`))
}

async function worldOf(seed: number): Promise<GroupWorld> {
  const world = new GroupWorld({ seed })
  for (const [id, name, count] of [
    ['T1', 'one', 5],
    ['T2', 'two', 3],
  ] as const) {
    await world.addTopic(id, name)
    world.topics.set(id, name, count)
  }
  await world.addTopic('T3', 'three')
  return world
}

async function simulate(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const world = await worldOf(seed)
  const checker = new Checker(world)
  const moods = { odd: 10 }
  const offsets = { next: 0 }
  const clients = Array.from({ length: 2 + (seed % 4) }, (_, at) => {
    const instanceId = at % 3 === 2 ? `instance-${at}` : null
    const name = `m${at}`
    return new SimulatedConsumer(name, instanceId, world, random, checker, moods, offsets)
  })
  for (const client of clients) {
    void client.run().catch((error: unknown) => checker.failures.push(error))
  }
  world.fault = randomFaults(world, random)
  world.delayMs = () => (randomBelow(random, 8) === 0 ? randomBelow(random, 400) : 0)
  while (world.clock.monotonicMs() < faultyMs) {
    await world.clock.advance(1_000)
    void checker.look()
    assert.deepEqual(checker.failures, [])
    if (randomBelow(random, 30) === 0) world.crash()
    if (randomBelow(random, 60) === 0) world.topics.set('T2', 'two', 3 + randomBelow(random, 4))
    if (randomBelow(random, 60) === 0) world.topics.set('T3', 'three', 2)
  }
  world.fault = () => undefined
  world.delayMs = () => 0
  moods.odd = 0
  await world.clock.advance(recoveryMs)
  await checker.look()
  assert.deepEqual(checker.failures, [])
  await isWhole(world, clients)
  assert.ok(checker.moves > 0 && checker.commitsSeen > 0)
  for (const client of clients) client.stop()
  world.coordinator.close()
  await world.clock.advance(60_000)
}

/** Everybody is where the group is, and has what the group says. */
async function isWhole(world: GroupWorld, clients: readonly SimulatedConsumer[]): Promise<void> {
  const [group] = await world.coordinator.describeConsumer(['g'])
  assert.ok(group?.outcome === 'described')
  assert.equal(group.state, 'stable')
  assert.equal(group.members.length, clients.length)
  const given = new Map(group.members.map((member) => [member.memberId, member]))
  const wanted = new Set<string>()
  for (const { memberId, owned, epoch } of clients) {
    const member = given.get(memberId)
    assert.deepEqual([memberId, epoch], [memberId, group.epoch])
    assert.deepEqual(owned, member?.assignment)
    assert.deepEqual(owned, member?.target)
    for (const name of member?.topicNames ?? []) wanted.add(name)
  }
  let partitions = 0
  for (const name of wanted) partitions += world.topics.byName(name)?.partitionCount ?? 0
  assert.equal(
    clients.reduce((sum, { owned }) => sum + countOf(owned), 0),
    partitions,
  )
}

test(`${seeds} groups of consumers with moods over a catalog with faults`, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await simulate(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    }
  }
})
