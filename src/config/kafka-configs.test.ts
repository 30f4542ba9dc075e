/** Our tables of configs beside Kafka's: every name is there, and what differs has a reason. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { brokerConfigTable } from './broker-configs.ts'
import { allowedValue, valueFault, type ValueSpec } from './config-value.ts'
import { groupConfigTable } from './group-configs.ts'
import { topicOptionTable } from './topic-configs.ts'

interface Fact {
  readonly resource: 'topic' | 'broker' | 'group'
  readonly name: string
  readonly type: string
  readonly standard: string | null
}

const facts: Fact[] = readFileSync(
  new URL('testing/kafka-4.3-configs.tsv', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [resource, name = '', type = '', standard = ''] = line.split('\t')
    const isNull = standard === 'null'
    return {
      resource: resource as Fact['resource'],
      name,
      type,
      standard: isNull ? null : standard,
    }
  })

type Spec = ValueSpec & { readonly default: string | null }

const tables: Readonly<Record<Fact['resource'], Readonly<Record<string, Spec>>>> = {
  topic: topicOptionTable,
  broker: brokerConfigTable,
  group: groupConfigTable,
}

/** Defaults that are not Kafka's; docs/reference/config.md says why. */
const otherDefaults: Readonly<Record<string, string | null>> = {
  'broker.id': null,
  'listener.security.protocol.map': null,
  listeners: null,
  'log.dir': null,
  'group.coordinator.rebalance.protocols': null,
  'group.initial.rebalance.delay.ms': '0',
  'max.connections': '10000',
  'max.connections.per.ip.overrides': null,
  'node.id': '1',
  'num.partitions': '4',
  'queued.max.request.bytes': '134217728',
}

test('every config of Kafka 4.3 is there, with its type and default', () => {
  assert.ok(facts.length > 300)
  for (const { resource, name, type, standard } of facts) {
    const spec = tables[resource][name]
    assert.ok(spec !== undefined, `${resource} ${name}`)
    assert.equal(spec.type, type, `the type of ${resource} ${name}`)
    const other = resource === 'broker' ? otherDefaults[name] : undefined
    assert.equal(spec.default, other === undefined ? standard : other, `default of ${name}`)
  }
})

test('topics and groups have no configs that Kafka does not have, but our own', () => {
  for (const resource of ['topic', 'group'] as const) {
    const known = new Set(
      facts.filter((each) => each.resource === resource).map(({ name }) => name),
    )
    const names = Object.keys(tables[resource]).filter((name) => !name.startsWith('karst.'))
    assert.deepEqual(new Set(names), known)
  }
})

test('every default is allowed by its own line', () => {
  for (const [resource, table] of Object.entries(tables)) {
    for (const [name, spec] of Object.entries(table)) {
      if (spec.default === null) continue
      assert.equal(valueFault(spec, spec.default), undefined, `${resource} ${name}`)
      assert.notEqual(allowedValue(spec), '')
    }
  }
})
