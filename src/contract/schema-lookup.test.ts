/** What the catalog says of schemas that records name, and how often it is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orderSchemas } from '../../test/contract/framed-orders.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { isFailure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import type { MemoryFault } from '../catalog/memory-faults.ts'
import { Registry } from '../registry/registry.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'
import { guidOf } from '../registry/schema-content.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import type { SubjectSchema } from './check/held-schemas.ts'
import { absentKeptMs, foundKeptMs, SchemaLookup } from './schema-lookup.ts'

const named = (subject: string, id: number | string): SubjectSchema => ({
  subject,
  schema: typeof id === 'number' ? { kind: 'id', id } : { kind: 'guid', guid: id },
})

/** What of them is there. */
async function outcomes(lookup: SchemaLookup, ...asked: SubjectSchema[]): Promise<string[]> {
  return (await lookup.find(asked)).map(({ outcome }) => outcome)
}

const registryOf = (database: CatalogDatabase): Registry =>
  new Registry({ database, formats: schemaFormats, clock: systemClock })

const name = (subject: string, context = '.'): { context: string; subject: string } => {
  return { context, subject }
}

catalogTest('a schema counts where a version of the subject has it', async (database) => {
  const registry = registryOf(database)
  const clock = new VirtualClock()
  const avro = { schemaType: 'AVRO', text: orderSchemas.AVRO, references: [] } as const
  const order = await registry.register(name('orders-value'), avro)
  const other = { schemaType: 'AVRO', text: '"long"', references: [] } as const
  const elsewhere = await registry.register(name('others-value'), other)
  await registry.register(name('orders-value', '.eu'), { ...other, text: '"int"' })
  const lookup = new SchemaLookup(database, clock)
  const { schemaId } = order
  const guid = guidOf(order.hash)
  const asked = [
    named('orders-value', schemaId),
    named('orders-value', guid),
    named('orders-value', guid.toUpperCase()),
    named('orders-value', elsewhere.schemaId),
    named('orders-value', guidOf(elsewhere.hash)),
    named('orders-value', 99),
    named('orders-value', -1),
    named('orders-value', '00000000-0000-0000-0000-000000000000'),
    named('orders-key', schemaId),
  ]
  const gone = ['absent', 'absent', 'absent', 'absent', 'absent', 'absent']
  assert.deepEqual(await outcomes(lookup, ...asked), ['found', 'found', 'found', ...gone])
  const [told] = await lookup.find(asked)
  assert.deepEqual(told, {
    ...named('orders-value', schemaId),
    ...{ outcome: 'found', type: 'AVRO', text: order.text, references: [] },
  })
})

catalogTest('references come along; a version that is deleted counts no more', async (database) => {
  const registry = registryOf(database)
  const clock = new VirtualClock()
  const lookup = new SchemaLookup(database, clock)
  const money = '{"type":"record","name":"Money","fields":[{"name":"cents","type":"int"}]}'
  const avro = { schemaType: 'AVRO', references: [] } as const
  await registry.register(name('money'), { ...avro, text: money })
  const references = [{ name: 'Money', subject: 'money', version: 1 }]
  const text = '{"type":"record","name":"Bill","fields":[{"name":"total","type":"Money"}]}'
  const bill = { ...avro, text, references }
  const { schemaId, version } = await registry.register(name('bills-value'), bill)
  const asked = named('bills-value', schemaId)
  const [told] = await lookup.find([asked])
  assert.deepEqual(told?.outcome === 'found' && told.references, [{ name: 'Money', text: money }])
  await registry.deleteVersion(name('bills-value'), version, false)
  assert.deepEqual(await outcomes(lookup, asked), ['found'], 'for a while')
  await clock.advance(foundKeptMs)
  assert.deepEqual(await outcomes(lookup, asked), ['absent'])
  await registry.register(name('bills-value'), bill)
  assert.deepEqual(await outcomes(lookup, asked), ['absent'], 'for a moment')
  await clock.advance(absentKeptMs)
  assert.deepEqual(await outcomes(lookup, asked), ['found'])
})

test('a flood of unknown ids is one read at a time, none for the same again', async () => {
  let snapshots = 0
  let fault: MemoryFault | undefined
  const clock = new VirtualClock()
  const database = openMemoryDatabase({
    clock: systemClock,
    hooks: {
      fault: ({ transaction, at }) => {
        if (transaction !== 'look up schemas of records' || at !== 'begin') return undefined
        snapshots++
        return fault
      },
    },
  })
  const lookup = new SchemaLookup(database, clock)
  const ids = Array.from({ length: 200 }, (_, at) => at + 1)
  await Promise.all(ids.map((id) => outcomes(lookup, named('a-value', id), named('a-value', id))))
  assert.ok(snapshots <= 5, `${snapshots} reads for 200 questions`)
  const before = snapshots
  await outcomes(lookup, ...ids.map((id) => named('a-value', id)))
  assert.equal(snapshots, before)
  await clock.advance(absentKeptMs)
  await outcomes(lookup, named('a-value', 1))
  assert.equal(snapshots, before + 1)
  fault = { fault: 'fail' }
  await assert.rejects(outcomes(lookup, named('b-value', 1)), (error) =>
    isFailure(error, 'unavailable'),
  )
  fault = undefined
  assert.deepEqual(await outcomes(lookup, named('b-value', 1)), ['absent'], 'nothing is stuck')
})
