/** What a producer is told when its records break the contract of their topic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonFormat } from '../../registry/schema/json/json-format.ts'
import type { Contract } from '../contract.ts'
import { eventJsonSchema } from '../event-json-schema.ts'
import { parseContract } from '../file/parse-contract.ts'
import { EventCheck, type EventCheckParts } from './event-check.ts'
import { readSchemaId } from './payload.ts'
import { type CheckedRecord, violationText } from './record.ts'

const { contract } = parseContract(`apiVersion: v3.1.0
kind: DataContract
id: decisions
version: 1.0.0
status: active
schema:
  - name: ai.tool.decision
    physicalName: decisions
    properties:
      - {name: tool, logicalType: string, required: true, logicalTypeOptions: {minLength: 1}}
      - {name: cents, logicalType: integer, logicalTypeOptions: {minimum: 0}}
      - name: decision
        logicalType: string
        required: true
        customProperties: [{property: ai.frozenLabels, value: [approved, denied]}]
      - {name: consent, logicalType: object, properties: [{name: id, logicalType: string}]}
customProperties:
  - property: ai.facts
    value:
      - {fact: tenant, in: header, at: ce_tenant, oneOf: [acme, umbra]}
      - {fact: consent, in: value, at: consent.id}
      - {fact: trace, in: key}
  - property: ai.rules
    value:
      - name: dear
        expr: 'value.cents == null || value.cents < 1000 || value.decision == "denied"'
        message: above 10.00 a person decides
`)
assert.ok(contract !== undefined)

function checkOf(known: Contract, more: Partial<EventCheckParts> = {}): EventCheck {
  const text = eventJsonSchema(known.events[0]!)
  const parsed = jsonFormat.parse({ text, references: [] })
  assert.ok(parsed.ok)
  const made = jsonFormat.validator(parsed.schema)
  assert.ok(made.ok)
  const { facts, rules } = known
  const { validator } = made
  const rest = { encoding: 'plain', takesTombstones: false, needsKey: false } as const
  return new EventCheck({ facts, rules, validator, ...rest, ...more })
}

const good = { tool: 'refund', cents: 5, decision: 'approved', consent: { id: 'c-1' } }

function record(
  value: unknown,
  headers: Record<string, string> = { ce_tenant: 'acme' },
): CheckedRecord {
  return {
    key: Buffer.from('trace-1'),
    value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    headers: Object.entries(headers).map(([name, text]) => ({ name, value: Buffer.from(text) })),
  }
}

test('what keeps the contract passes; what breaks it is told, each thing in its own words', () => {
  const check = checkOf(contract)
  assert.equal(check.check(record(good)), undefined)
  assert.equal(check.check(record({ ...good, cents: null })), undefined, 'optional: null is absent')
  const told = (value: unknown, headers?: Record<string, string>): string => {
    const violation = check.check(record(value, headers))
    assert.ok(violation !== undefined)
    return violationText(violation)
  }
  assert.match(told({ ...good, decision: 'approve' }), /^\/decision: .*\(schema\)/)
  assert.match(told({ ...good, tool: '' }), /^\/tool: .*\(schema\)/)
  assert.match(told({ ...good, cents: -1 }), /^\/cents: .*\(schema\)/)
  assert.match(told({ ...good, email: 'a@b.c' }), /email.*\(schema\)/)
  assert.match(told('{"tool":'), /\(schema\)/)
  assert.match(told(good, {}), /^ce_tenant: tenant is missing: .* header ce_tenant \(fact:tenant\)/)
  assert.match(
    told(good, { ce_tenant: 'other' }),
    /tenant is other, and must be one of acme, umbra/,
  )
  assert.match(told({ ...good, consent: {} }), /^\/consent\/id: consent is missing/)
  assert.match(told({ ...good, cents: 5_000 }), /above 10\.00 a person decides \(rule:dear\)/)
  const noKey = check.check({ ...record(good), key: null })
  assert.match(violationText(noKey!), /trace is missing: the contract wants it as the key/)
})

test('tombstones and keys', () => {
  const tombstone = { ...record(good), value: null }
  assert.match(violationText(checkOf(contract).check(tombstone)!), /no value/)
  assert.equal(checkOf(contract, { takesTombstones: true }).check(tombstone), undefined)
  const keyless = { ...record(good), key: null }
  const facts = contract.facts.filter(({ in: place }) => place !== 'key')
  assert.equal(checkOf(contract, { facts }).check(keyless), undefined)
  assert.match(
    violationText(checkOf(contract, { facts, needsKey: true }).check(keyless)!),
    /no key/,
  )
})

test('CloudEvents, binary and structured', () => {
  const check = checkOf(contract, { encoding: 'cloudevents' })
  const attributes = { specversion: '1.0', id: '1', source: '/a', type: 'ai.tool.decision' }
  const prefixed = Object.entries(attributes).map(([name, text]) => [`ce_${name}`, text])
  const headers = { ...Object.fromEntries(prefixed), ce_tenant: 'acme' } as Record<string, string>
  assert.equal(check.check(record(good, headers)), undefined)
  assert.match(violationText(check.check(record(good))!), /ce_specversion, ce_id, .*is missing/)
  const type = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
  const envelope = { ...attributes, tenant: 'umbra', data: good }
  assert.equal(check.check(record(envelope, type)), undefined)
  const base64 = Buffer.from(JSON.stringify(good)).toString('base64')
  const binary = { ...attributes, tenant: 'umbra', data_base64: base64 }
  assert.equal(check.check(record(binary, type)), undefined)
  assert.match(violationText(check.check(record('[1]', type))!), /no JSON object/)
  assert.match(violationText(check.check(record(attributes, type))!), /\(schema\)/)
})

test('the schema’s id in front of the payload or in a header', () => {
  const prefixed = Buffer.from('000000000701', 'hex')
  assert.deepEqual(readSchemaId('value', prefixed, []), {
    schema: { kind: 'id', id: 7 },
    rest: Buffer.from([1]),
  })
  const guid = Buffer.from('010f2df06caec4224a65e3134ba50274ae', 'hex')
  const headers = [{ name: '__value_schema_id', value: guid }]
  assert.deepEqual(readSchemaId('value', Buffer.from([1]), headers), {
    schema: { kind: 'guid', guid: '0f2df06c-aec4-224a-65e3-134ba50274ae' },
    rest: Buffer.from([1]),
  })
  const told = readSchemaId('value', Buffer.from('{"a":1}'), [])
  assert.ok('violation' in told)
  assert.match(told.violation.message, /begins with byte 123.*serializer/)
  assert.ok('violation' in readSchemaId('key', Buffer.from([0, 1]), []))
})
