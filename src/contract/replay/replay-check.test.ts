/** What a replay says of single records; whole topics are read in test/contract/replay.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../../base/errors.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import type { SchemaType } from '../../registry/schema/schema-format.ts'
import type { CheckedRecord } from '../check/record.ts'
import { parseContract } from '../file/parse-contract.ts'
import { ReplayCheck, type ReplayVerdict } from './replay-check.ts'
import { ReplayReport } from './replay-report.ts'

const { contract } = parseContract(`apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: draft
schema:
  - name: order
    physicalName: orders
    customProperties: [{property: ai.schema, value: {type: AVRO, file: order.avsc}}]
customProperties:
  - {property: ai.enforce, value: {encoding: registry}}
  - {property: ai.topic, value: {key: id}}
  - {property: ai.facts, value: [{fact: tenant, in: header, at: ce_tenant}]}
`)
assert.ok(contract !== undefined)
const orders = contract

const long = { type: 'AVRO', text: '"long"' } as const
/** By id. */
const written: Readonly<Record<number, { readonly type: SchemaType; readonly text: string }>> = {
  1: { type: 'AVRO', text: '"int"' },
  2: { type: 'AVRO', text: '"string"' },
  3: { type: 'JSON', text: '{}' },
  4: { type: 'AVRO', text: '"what was valid once"' },
}

/** With the ids that it has asked for. */
async function opened(): Promise<{ check: ReplayCheck; asked: number[] }> {
  const asked: number[] = []
  const check = await ReplayCheck.open({
    ...{
      contract: orders,
      schema: long,
      keySchema: undefined,
      formats: schemaFormats,
      stripHeaders: false,
    },
    findSchema: async (schema) => {
      const id = schema.kind === 'id' ? schema.id : -1
      asked.push(id)
      const found = written[id]
      return found && { ...found, id, guid: undefined, version: id, references: [] }
    },
  })
  return { check, asked }
}

function record(hex: string, more: Partial<CheckedRecord> = {}): CheckedRecord {
  const headers = [{ name: 'ce_tenant', value: Buffer.from('acme') }]
  return { key: Buffer.from('k'), value: Buffer.from(hex, 'hex'), headers, ...more }
}

const said = (verdict: ReplayVerdict): string => {
  if (verdict.outcome === 'tombstone') return 'tombstone'
  const { violation } = verdict
  return violation === undefined ? 'ok' : `${violation.rule}: ${violation.message}`
}

test('a record is read by its writer’s schema, or told what keeps it from the newest', async () => {
  const { check, asked } = await opened()
  const tell = async (hex: string, more?: Partial<CheckedRecord>): Promise<string> =>
    said(await check.check(record(hex, more)))
  assert.equal(await tell('000000000102'), 'ok')
  assert.match(await tell('000000000202'), /^schema: written as string, which a reader of long/)
  assert.match(await tell('00000000030a'), /^schema-id: written with a schema of type JSON/)
  assert.match(await tell('00000000040a'), /^schema-id: the writer’s schema: not an Avro schema/)
  assert.match(await tell('000000000902'), /^schema-id: the registry has no schema of id 9/)
  assert.match(await tell('0000000001'), /^schema: the payload ends/)
  assert.match(await tell('0000'), /^encoding:/)
  assert.match(await tell('000000000102', { headers: [] }), /^fact:tenant/)
  assert.match(await tell('000000000102', { key: null }), /^key/)
  assert.equal(await tell('', { value: null }), 'tombstone')
  assert.deepEqual(asked, [1, 2, 3, 4, 9], 'each is asked for once')
})

test('a contract whose schema cannot be used is told before anything is read', async () => {
  const parts = {
    ...{ contract: orders, keySchema: undefined, formats: schemaFormats, stripHeaders: false },
  }
  const schema = { type: 'AVRO', text: '"no type"' } as const
  const opening = ReplayCheck.open({ ...parts, schema, findSchema: async () => undefined })
  await assert.rejects(
    opening,
    (error) => isFailure(error, 'invalid') && /contract’s schema/.test(error.message),
  )
})

test('whatever bytes there are end in a verdict', async () => {
  const { check } = await opened()
  const bytes = fc.uint8Array({ maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 5 }), bytes, fc.option(bytes), async (id, rest, header) => {
      const value = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), rest])
      const headers = header === null ? [] : [{ name: '__value_schema_id', value: header }]
      await check.check({ key: null, value, headers })
      await check.check({ key: null, value: rest, headers })
    }),
    { numRuns: 300 },
  )
})

test('a report stays small, whatever comes', () => {
  const report = new ReplayReport([], 2)
  const violation = { rule: 'schema', at: '', message: 'x'.repeat(10_000) }
  for (let id = 0; id < 6_000; id++) {
    const writer = { id, guid: undefined, version: undefined, type: undefined }
    const place = { partition: 0, offset: id, timestampMs: id }
    report.add(place, { outcome: 'failed', writer, violation, sights: [] })
  }
  const { failed, failures, writers, otherWriters } = report.summary()
  assert.deepEqual(
    [failed, failures.length, writers.length, otherWriters],
    [6_000, 2, 5_000, 1_000],
  )
  assert.ok(failures.every(({ message }) => message.length <= 500))
})
