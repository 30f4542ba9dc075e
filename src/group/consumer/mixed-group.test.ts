/** Members of both protocols in one group, and groups that change from one to the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClassicClient } from '../../../test/group/classic-client.ts'
import { ConsumerClient, joining } from '../../../test/group/consumer-client.ts'
import { GroupWorld, outcomeOf, text } from '../../../test/group/group-world.ts'
import type { GroupConfig } from '../config.ts'

async function worldOf(config: Partial<GroupConfig> = {}): Promise<GroupWorld> {
  const world = new GroupWorld({ config })
  await world.addTopic('T', 'topic')
  world.topics.set('T', 'topic', 6)
  return world
}

async function kindOf(world: GroupWorld): Promise<string> {
  const listed = await world.coordinator.list({ states: [], types: [] })
  const [group] = listed.outcome === 'listed' ? listed.groups : []
  return `${group?.type} ${group?.state}`
}

interface Client {
  readonly has: string
  beat(): Promise<unknown>
}

/** Some seconds of heartbeats; nobody ever has what another has. */
async function live(world: GroupWorld, ...clients: Client[]): Promise<string[]> {
  for (let at = 0; at < 8; at++) {
    for (const client of clients) {
      await client.beat()
      const all = clients.flatMap(({ has }) => (has === '' ? [] : has.split(',')))
      assert.equal(new Set(all).size, all.length, `each has its own: ${all.join()}`)
    }
    await world.clock.advance(1_000)
  }
  return clients.map(({ has }) => has)
}

for (const isCooperative of [false, true]) {
  const kind = isCooperative ? 'cooperative' : 'eager'
  test(`a ${kind} classic member joins a consumer group and gets its part`, async () => {
    const world = await worldOf()
    const a = new ConsumerClient(world, 'a')
    await a.join()
    const b = new ClassicClient(world, isCooperative)
    assert.equal(await b.join(), 'synced')
    assert.deepEqual(await live(world, a, b), ['0,1,2', '3,4,5'])
    assert.equal(await b.heartbeat(), 'alive')
    const c = new ConsumerClient(world, 'c')
    await c.join()
    assert.deepEqual(await live(world, a, b, c), ['0,1', '3,4', '2,5'])
    world.crash()
    assert.equal(await b.heartbeat(), 'alive', 'and is known after a restart')
    assert.deepEqual(await live(world, a, b, c), ['0,1', '3,4', '2,5'])
    assert.equal(await kindOf(world), 'consumer stable')
  })
}

test("what a member still uses is nobody else's, whatever generation gave it", async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const b = new ClassicClient(world, true)
  await b.join()
  assert.deepEqual(await live(world, a, b), ['0,1,2', '3,4,5'])
  world.topics.set('T', 'topic', 7)
  await world.clock.advance(1_000)
  await a.beat()
  const joined = await b.joinOnly()
  assert.ok(typeof joined !== 'string')
  const others = [new ConsumerClient(world, 'c'), new ConsumerClient(world, 'd')]
  for (const other of others) await other.join()
  assert.equal(await b.sync(joined), 'rebalance-in-progress', 'others came in between')
  assert.ok(typeof (await b.joinOnly()) !== 'string')
  for (const other of others) await other.beat()
  const used = new Set(b.has.split(','))
  const taken = others.flatMap(({ has }) => has.split(',')).filter((each) => used.has(each))
  assert.deepEqual(taken, [], 'only what b gave up is given to others')
})

test('a classic group becomes a consumer group with its first such member, and back', async () => {
  const world = await worldOf()
  const classic = new ClassicClient(world, true)
  assert.equal(await classic.join(), 'synced')
  // The leader of a classic group assigns: here to itself.
  assert.equal(await kindOf(world), 'classic stable')
  const { generation } = classic
  const a = new ConsumerClient(world, 'a')
  await a.join()
  assert.equal(await kindOf(world), 'consumer reconciling')
  assert.ok(a.epoch > generation, 'epochs count on from generations')
  const shares = await live(world, a, classic)
  assert.deepEqual(
    shares.map((share) => share.split(',').length),
    [3, 3],
  )
  assert.equal(await kindOf(world), 'consumer stable')
  const { epoch } = a
  await a.beat({ memberEpoch: -1 })
  assert.match(await kindOf(world), /^classic/)
  assert.notEqual(await classic.heartbeat(), 'alive')
  assert.equal(await classic.join(), 'synced')
  assert.ok(classic.generation > epoch, 'and generations count on from epochs')
  assert.equal(await kindOf(world), 'classic stable')
  world.crash()
  assert.equal(await classic.heartbeat(), 'alive')
})

