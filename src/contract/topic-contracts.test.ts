/** What the broker takes on topics whose contract asks for schema ids, from apply to the verdict. */
import assert from 'node:assert/strict'
import {
  framedOrders,
  type FramedOrdersOptions,
  keySchemas,
  orderSchemas,
} from '../../test/contract/framed-orders.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { readTopic } from '../catalog/topics.ts'
import { buildBatch, type NewRecord } from '../record/build-batch.ts'
import { Registry } from '../registry/registry.ts'
import { guidOf } from '../registry/schema-content.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'
import type { SubjectVersion } from '../registry/subject-version.ts'
import type { JudgedBatch } from './check/judge-batch.ts'
import { violationText } from './check/record.ts'
import { inlineChecker } from './check/record-checker.ts'
import { type Applied, Contracts } from './contracts.ts'
import { absentKeptMs, foundKeptMs } from './schema-lookup.ts'
import { TopicContracts } from './topic-contracts.ts'

class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly database: CatalogDatabase
  readonly registry: Registry
  readonly contracts: Contracts
  readonly topicContracts: TopicContracts
  #ids = 0

  constructor(database: CatalogDatabase) {
    this.database = database
    this.registry = new Registry({ database, formats: schemaFormats, clock: systemClock })
    this.contracts = new Contracts({
      ...{ database, parser: this.registry.parser, leaderEpoch: 1 },
      nowMs: () => 1,
      freshTopicId: () => `topic-${++this.#ids}`,
      partitionCount: () => 1,
      configFault: () => undefined,
      changed: async () => undefined,
    })
    const checker = inlineChecker(schemaFormats)
    this.topicContracts = new TopicContracts({
      database,
      checker,
      clock: this.clock,
      log: silentLog,
    })
  }

  async apply(options: FramedOrdersOptions): Promise<Applied> {
    const applied = await this.contracts.apply(framedOrders(options))
    assert.ok(applied.revision !== undefined, JSON.stringify(applied))
    return applied
  }

  version(subject: string): Promise<SubjectVersion> {
    return this.registry.version({ context: '.', subject }, 'latest', false)
  }

  /** What is said of each record that is refused, by its place in the batch. */
  async refusals(records: readonly Partial<NewRecord>[], name = 'orders'): Promise<string[]> {
    const topic = await readTopic(this.database, name)
    const whole = records.map((each) => ({ key: null, value: null, timestampMs: 1, ...each }))
    const bound = { name, contract: topic?.contract ?? null, isCompacted: false }
    const refusal = await this.topicContracts.check(bound, buildBatch(whole))
    return (refusal?.verdict.violations ?? []).map((each) => {
      return `${each.index} ${violationText(each)}`
    })
  }
}

function prefixed(id: number, payload: Uint8Array | string, indexes = ''): Buffer {
  const head = Buffer.from(`00${id.toString(16).padStart(8, '0')}${indexes}`, 'hex')
  return Buffer.concat([head, Buffer.from(payload)])
}

const avroOrder = Buffer.from('066f2d310a', 'hex')
const protobufOrder = Buffer.from('0a036f2d311005', 'hex')
const payloads = {
  AVRO: avroOrder,
  JSON: Buffer.from('{"id":"o-1","cents":5}'),
  PROTOBUF: protobufOrder,
} as const

