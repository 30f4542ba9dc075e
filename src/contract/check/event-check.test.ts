/** What a producer is told when its records break the contract of their topic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonFormat } from '../../registry/schema/json/json-format.ts'
import type { Contract } from '../contract.ts'
import { eventJsonSchema } from '../event-json-schema.ts'
import { parseContract } from '../file/parse-contract.ts'
import { EventCheck, type EventCheckParts } from './event-check.ts'
import { BatchSchemas } from './held-schemas.ts'
import { bareCheck } from './part-check.ts'
import { type CheckedRecord, type Violation, violationText } from './record.ts'

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

/** What takes nothing from a registry. */
const none = new BatchSchemas(() => undefined)

interface Checked {
  readonly check: (record: CheckedRecord) => Violation | undefined
}

function checkOf(known: Contract, more: Partial<EventCheckParts> = {}): Checked {
  const text = eventJsonSchema(known.events[0]!)
  const parsed = jsonFormat.parse({ text, references: [] })
  assert.ok(parsed.ok)
  const made = jsonFormat.validator(parsed.schema)
  assert.ok(made.ok)
  const { facts, rules } = known
  const value = bareCheck({ part: 'value', isSeen: true }, made.validator)
  const rest = { encoding: 'plain', takesTombstones: false, needsKey: false } as const
  const parts = { key: undefined, keyProperty: undefined, ...rest }
  const check = new EventCheck({ facts, rules, value, ...parts, ...more })
  return { check: (each) => check.check(each, none) }
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

test('the key repeats what the contract says that it does', () => {
  const facts = contract.facts.filter(({ in: place }) => place !== 'key')
  const about = (keyProperty: string, value: object, key: Buffer): string => {
    const check = checkOf(contract, { facts, keyProperty })
    const violation = check.check({ ...record(value), key })
    return violation === undefined ? '' : violationText(violation)
  }
  assert.equal(about('tool', good, Buffer.from('refund')), '')
  assert.equal(about('cents', good, Buffer.from('5')), '', 'numbers as text')
  assert.equal(about('consent.id', good, Buffer.from('c-1')), '')
  const text = about('tool', good, Buffer.from('refunds'))
  assert.match(
    text,
    /^\/tool: the key is "refunds", and must be tool of the value.*"refund" \(key\)/,
  )
  const gone = about('cents', { ...good, cents: null }, Buffer.from('5'))
  assert.match(gone, /must be cents of the value, which is not there/)
  assert.match(about('tool', good, Buffer.from([0xff])), /the key is no text/)
  assert.ok(about('tool', good, Buffer.alloc(5_000, 'a')).length < 300)
})

test('a key with a schema of its own is held to it, and rules see what it says', () => {
  const parsed = jsonFormat.parse({ text: '{"type":"object","required":["id"]}', references: [] })
  assert.ok(parsed.ok)
  const made = jsonFormat.validator(parsed.schema)
  assert.ok(made.ok)
  const facts = contract.facts.filter(({ in: place }) => place !== 'key')
  const rules = [{ name: 'own', expr: 'key.id == value.tool', message: 'the key is the tool' }]
  const key = bareCheck({ part: 'key', isSeen: true }, made.validator)
  const check = checkOf(contract, { facts, rules, key, needsKey: true, takesTombstones: true })
  const told = (text: string, value: CheckedRecord = record(good)): string => {
    const violation = check.check({ ...value, key: Buffer.from(text) })
    return violation === undefined ? '' : violationText(violation)
  }
  assert.equal(told('{"id":"refund"}'), '')
  assert.match(told('{"id":"other"}'), /the key is the tool \(rule:own\)/)
  assert.match(told('{}'), /in the key: .*\(key\)/)
  assert.match(told('{}', { ...record(good), value: null }), /in the key/, 'deletions have keys')
  assert.equal(told('{"id":"any"}', { ...record(good), value: null }), '')
  assert.match(violationText(check.check({ ...record(good), key: null })!), /no key/)
})
