import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract } from './contract.ts'
import { parseContract } from './file/parse-contract.ts'
import { guardedChanges } from './guarded-changes.ts'

const text = `apiVersion: v3.1.0
kind: DataContract
id: c
version: 1.0.0
status: active
schema:
  - name: e
    physicalName: t
    properties:
      - name: label
        logicalType: string
        classification: internal
        customProperties: [{property: ai.frozenLabels, value: [refund, deny]}]
      - {name: actor, logicalType: string, classification: personal}
      - name: parts
        logicalType: array
        items:
          logicalType: object
          properties: [{name: text, logicalType: string, classification: restricted}]
slaProperties: [{property: retention, value: 90, unit: d}]
customProperties:
  - {property: ai.consent, value: {field: actor, purposes: [support]}}
  - {property: ai.replay, value: {windowDays: 30}}
  - property: ai.masking
    value:
      plan: p
      target: masked
      rules: [{tag: personal, op: encrypt}, {tag: restricted, op: redact}]
`

function read(changed: string): Contract {
  const { contract, issues } = parseContract(changed)
  assert.ok(contract !== undefined, JSON.stringify(issues))
  return contract
}

function told(from: string, to: string): string[] {
  assert.ok(text.includes(from), from)
  const changes = guardedChanges(read(text), read(text.replace(from, to)))
  return changes.map(({ rule, at, message }) => `${rule} ${at} ${message}`)
}

test('each guarded change is told with what it means', () => {
  assert.deepEqual(told('version: 1.0.0', 'version: 1.0.1'), [])
  assert.match(
    told('[refund, deny]', '[refund, deny, escalate]').join(),
    /^frozen-labels e\.label .*escalate would come/,
  )
  assert.match(
    told('[refund, deny]', '[refund, reject]').join(),
    /reject would come, deny would go/,
  )
  assert.match(told('ai.frozenLabels', 'ai.values').join(), /not frozen any more/)
  assert.match(
    told('classification: personal', 'classification: internal').join(),
    /^class-lowered e\.actor is personal/,
  )
  assert.match(
    told('string, classification: restricted', 'string, classification: personal').join(),
    /e\.parts\.items\.text/,
  )
  assert.match(told('[support]', '[support, training]').join(), /^purpose-widened training/)
  assert.match(told('op: encrypt', 'op: hmac').join(), /^mask-weakened personal .*encrypt.*hmac/)
  assert.match(told('value: 90, unit: d', 'value: 31, unit: d').join(), /^$/)
  assert.deepEqual(told('classification: internal', 'classification: restricted'), [], 'higher')
})

test('what is stricter needs nobody', () => {
  assert.deepEqual(told('op: encrypt', 'op: drop'), [])
  assert.deepEqual(told('[support]', '[]'), [])
})