for (const type of ['AVRO', 'JSON', 'PROTOBUF'] as const) {
  const indexes = type === 'PROTOBUF' ? '00' : ''
  catalogTest(`${type}: in front and in the header, id and GUID`, async (database) => {
    const world = new World(database)
    await world.apply({ type })
    const { schemaId, hash } = await world.version('orders-value')
    const guid = Buffer.from(`01${guidOf(hash).replaceAll('-', '')}${indexes}`, 'hex')
    const id = prefixed(schemaId, '', indexes)
    const payload = payloads[type]
    const inHeader = (value: Buffer): Partial<NewRecord> => {
      return { value: payload, headers: [{ key: '__value_schema_id', value }] }
    }
    const good = [
      { value: prefixed(schemaId, payload, indexes) },
      { value: Buffer.concat([guid, payload]) },
      inHeader(guid),
      inHeader(id),
    ]
    assert.deepEqual(await world.refusals(good), [])
    const [unknown, bare, bad, ...others] = await world.refusals([
      { value: prefixed(99, payload, indexes) },
      ...good,
      { value: payload },
      { value: prefixed(schemaId, payload.subarray(0, -1), indexes) },
    ])
    assert.match(unknown ?? '', /^0 .*id 99 is no version of the subject orders-value/)
    assert.match(bare ?? '', /^5 .*tells no schema/)
    assert.match(bad ?? '', /^6 .*\(schema\)/)
    assert.deepEqual(others, [])
  })
}

catalogTest('rules run over what each version decodes to', async (database) => {
  const world = new World(database)
  await world.apply({})
  const next = JSON.parse(orderSchemas.AVRO) as { fields: object[] }
  next.fields.push({ name: 'note', type: 'string', default: '' })
  const request = { schemaType: 'AVRO', text: JSON.stringify(next), references: [] } as const
  const first = await world.version('orders-value')
  const value = prefixed(first.schemaId, avroOrder)
  assert.deepEqual(await world.refusals([{ value }]), [])
  const second = await world.registry.register({ context: '.', subject: 'orders-value' }, request)
  const noted = Buffer.concat([avroOrder, Buffer.from('00', 'hex')])
  assert.deepEqual(await world.refusals([{ value: prefixed(second.schemaId, noted) }]), [])
  const [short, long, dear] = await world.refusals([
    { value: prefixed(second.schemaId, avroOrder) },
    { value: prefixed(first.schemaId, noted) },
    { value: prefixed(first.schemaId, Buffer.from('066f2d3180ea30', 'hex')) },
  ])
  assert.match(short ?? '', /^0 .*\(schema\)/)
  assert.match(long ?? '', /^1 .*\(schema\)/)
  assert.match(dear ?? '', /^2 a person decides above 100\.00 \(rule:few\)/)
  // Deleted by another broker: it counts on for a while, and then no more.
  const { version } = second
  await world.registry.deleteVersion({ context: '.', subject: 'orders-value' }, version, false)
  const late = [{ value: prefixed(second.schemaId, noted) }]
  assert.deepEqual(await world.refusals(late), [])
  await world.clock.advance(2 * foundKeptMs)
  assert.match((await world.refusals(late)).join(), /no version of the subject/)
  await world.registry.register({ context: '.', subject: 'orders-value' }, request)
  await world.clock.advance(absentKeptMs)
  assert.deepEqual(await world.refusals(late), [], 'what comes again counts again')
})

catalogTest('check: id looks at ids only', async (database) => {
  const world = new World(database)
  await world.apply({ check: 'id', hasKeySchema: true })
  const value = await world.version('orders-value')
  const key = await world.version('orders-key')
  const sealed = { value: prefixed(value.schemaId, 'sealed'), key: prefixed(key.schemaId, 'any') }
  assert.deepEqual(await world.refusals([sealed]), [])
  const [other, keyless] = await world.refusals([
    { ...sealed, value: prefixed(key.schemaId, 'sealed') },
    { value: sealed.value },
  ])
  assert.match(other ?? '', /^0 .*no version of the subject orders-value/)
  assert.match(keyless ?? '', /^1 the record has no key/)
})

