import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { MemoryFault, MemoryPoint } from '../catalog/memory-faults.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { ClientQuotas } from './client-quotas.ts'
import { entityOf, entityText, type QuotaEntity, quotaFault, readEntity } from './quota-entity.ts'
import { QuotaMeters } from './quota-meters.ts'

class World {
  readonly clock = new VirtualClock()
  fault: ((point: MemoryPoint) => MemoryFault | undefined) | undefined
  readonly database = openMemoryDatabase({
    clock: this.clock,
    hooks: { fault: (at) => this.fault?.(at) },
  })
  readonly quotas = new ClientQuotas(this.database)
  readonly throttles: (readonly [string, number])[] = []
  readonly meters = new QuotaMeters({
    quotas: this.quotas,
    clock: this.clock,
    window: { windowCount: 11, windowMs: 1_000 },
    mutationWindow: { windowCount: 11, windowMs: 1_000 },
    throttled: (key, ms) => void this.throttles.push([key, ms]),
  })

  set(entity: QuotaEntity, change: Record<string, number | undefined>): Promise<'done' | 'full'> {
    return this.quotas.alter([{ entity, change }])
  }
}

const client = { user: 'u', clientId: 'c' }

test('the most specific quota holds, in the order of Kafka', async () => {
  const world = new World()
  const levels: readonly QuotaEntity[] = [
    { 'client-id': null },
    { 'client-id': 'c' },
    { user: null },
    { user: null, 'client-id': null },
    { user: null, 'client-id': 'c' },
    { user: 'u' },
    { user: 'u', 'client-id': null },
    { user: 'u', 'client-id': 'c' },
  ]
  const value = (who = client): number | undefined =>
    world.quotas.ofClient('producer_byte_rate', who)?.value
  assert.equal(value(), undefined)
  for (const [index, entity] of levels.entries()) {
    await world.set(entity, { producer_byte_rate: index + 1 })
    assert.equal(value(), index + 1, JSON.stringify(entity))
  }
  assert.equal(value({ user: 'other', clientId: 'c' }), 5)
  assert.equal(value({ user: 'other', clientId: 'd' }), 4)
  assert.equal(value({ user: 'u', clientId: 'd' }), 7)
  for (const [index, entity] of levels.entries().toArray().toReversed()) {
    assert.equal(value(), index + 1)
    await world.set(entity, { producer_byte_rate: undefined })
  }
  assert.equal(value(), undefined)
  assert.ok(world.quotas.isFree('producer_byte_rate'))
  assert.deepEqual(world.quotas.all(), [])
})

test('an entity that sets another quota is no match: the next level is', async () => {
  const world = new World()
  await world.set({ 'client-id': 'c' }, { consumer_byte_rate: 5 })
  await world.set({ 'client-id': null }, { producer_byte_rate: 7 })
  assert.equal(world.quotas.ofClient('producer_byte_rate', client)?.value, 7)
})

test('who falls under a default has it alone, who shares a name shares its quota', async () => {
  const world = new World()
  await world.set({ 'client-id': null }, { producer_byte_rate: 100 })
  const charge = (user: string, clientId: string): number =>
    world.meters.charge('producer_byte_rate', { user, clientId }, 1_000)
  assert.equal(charge('u', 'a'), 0)
  assert.equal(charge('u', 'b'), 0)
  assert.equal(charge('v', 'a'), 10_000)
  await world.set({ user: 'u' }, { producer_byte_rate: 100 })
  assert.equal(charge('u', 'a'), 0)
  assert.equal(charge('u', 'b'), 10_000, 'a quota of a user counts all client ids together')
})

test('what is set is in the catalog, and changes hold at once', async () => {
  const world = new World()
  await world.quotas.alter([
    { entity: { user: 'u', 'client-id': null }, change: { request_percentage: 12.5 } },
    { entity: { ip: null }, change: { connection_creation_rate: 3 } },
  ])
  await world.set({ user: 'u', 'client-id': null }, { producer_byte_rate: 2 ** 53 + 2 })
  const again = new ClientQuotas(world.database)
  await again.load()
  assert.deepEqual(again.all(), world.quotas.all())
  assert.deepEqual(again.all(), [
    { entity: { ip: null }, values: { connection_creation_rate: 3 } },
    {
      entity: { user: 'u', 'client-id': null },
      values: { request_percentage: 12.5, producer_byte_rate: 2 ** 53 + 2 },
    },
  ])
  const limit = again.ofClient('request_percentage', { user: 'u', clientId: 'x' })
  assert.equal(limit?.value, 12.5)
})

test('a change whose answer is lost is known all the same', async () => {
  const world = new World()
  world.fault = ({ transaction, at }) =>
    transaction === 'change client quotas' && at === 'commit' ? { fault: 'lose-answer' } : undefined
  await assert.rejects(world.set({ user: null }, { producer_byte_rate: 9 }), {
    kind: 'unknown-outcome',
  })
  assert.equal(world.quotas.ofClient('producer_byte_rate', client)?.value, 9)
})

