/** A few members with moods over a catalog with faults: what must hold at every moment, and after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld } from '../../test/group/group-world.ts'
import { randomFaults } from '../../test/group/random-faults.ts'
import { offsetsPerGeneration, SimulatedMember } from '../../test/group/simulated-member.ts'
import type { Moods, Observer } from '../../test/group/simulated-member.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { Mutex } from '../base/mutex.ts'
import { randomBelow } from '../base/random.ts'
import type { Joined } from './membership.ts'

const seeds = 30
const faultyMs = 120_000
/** A session, a rebalance, a sync that nobody comes to, and room for each once more. */
const recoveryMs = 120_000
/**
 * Longest answer: newcomers are dropped after 300 s, but with faults over the rebalance ends
 * before.
 */
const patienceMs = 45_000

/** Holds the group to its invariants. */
class Checker implements Observer {
  readonly #world: GroupWorld
  #generation = 0
  #committedGeneration = 0
  readonly #looks = new Mutex()
  readonly #leaders = new Map<number, string>()
  assignments = 0

  constructor(world: GroupWorld) {
    this.#world = world
  }

  joined({ generation }: Joined): void {
    this.#isNotOlder(generation, 'joined')
  }

  alive(generation: number): void {
    this.#isNotOlder(generation, 'alive')
  }

  assigned(generation: number, assignment: string, who: string): void {
    this.assignments++
    if (assignment === '') {
      // One that came back between join and sync may have been left out under its old id.
      assert.match(who, /^instance-/, 'members of a generation are assigned something')
      return
    }
    const [inGeneration, leader = '', target] = assignment.split('|')
    assert.equal(
      inGeneration,
      `${generation}`,
      'assignments are of the generation they are told in',
    )
    assert.equal(target, who, 'assignments reach whom they are for')
    const known = this.#leaders.get(generation)
    assert.equal(known ?? leader, leader, 'one leader assigns in a generation')
    this.#leaders.set(generation, leader)
  }

  /** One look after another: an older look must not be taken for a newer state. */
  committed(): Promise<void> {
    return this.#looks.run(() => this.#look())
  }

  async #look(): Promise<void> {
    const offset = await this.#world.committed()
    if (offset === undefined || offset === -1) return
    const generation = Math.floor(offset / offsetsPerGeneration)
    assert.ok(
      generation >= this.#committedGeneration,
      `an offset of generation ${generation} replaced one of ${this.#committedGeneration}`,
    )
    this.#committedGeneration = generation
  }

  /** Members of an older generation are told nothing good any more. */
  #isNotOlder(generation: number, what: string): void {
    assert.ok(generation >= this.#generation, `${what} in ${generation} after ${this.#generation}`)
    this.#generation = generation
  }
}

async function simulate(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const world = new GroupWorld({ seed, config: { initialRebalanceDelayMs: seed % 2 ? 3_000 : 0 } })
  await world.addTopic('T', 'topic')
  const checker = new Checker(world)
  const moods: Moods = { odd: 15 }
  const members = Array.from({ length: 2 + (seed % 4) }, (_, at) => {
    const instanceId = at % 3 === 2 ? `instance-${at}` : null
    return new SimulatedMember(`m${at}`, instanceId, world, random, checker, moods)
  })
  const failures: unknown[] = []
  for (const member of members) void member.run().catch((error: unknown) => failures.push(error))
  world.fault = randomFaults(world, random)
  world.delayMs = () => (randomBelow(random, 8) === 0 ? randomBelow(random, 400) : 0)
  while (world.clock.monotonicMs() < faultyMs) {
    await world.clock.advance(1_000)
    assert.deepEqual(failures, [])
    if (randomBelow(random, 30) === 0) world.crash()
  }

  world.fault = () => undefined
  world.delayMs = () => 0
  moods.odd = 0
  const until = world.clock.monotonicMs() + recoveryMs
  while (world.clock.monotonicMs() < until) {
    await world.clock.advance(1_000)
    assert.deepEqual(failures, [])
    const nowMs = world.clock.monotonicMs()
    for (const { name, waitingFor } of members) {
      const waitedMs = nowMs - (waitingFor?.sinceMs ?? nowMs)
      assert.ok(waitedMs <= patienceMs, `${name} waits ${waitedMs} ms for its ${waitingFor?.what}`)
    }
  }
  const [group] = await world.coordinator.describe(['g'])
  assert.ok(group?.outcome === 'described')
  assert.equal(group.state, 'stable')
  const ids = (all: readonly { memberId: string }[]) => all.map((each) => each.memberId).toSorted()
  assert.deepEqual(ids(group.members), ids(members))
  assert.equal(new Set(members.map(({ generation }) => generation)).size, 1)
  assert.ok(checker.assignments > 0)
  for (const member of members) member.stop()
  world.coordinator.close()
  await world.clock.advance(60_000)
}

test(`${seeds} groups of members with moods over a catalog with faults`, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await simulate(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    }
  }
})