// One check of half a minute must not keep the groups of all others waiting for it.
catalogTest(
  'checks are under way while one begins or ends every few milliseconds',
  async (database) => {
    const world = new World(database)
    await world.apply({})
    const jobs: PromiseWithResolvers<JudgedBatch>[] = []
    const check = (): Promise<JudgedBatch> => {
      const job = Promise.withResolvers<JudgedBatch>()
      jobs.push(job)
      return job.promise
    }
    const checker = { check, close: async () => undefined }
    const { clock } = world
    const contracts = new TopicContracts({ database, checker, clock, log: silentLog })
    const topic = await readTopic(database, 'orders')
    const bound = { name: 'orders', contract: topic?.contract ?? null, isCompacted: false }
    const bytes = buildBatch([{ key: null, value: avroOrder, timestampMs: 1 }])
    const sent = [contracts.check(bound, bytes), contracts.check(bound, bytes)]
    while (jobs.length < 2) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(contracts.isChecking, true)
    await clock.advance(3)
    assert.equal(contracts.isChecking, false)
    const kept = { violations: [], count: 0, records: 1, asked: [] }
    jobs[0]?.resolve(kept)
    await sent[0]
    assert.equal(contracts.isChecking, true)
    jobs[1]?.resolve(kept)
    await sent[1]
    assert.equal(contracts.isChecking, false)
  },
)

catalogTest('a key schema is registered, and keys are held to it', async (database) => {
  const world = new World(database)
  const applied = await world.apply({ hasKeySchema: true })
  const subjects = applied.plan?.changes.filter(({ area }) => area === 'subject')
  assert.deepEqual(
    subjects?.map(({ target, action }) => [target, action]),
    [
      ['orders-value', 'create'],
      ['orders-key', 'create'],
    ],
  )
  const value = await world.version('orders-value')
  const key = await world.version('orders-key')
  assert.equal(key.metadata?.properties?.['contract.id'], 'orders')
  const good = {
    value: prefixed(value.schemaId, avroOrder),
    key: prefixed(key.schemaId, '\u0002a'),
  }
  const guid = Buffer.from(`01${guidOf(key.hash).replaceAll('-', '')}`, 'hex')
  const header = [{ key: '__key_schema_id', value: guid }]
  const inHeader = { value: good.value, key: Buffer.from('\u0002a'), headers: header }
  assert.deepEqual(await world.refusals([good, inHeader]), [])
  const [bad, foreign, bare, none] = await world.refusals([
    { ...good, key: prefixed(key.schemaId, '\u0004a') },
    { ...good, key: prefixed(value.schemaId, avroOrder) },
    { ...good, key: Buffer.from('a') },
    { value: good.value },
  ])
  assert.match(bad ?? '', /^0 in the key: .*\(key\)/)
  assert.match(foreign ?? '', /^1 .*is no version of the subject orders-key/)
  assert.match(bare ?? '', /^2 the key tells no schema/)
  assert.match(none ?? '', /^3 the record has no key/)
  const breaking = { ...framedOrders({ hasKeySchema: true, version: '2.0.0', keyText: '"int"' }) }
  const { plan, revision } = await world.contracts.apply(breaking)
  assert.equal(revision, undefined)
  assert.match(plan?.faults.join() ?? '', /subject orders-key: .*incompatible/)
  const unsent = await world.contracts.apply({ ...breaking, files: { order: orderSchemas.AVRO } })
  assert.match(unsent.plan?.faults.join() ?? '', /names key, which was not sent along/)
})

catalogTest('plain: a key is bare, or the text of a property', async (database) => {
  const world = new World(database)
  const key = keySchemas.JSON
  await world.apply({ type: 'JSON', encoding: 'plain', hasKeySchema: true, keyText: key })
  const value = payloads.JSON
  const [misfit, none] = await world.refusals([
    { value, key: Buffer.from('"any"') },
    { value, key: Buffer.from('any') },
    { value },
  ])
  assert.match(misfit ?? '', /^1 in the key: .*\(key\)/)
  assert.match(none ?? '', /^2 the record has no key/)
  const topicMore = ', key: id'
  await world.apply({ type: 'JSON', encoding: 'plain', topicMore, version: '2.0.0' })
  const [differs, ...others] = await world.refusals([
    { value, key: Buffer.from('o-1') },
    { value, key: Buffer.from('o-2') },
  ])
  assert.match(differs ?? '', /^1 \/id: the key is "o-2", and must be id of the value.*"o-1"/)
  assert.deepEqual(others, [])
})
