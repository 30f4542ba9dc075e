/** Brokers that come, die, drain and take each other's name, on one catalog and virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import { nodeIdOf, readPlacements } from '../catalog/brokers.ts'
import { drawNumbers } from '../catalog/counters.ts'
import { openMemoryDatabase, type MemoryDatabase } from '../catalog/memory-database.ts'
import { Membership } from './membership.ts'
import { relieveMs, returnMs } from './able-brokers.ts'
import { deadMs, excusedMs, heartbeatMs } from './roster.ts'
import { SlotLoad } from './slot-load.ts'
import { slotCount } from './slots.ts'

class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly database: MemoryDatabase = openMemoryDatabase({ clock: this.clock })

  /** Names of brokers that cannot write; the others do all the time. */
  readonly impaired: Set<string> = new Set()

  async broker(name: string, rack = 'a', traffic: () => number = () => 0): Promise<Membership> {
    const incarnation = await drawNumbers(this.database, 'broker.incarnation', 1)
    const { clock, database } = this
    const identity = { nodeId: await nodeIdOf(database, name), name, incarnation, rack }
    const load = new SlotLoad(() => [{ partitionId: 0, bytes: traffic() }])
    const impaired = (): string | undefined => (this.impaired.has(name) ? 'a test' : undefined)
    let writes = 0
    const bucketWrites = (): number => (this.impaired.has(name) ? writes : ++writes)
    const own = { identity, load, impaired, bucketWrites }
    const member = new Membership({ database, clock, log: silentLog, ...own })
    await member.begin({ host: name, port: 9092 })
    return member
  }

  /** b1, b2 and b3, each of which knows of the others. */
  async three(): Promise<readonly [Membership, Membership, Membership]> {
    const all = [await this.broker('b1'), await this.broker('b2'), await this.broker('b3')] as const
    await this.beat(...all)
    return all
  }

  async beat(...members: readonly Membership[]): Promise<void> {
    for (let round = 0; round < 2; round++) for (const member of members) await member.beat()
  }

  /** Time passes, with heartbeats of these as they come. */
  async pass(ms: number, ...members: readonly Membership[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += heartbeatMs) {
      await this.clock.advance(heartbeatMs)
      for (const member of members) await member.beat()
    }
  }
}

const idsOf = (of: Membership): number[] => of.nodes().map(({ nodeId }) => nodeId)

const share = (of: Membership, nodeId: number): number =>
  Array.from({ length: slotCount }, (_, id) => id).filter(
    (id) => of.leaderOf(id, undefined) === nodeId,
  ).length

test('those that come share what there is, each under the id that its name keeps', async () => {
  const world = new World()
  const [b1, b2, b3] = await world.three()
  assert.deepEqual(b3.nodes(), [
    { nodeId: 1, host: 'b1', port: 9092, rack: 'a' },
    { nodeId: 2, host: 'b2', port: 9092, rack: 'a' },
    { nodeId: 3, host: 'b3', port: 9092, rack: 'a' },
  ])
  for (const each of [b1, b2, b3]) {
    assert.deepEqual(each.placement, b1.placement)
    assert.ok([1, 2, 3].every((nodeId) => share(each, nodeId) >= 80))
  }
  const again = await world.broker('b2')
  assert.equal(again.nodeId, 2)
  await assert.rejects(b2.beat(), { kind: 'fenced' })
  const moved = await readPlacements(world.database)
  assert.equal(moved.length, 2, 'a restart moves nothing')
})

test('a dead broker is not shown, and what it had is placed anew, with the reason', async () => {
  const world = new World()
  const [b1, b2] = [await world.broker('b1'), await world.broker('b2')]
  await world.beat(b1, b2)
  const group = Array.from({ length: 99 }, (_, at) => `g${at}`).find(
    (name) => b2.coordinatorOf(name) === 1,
  ) as string
  assert.equal(b1.coordination(group), 'own')
  assert.equal(b2.coordination(group), 'other')
  await world.pass(deadMs, b2)
  assert.equal(b1.coordination(group), 'unsure', 'nothing was heard of the catalog for so long')
  await world.beat(b2)
  assert.deepEqual(idsOf(b2), [2])
  assert.equal(b2.coordination(group), 'own')
  assert.match(b2.placement.placement?.reason ?? '', /broker 1 is gone/)
  await world.beat(b1)
  assert.equal(b1.coordination(group), b1.coordinatorOf(group) === 1 ? 'own' : 'other')
})

test('each zone has its own brokers, and who has no zone is led all the same', async () => {
  const world = new World()
  const a1 = await world.broker('a1', 'a')
  const b1 = await world.broker('b1', 'b')
  const a2 = await world.broker('a2', 'a')
  const b2 = await world.broker('b2', 'b')
  await world.beat(a1, b1, a2, b2)
  for (let id = 0; id < slotCount; id++) {
    const [inA, inB] = [a1.leaderOf(id, 'a'), a1.leaderOf(id, 'b')]
    assert.ok([1, 3].includes(inA) && [2, 4].includes(inB))
    assert.deepEqual(new Set(a1.replicasOf(id, 'b')), new Set([inA, inB]))
    assert.equal(a1.replicasOf(id, 'b')[0], inB)
    assert.equal(a1.leaderOf(id, 'elsewhere'), b2.leaderOf(id, 'elsewhere'))
  }
})

