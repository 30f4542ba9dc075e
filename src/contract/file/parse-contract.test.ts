/** The contract's file: what is read of it, and what is told of one that is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueText } from './issue.ts'
import { framedOrders, type FramedOrdersOptions } from '../../../test/contract/framed-orders.ts'
import {
  inference as good,
  mistakesOfMeaning,
  mistakesOfShape,
} from '../../../test/contract/inference.ts'
import { parseContract } from './parse-contract.ts'

test('all four layers are read', () => {
  const { contract, issues } = parseContract(good)
  assert.deepEqual(issues, [])
  assert.ok(contract !== undefined)
  assert.deepEqual(
    [contract.id, contract.version, contract.owner],
    ['ai.norm.acme.inference', '2.1.0', 'ai-platform'],
  )
  const [event] = contract.events
  assert.equal(event?.topic, 'ai.norm.acme')
  const label = event?.properties.find(({ name }) => name === 'label')
  assert.deepEqual([label?.values, label?.frozenLabels], [['refund', 'deny', 'escalate'], true])
  const consent = contract.facts.find(({ fact }) => fact === 'consent')
  assert.deepEqual(consent, {
    ...{ fact: 'consent', in: 'value', at: 'consent_id', required: true, oneOf: [] },
  })
  assert.equal(contract.enforcement.onViolation, 'reject')
  assert.equal(contract.operations.retentionMs, 180 * 86_400_000)
  assert.deepEqual(contract.operations.configs, { 'max.message.bytes': '2000000' })
  assert.deepEqual(contract.readers[0], { role: 'eval-jobs', access: 'read', delayMsMax: 120_000 })
  assert.deepEqual(contract.approvers, ['eval-lead'])
  assert.equal(contract.masking?.rules.length, 2)
})

/** The good file with one thing changed, and what is told of it. */
function told(from: string, to: string): string[] {
  assert.ok(good.includes(from), from)
  const { issues } = parseContract(good.replace(from, to))
  return issues.map((issue) => issueText('c.yaml', issue))
}

test('each mistake is told with its line, its place and what to do', () => {
  for (const { from, to, told: expected } of [...mistakesOfShape, ...mistakesOfMeaning]) {
    const lines = told(from, to)
    assert.ok(
      lines.some((line) => expected.test(line)),
      `${to}: ${lines.join('\n')}`,
    )
  }
})

test('check: id asks nothing of payloads, and says so where something is', () => {
  const lines = (options: FramedOrdersOptions, more = ''): string[] =>
    parseContract(`${framedOrders(options).text}${more}`)
      .issues.filter(({ severity }) => severity === 'error')
      .map((each) => issueText('c.yaml', each))
  assert.deepEqual(lines({ check: 'id' }), [])
  assert.deepEqual(lines({ check: 'id', hasKeySchema: true }), [])
  assert.match(
    lines({ check: 'id', encoding: 'plain' }).join(),
    /needs encoding: registry, not plain/,
  )
  const rules = '[{name: a, expr: value.cents > 0, message: a}]'
  assert.match(lines({ check: 'id', rules }).join(), /:16: .*rules cannot be told: check: id looks/)
  const facts = `  - property: ai.facts
    value: [{fact: tenant, in: value, at: tenant}, {fact: trace, in: key}]
`
  assert.match(lines({ check: 'id' }, facts).join(), /: tenant in the value cannot be told/)
  const keyed = lines({ check: 'id', hasKeySchema: true }, facts).join()
  assert.match(keyed, /tenant in the value, trace in the key cannot be told/)
  const headers = facts.replace('in: value, at: tenant', 'in: header, at: ce_tenant')
  assert.deepEqual(lines({ check: 'id' }, headers), [])
  const consent = '  - {property: ai.consent, value: {field: consent_id, purposes: [a]}}\n'
  assert.match(lines({ check: 'id' }, consent).join(), /consent in the value cannot be told/)
})

test('a key schema names its file', () => {
  const { text } = framedOrders({ hasKeySchema: true })
  const { contract } = parseContract(text)
  assert.deepEqual(contract?.events[0]?.keySource, { type: 'AVRO', file: 'key' })
  assert.equal(contract?.enforcement.check, 'payload')
  const { issues } = parseContract(text.replace('type: AVRO, file: key', 'type: YAML'))
  assert.match(issues.map(({ message }) => message).join(), /must be one of AVRO.*file|file/)
})

test('what is missing of governance is a warning, and the contract can be used', () => {
  const bare = `apiVersion: v3.1.0
kind: DataContract
id: bare
version: 0.1.0
status: draft
schema: [{name: a, physicalName: a, properties: [{name: x, logicalType: string}]}]
`
  const { contract, issues } = parseContract(bare)
  assert.ok(contract !== undefined)
  assert.deepEqual(
    issues.map(({ rule }) => rule).toSorted((a, b) => a.localeCompare(b)),
    ['no-classification', 'no-fact', 'no-owner'],
  )
  assert.deepEqual(contract.enforcement.onViolation, 'off')
})

test('whatever the file holds, reading it ends with issues or a contract', () => {
  for (const text of ['', '[]', '7', 'a', '{schema: 7, roles: x, customProperties: [3]}']) {
    const { contract, issues } = parseContract(text)
    assert.equal(contract, undefined)
    assert.ok(issues.length > 0)
  }
})