test('a group without members takes the protocol of whoever comes', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  await world.commit({ memberId: 'a', generation: 2 })
  await a.beat({ memberEpoch: -1 })
  assert.equal(await kindOf(world), 'consumer empty')
  const classic = new ClassicClient(world)
  assert.equal(await classic.join(), 'synced')
  assert.equal(await kindOf(world), 'classic stable')
  assert.equal(await world.committed(), 7, 'what was committed stays')
  await classic.leave()
  assert.equal(await kindOf(world), 'classic empty')
  await new ConsumerClient(world, 'b').join()
  assert.equal(await kindOf(world), 'consumer stable')
  assert.equal(await world.committed(), 7)
})

test('the migration policy may forbid it', async () => {
  const world = await worldOf({ migrationPolicy: 'disabled' })
  const classic = new ClassicClient(world)
  await classic.join()
  const a = new ConsumerClient(world, 'a')
  assert.equal(await a.refusal(joining), 'group-not-found')
  assert.equal(await classic.heartbeat(), 'alive')
  await classic.leave()
  await a.join()
  assert.equal(await new ClassicClient(world).join(), 'inconsistent-protocol')
})

test('a group that does not consume, or assigns in its own way, stays as it is', async () => {
  const world = await worldOf()
  const connect = { protocolType: 'connect', protocols: [{ name: 'x', metadata: text('?') }] }
  await world.stable(connect)
  const a = new ConsumerClient(world, 'a')
  assert.equal(await a.refusal(joining), 'group-not-found')
  assert.equal(await world.state(), 'stable 1')
  const other = await worldOf()
  await new ConsumerClient(other, 'a').join()
  assert.equal(outcomeOf((await other.join(connect)).answer), 'inconsistent-protocol')
})

test('a classic member that does not join again in time is gone', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const b = new ClassicClient(world)
  await b.join()
  await live(world, a, b)
  await new ConsumerClient(world, 'c').join()
  // Its rebalance timeout is 60 s: heartbeats alone do not help.
  for (let at = 0; at < 13; at++) {
    await a.beat()
    await b.heartbeat()
    await world.clock.advance(5_000)
  }
  assert.equal(await b.heartbeat(), 'unknown-member')
})

test('a classic member that joins and does not ask for its assignment is gone', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const b = new ClassicClient(world)
  const joined = await b.joinOnly()
  assert.ok(typeof joined !== 'string')
  for (let at = 0; at < 13; at++) {
    await a.beat()
    await world.heartbeat(joined)
    await world.clock.advance(5_000)
  }
  assert.equal(await world.heartbeat(joined), 'unknown-member')
})

test('a static member may change its protocol and keeps its place', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const b = new ClassicClient(world, false, 'i')
  await b.join()
  assert.deepEqual(await live(world, a, b), ['0,1,2', '3,4,5'])
  const next = new ConsumerClient(world, 'b', { instanceId: 'i' })
  await next.join({ instanceId: 'i' })
  assert.equal(next.has, '3,4,5')
  assert.equal(await b.heartbeat(), 'unknown-member')
  const back = new ClassicClient(world, false, 'i')
  assert.equal(await back.join(), 'synced')
  assert.equal(back.has, '3,4,5')
  assert.equal(await next.refusal({ instanceId: 'i' }), 'fenced-instance')
  const removed = await world.leave(['', 'i'], ['a', null], ['x', null])
  assert.deepEqual(removed.outcome === 'left' && removed.members.map(({ refusal }) => refusal), [
    null,
    'unknown-member',
    'unknown-member',
  ])
  assert.deepEqual(await live(world, a), ['0,1,2,3,4,5'])
})

test('classic members commit under their generation, and say what they read as', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const b = new ClassicClient(world)
  await b.join()
  const { memberId, generation } = b
  const commit = { memberId, generation, understandsEpochs: false }
  assert.equal(outcomeOf(await world.commit(commit)), 'committed')
  const stale = { ...commit, generation: 0 }
  assert.equal(outcomeOf(await world.commit(stale)), 'illegal-generation')
})

test('members that share no classic protocol do not come together', async () => {
  const world = await worldOf()
  await new ConsumerClient(world, 'a').join()
  await new ClassicClient(world).join()
  const protocols = [{ name: 'other', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) }]
  assert.equal(outcomeOf((await world.join({ protocols })).answer), 'inconsistent-protocol')
  const none = [{ name: 'range', metadata: text('not a subscription') }]
  assert.equal(outcomeOf((await world.join({ protocols: none })).answer), 'inconsistent-protocol')
})
