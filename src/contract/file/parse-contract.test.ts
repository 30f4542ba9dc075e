/** The contract's file: what is read of it, and what is told of one that is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueText } from './issue.ts'
import { framedOrders, type FramedOrdersOptions } from '../../../test/contract/framed-orders.ts'
import { parseContract } from './parse-contract.ts'

const good = `apiVersion: v3.1.0
kind: DataContract
id: ai.norm.acme.inference
version: 2.1.0
status: active
tenant: acme
team: {name: ai-platform}
servers: [{server: prod, type: kafka, host: "broker:9092", format: json}]
schema:
  - name: ai.inference.completed
    physicalName: ai.norm.acme
    physicalType: topic
    logicalType: object
    properties:
      - {name: occurred_at, logicalType: timestamp, required: true, classification: internal}
      - {name: trace_id, logicalType: string, required: true, classification: internal}
      - {name: consent_id, logicalType: string, classification: internal}
      - {name: actor_id, logicalType: string, required: true, classification: personal}
      - name: input_parts
        logicalType: array
        classification: restricted
        items:
          logicalType: object
          properties: [{name: text, logicalType: string, classification: restricted}]
      - name: label
        logicalType: string
        classification: internal
        customProperties: [{property: ai.frozenLabels, value: [refund, deny, escalate]}]
slaProperties:
  - {property: latency, value: 5, unit: s, driver: operational}
  - {property: retention, value: 180, unit: d, driver: regulatory}
roles:
  - role: eval-jobs
    access: read
    firstLevelApprovers: eval-lead
    customProperties: [{property: ai.delay, value: {value: 2, unit: min}}]
customProperties:
  - {property: ai.enforce, value: {stage: server, onViolation: reject}}
  - {property: ai.compatibility, value: {level: BACKWARD_TRANSITIVE, policy: STRICT}}
  - property: ai.consent
    value: {field: consent_id, purposes: [support, evaluation], required: true}
  - property: ai.facts
    value:
      - {fact: occurred-at, in: value, at: occurred_at}
      - {fact: trace, in: value, at: trace_id}
      - {fact: tenant, in: header, at: ce_tenant, oneOf: [acme]}
      - {fact: classification, in: catalog}
  - property: ai.masking
    value:
      target: ai.masked.acme
      plan: mp-7
      rules:
        - {tag: personal, op: hmac, scope: analytics}
        - {tag: restricted, op: encrypt, keyBy: actor_id}
  - property: ai.rules
    value: [{name: known label, expr: 'value.label != ""', message: give a label}]
  - property: ai.topic
    value: {partitions: 6, key: trace_id, configs: {max.message.bytes: 2000000}}
  - {property: ai.replay, value: {windowDays: 30, rollback: pin version 2.0.x}}
  - {property: ai.lineage, value: {derivedFrom: [ai.raw.acme], transform: otel-genai-dev-1.42}}
`

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
  const cases: readonly [string, string, RegExp][] = [
    ['kind: DataContract', 'kind: Data', /^c\.yaml:2: error: \/kind: must be DataContract/],
    ['version: 2.1.0', 'version: 2.1', /:4: error: \/version: must be MAJOR\.MINOR\.PATCH/],
    ['status: active', 'status: live', /:5: error: \/status: must be one of .*not "live"/],
    ['tenant: acme', 'tenannt: acme', /:6: error: \/tenannt: there is no field tenannt/],
    ['unit: s,', 'unit: fortnight,', /:3\d: error: .*\/unit: must be one of ms, s/],
    [
      'at: trace_id}',
      'at: trace.id}',
      /error: .*trace lives in trace\.id, and .* no such property/,
    ],
    ['op: hmac', 'op: blur', /must be one of tokenise, hmac.*not "blur"/],
    [
      '- {tag: personal, op: hmac, scope: analytics}',
      '',
      /no rule masks what is personal: actor_id/,
    ],
    ['windowDays: 30', 'windowDays: 300', /replay window is longer than the retention/],
    ['\'value.label != ""\'', 'value.label !=', /no CEL/],
    ['key: trace_id', 'key: nobody', /no property nobody/],
    ['property: ai.lineage', 'property: ai.linage', /there is no ai\.linage here/],
    ['onViolation: reject', 'onViolation: explode', /must be one of off, warn, quarantine, reject/],
    ['target: ai.masked.acme', 'target: ai.norm.acme', /own topic: it would be unmasked/],
    ['logicalType: timestamp', 'logicalType: instant', /must be one of string, date, timestamp/],
    ['schema:', 'schemas:', /\/schema: is missing: at least one kind of event/],
  ]
  for (const [from, to, expected] of cases) {
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