test('one that drains has nothing any more when it is done, and is not waited for', async () => {
  const world = new World()
  const [b1, b2] = [await world.broker('b1'), await world.broker('b2')]
  await world.beat(b1, b2)
  let isOver = false
  const drained = b1.drain(10_000).then(() => (isOver = true))
  while (!isOver) {
    await world.clock.advance(100)
    await b2.beat()
  }
  await drained
  assert.equal(share(b2, 1), 0)
  assert.deepEqual(idsOf(b2), [1, 2], 'clients may finish with it')
  await b1.leave()
  await b2.beat()
  assert.deepEqual(idsOf(b2), [2])
})

test('one that alone cannot write is relieved of its clients, and has them again', async () => {
  const world = new World()
  const all = await world.three()
  const [b1, b2] = all
  world.impaired.add('b2')
  await world.pass(relieveMs, ...all)
  assert.ok(share(b1, 2) > 0, 'it may be slower only to find that all is well')
  await world.pass(4 * heartbeatMs, ...all)
  assert.equal(share(b1, 2), 0)
  assert.ok(b1.hasImpaired() && idsOf(b1).includes(2), 'it is shown, as it still serves')
  world.impaired.delete('b2')
  await world.pass(returnMs, ...all)
  assert.equal(share(b2, 2), 0, 'it may come and go')
  await world.pass(4 * heartbeatMs, ...all)
  assert.ok(share(b2, 2) >= 80)
})

test('where nobody can write nobody is placed anew, neither then nor when it is over', async () => {
  const world = new World()
  const all = await world.three()
  await world.pass(2 * relieveMs, ...all)
  const { version } = all[0].placement
  for (const found of ['b2', 'b3', 'b1']) world.impaired.add(found)
  await world.pass(10 * relieveMs, ...all)
  for (const ended of ['b3', 'b1', 'b2']) {
    world.impaired.delete(ended)
    await world.pass(heartbeatMs, ...all)
  }
  await world.pass(2 * relieveMs, ...all)
  assert.equal(all[0].placement.version, version)
})

test('who was relieved takes all where the others go, though it cannot write', async () => {
  for (const goes of ['dies', 'drains'] as const) {
    const world = new World()
    const [b1, b2] = [await world.broker('b1'), await world.broker('b2')]
    await world.beat(b1, b2)
    world.impaired.add('b2')
    await world.pass(2 * relieveMs, b1, b2)
    assert.equal(share(b1, 2), 0)
    if (goes === 'drains') {
      const drained = b1.drain(8_000)
      await world.pass(2_000, b2)
      await drained
    } else await world.pass(2 * deadMs, b2)
    assert.equal(share(b2, 2), slotCount, goes)
  }
})

/**
 * The first to reach a database that was away took all others for dead: it showed itself alone,
 * had everything placed there, and half a second later everything back. librdkafka forgets
 * brokers that are not shown.
 */
test('after a catalog was away for all, nobody is dead who is heard soon', async () => {
  const world = new World()
  const [b1, b2, b3] = await world.three()
  const { version } = b3.placement
  await world.clock.advance(200)
  await b1.beat()
  await b2.beat() // of which b3 has not heard
  await world.clock.advance(10_000)
  await b3.beat()
  assert.deepEqual(idsOf(b3), [1, 2, 3])
  await world.pass(excusedMs - heartbeatMs, b3)
  assert.deepEqual(idsOf(b3), [1, 2, 3])
  await world.beat(b2, b3)
  assert.equal(b2.placement.version, version, 'nothing was placed anew')
  assert.equal(b3.placement.version, version)
  await world.pass(heartbeatMs, b2, b3)
  assert.deepEqual(idsOf(b3), [2, 3], 'b1 died meanwhile')
  await world.pass(excusedMs, b2, b3)
  assert.deepEqual(idsOf(b2), [2, 3], 'each was excused once')
  assert.match(b2.placement.placement?.reason ?? '', /broker 1 is gone/)
  await world.beat(b1, b2)
  assert.deepEqual(idsOf(b2), [1, 2, 3])
})

test('a catalog that goes twice takes none of the time to be heard again', async () => {
  const world = new World()
  const [b1, b2, b3] = await world.three()
  const { version } = b3.placement
  await world.clock.advance(10_000)
  await b3.beat()
  await world.clock.advance(10_000)
  await b3.beat()
  assert.deepEqual(idsOf(b3), [1, 2, 3])
  await world.beat(b1, b2, b3)
  assert.equal(b3.placement.version, version)
})

test('who was cut off alone takes no one for alive whom the others know to be dead', async () => {
  const world = new World()
  const [b1, b2, b3] = await world.three()
  await world.pass(3 * deadMs, b3)
  await b1.beat()
  assert.deepEqual(idsOf(b1), [1, 3], 'b2 is not placed any more')
  await world.beat(b2, b1)
  assert.deepEqual(idsOf(b1), [1, 2, 3])
})

test('slow heartbeats of its own keep no one from seeing that another is dead', async () => {
  const world = new World()
  const [b1, b2] = [await world.broker('b1'), await world.broker('b2')]
  await world.beat(b1, b2)
  for (let passed = 0; passed < 3 * deadMs; passed += 1_500) {
    await world.clock.advance(1_500)
    await b2.beat()
  }
  assert.deepEqual(idsOf(b2), [2])
})

test('a catalog that does not answer makes nobody die, and nobody sure', async () => {
  const world = new World()
  const b1 = await world.broker('b1')
  await b1.beat()
  await world.database.close()
  await assert.rejects(b1.beat(), { kind: 'closed' })
  assert.equal(b1.coordination('g'), 'own')
  await world.clock.advance(deadMs)
  assert.equal(b1.coordination('g'), 'unsure')
})