test('entities are told apart by parts and names alone', () => {
  const texts = new Set(
    [
      { user: null },
      { user: 'null' },
      { 'client-id': null },
      { user: 'a', 'client-id': 'b' },
      { user: 'b', 'client-id': 'a' },
      { ip: '::1' },
    ].map((entity: QuotaEntity) => {
      const text = entityText(entity)
      assert.deepEqual(entityOf(text), entity)
      return text
    }),
  )
  assert.equal(texts.size, 6)
  assert.equal(entityText({ 'client-id': 'b', user: 'a' }), '[["user","a"],["client-id","b"]]')
})

test('parts that make no entity are told', () => {
  const read = (...parts: [string, string | null][]): QuotaEntity | string =>
    readEntity(parts.map(([type, name]) => ({ type, name })))
  const fault = (of: QuotaEntity | string): string => (typeof of === 'string' ? of : '')
  assert.deepEqual(read(['user', null], ['client-id', 'c']), { user: null, 'client-id': 'c' })
  assert.deepEqual(read(['ip', '::FFFF:1.2.3.4']), { ip: '1.2.3.4' })
  assert.match(fault(read()), /empty/)
  assert.match(fault(read(['group', 'g'])), /no quota entity of type group/)
  assert.match(fault(read(['user', ''])), /no name/)
  assert.match(fault(read(['user', 'a'], ['user', 'b'])), /two parts/)
  assert.match(fault(read(['user', 'a'], ['ip', null])), /not combined/)
  assert.match(fault(read(['ip', 'localhost'])), /no IP address/)
  assert.match(fault(read(['client-id', 'é'.repeat(513)])), /1026 bytes, at most 1024/)
})

test('values are judged as by Kafka', () => {
  const wrong = (entity: QuotaEntity, key: string, value: number): string =>
    quotaFault(entity, key, value) ?? ''
  const user = { user: 'u' }
  assert.equal(wrong(user, 'producer_byte_rate', 1), '')
  assert.equal(wrong(user, 'request_percentage', 0.5), '')
  assert.equal(wrong({ ip: null }, 'connection_creation_rate', 5), '')
  assert.equal(quotaFault(user, 'controller_mutation_rate', undefined), undefined)
  assert.match(wrong(user, 'producer_byte_rate', 0), /more than 0/)
  assert.match(wrong(user, 'producer_byte_rate', -1), /more than 0/)
  assert.match(wrong(user, 'consumer_byte_rate', Number.NaN), /more than 0/)
  assert.match(wrong(user, 'consumer_byte_rate', 1.5), /whole number/)
  assert.match(wrong(user, 'consumer_byte_rate', 1e19), /at most/)
  assert.match(wrong(user, 'request_percentage', Infinity), /finite/)
  assert.match(wrong(user, 'connection_creation_rate', 5), /no quota of clients/)
  assert.match(wrong({ ip: null }, 'producer_byte_rate', 5), /no quota of ips/)
  assert.match(wrong({ ip: null }, 'connection_creation_rate', 2 ** 31), /at most/)
  assert.match(quotaFault(user, 'toString', undefined) ?? '', /no quota/)
})

test('request time pauses for a window at most', async () => {
  const world = new World()
  await world.set({ user: null }, { request_percentage: 1 })
  assert.equal(world.meters.charge('request_percentage', client, 10), 0)
  assert.equal(world.meters.charge('request_percentage', client, 500), 1_000)
})

test('changes of topics come from a bucket: strict refuses, lenient pauses', async () => {
  const world = new World()
  await world.set({ user: null }, { controller_mutation_rate: 2 })
  const strict = world.meters.mutations(client, true)
  assert.ok(strict.record(30), 'the bucket holds 22, and may owe once')
  assert.equal(strict.throttleMs(), 0)
  assert.ok(!strict.record(1))
  assert.equal(strict.throttleMs(), 4_000)
  await world.clock.advance(1_000)
  assert.equal(strict.throttleMs(), 3_000)
  const lenient = world.meters.mutations(client, false)
  assert.ok(lenient.record(2))
  assert.equal(lenient.throttleMs(), 4_000)
  await world.clock.advance(4_000)
  assert.ok(world.meters.mutations(client, true).record(1))
})

test('connections of an address that come too fast are not counted', async () => {
  const world = new World()
  await world.set({ ip: '10.0.0.1' }, { connection_creation_rate: 1 })
  for (let count = 0; count < 10; count++) assert.equal(world.meters.connection('10.0.0.1'), 0)
  for (let count = 0; count < 3; count++) assert.equal(world.meters.connection('10.0.0.1'), 1_000)
  assert.equal(world.meters.connection('10.0.0.2'), 0)
  assert.deepEqual(world.throttles.at(-1), ['connection_creation_rate', 1_000])
  await world.clock.advance(12_000)
  assert.equal(world.meters.connection('10.0.0.1'), 0)
})

test('who sends under endless client ids takes memory to a limit', async () => {
  const world = new World()
  await world.set({ 'client-id': null }, { producer_byte_rate: 100 })
  const charge = (clientId: string): number =>
    world.meters.charge('producer_byte_rate', { user: 'u', clientId }, 900)
  charge('first')
  for (let id = 0; id < 10_000; id++) charge(`id ${id}`)
  assert.equal(charge('first'), 0, 'forgotten')
  assert.ok(charge('id 9999') > 0, 'kept')
})
