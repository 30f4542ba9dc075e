import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brokerConfigFault,
  brokerConfigTable,
  brokerText,
  describeBrokerConfigs,
  describeClusterConfigs,
  liveOptions,
} from './broker-configs.ts'
import type { BrokerLayers } from './config-rows.ts'
import { describeGroupConfigs, groupConfigFault } from './group-configs.ts'

const layers: BrokerLayers = [
  { source: 'dynamic-broker', values: { 'log.retention.ms': '5' } },
  { source: 'dynamic-default', values: { 'log.retention.ms': '6', 'max.connections': '7' } },
  { source: 'static', values: { 'num.partitions': '8', 'log.retention.hours': '9' } },
]

const facts = {
  'broker.id': '1',
  listeners: 'l',
  'advertised.listeners': 'a',
  'listener.security.protocol.map': 'm',
  'inter.broker.listener.name': 'n',
  'log.dir': 'd',
  'log.dirs': 'd',
  'group.coordinator.rebalance.protocols': 'classic,consumer',
}

test('a broker shows every place that a value could come from', () => {
  const rows = describeBrokerConfigs(layers, facts)
  const row = (name: string) => rows.find((each) => each.name === name)
  assert.deepEqual(row('log.retention.ms')?.synonyms, [
    { name: 'log.retention.ms', text: '5', source: 'dynamic-broker' },
    { name: 'log.retention.ms', text: '6', source: 'dynamic-default' },
    { name: 'log.retention.hours', text: '9', source: 'static' },
  ])
  const shown = (name: string): unknown => [row(name)?.text, row(name)?.source, row(name)?.isNull]
  assert.deepEqual(shown('log.retention.ms'), ['5', 'dynamic-broker', false])
  assert.deepEqual(shown('max.connections'), ['7', 'dynamic-default', false])
  assert.deepEqual(shown('num.partitions'), ['8', 'static', false])
  assert.deepEqual(shown('num.io.threads'), ['8', 'default', false])
  assert.deepEqual(shown('log.retention.minutes'), ['', 'default', true])
  assert.deepEqual(shown('broker.id'), ['1', 'static', false])
  assert.equal(row('ssl.keystore.password')?.spec.isSensitive, true)
  assert.deepEqual(
    describeClusterConfigs(layers[1]?.values ?? {}).map(({ name, source }) => [name, source]),
    [
      ['log.retention.ms', 'dynamic-default'],
      ['max.connections', 'dynamic-default'],
    ],
  )
  assert.equal(brokerText(layers, 'log.retention.ms'), '5')
  assert.equal(brokerText(layers, 'group.consumer.min.session.timeout.ms'), '45000')
  assert.equal(brokerText(layers, 'nothing'), undefined)
})

test('what is live can be set, the rest says why not', () => {
  const overrides = 'max.connections.per.ip.overrides'
  for (const name of liveOptions) {
    const text = name === overrides ? '10.0.0.7:1,[::1]:2' : '5000'
    assert.equal(brokerConfigFault(name, text), undefined, name)
  }
  assert.equal(brokerConfigFault(overrides, ''), undefined)
  assert.equal(brokerConfigFault('log.cleanup.policy', 'compact,delete'), undefined)
  assert.equal(brokerConfigFault('log.retention.ms', '-1'), undefined)
  assert.equal(brokerConfigFault('compression.type', 'zstd'), undefined)
  const kindOf = (name: string, text: string): string | undefined => {
    const wrong = brokerConfigFault(name, text)
    assert.match(wrong?.message ?? '', new RegExp(name.replaceAll('.', String.raw`\.`)))
    return wrong?.kind
  }
  assert.equal(kindOf('log.retention.ms', '-5'), 'bad-value')
  assert.equal(kindOf('num.partitions', '5'), 'not-live')
  assert.equal(kindOf(overrides, 'localhost:5'), 'bad-value')
  assert.equal(kindOf('journal.file.bytes', '5'), 'not-live')
  assert.equal(kindOf('num.io.threads', '5'), 'inert')
  assert.equal(kindOf('compression.type', 'zip'), 'bad-value')
  assert.equal(kindOf('toString', '5'), 'unknown')
  for (const [name, { isLive, doc }] of Object.entries(brokerConfigTable)) {
    assert.ok(doc.length > 10, name)
    assert.equal(brokerConfigFault(name, 'x')?.kind === 'not-live', !isLive && !isInert(doc), name)
  }
})

const isInert = (doc: string): boolean => doc.startsWith('Without effect: ')

test('a group gets on with what the broker allows', () => {
  const text = (name: string): string | undefined => brokerText(layers, name)
  const fault = (name: string, value: string) => groupConfigFault(name, value, text)
  const session = 'consumer.session.timeout.ms'
  assert.equal(fault(session, '50000'), undefined)
  assert.match(fault(session, '5') ?? '', /less than group\.consumer\.min\.session.* \(45000\)/)
  assert.match(fault(session, '5000000') ?? '', /more than .*max\.session\.timeout\.ms \(60000\)/)
  assert.match(fault(session, 'x') ?? '', /not an int from 1/)
  assert.match(fault('nothing', '1') ?? '', /no group config nothing/)
  for (const good of ['latest', 'earliest', 'by_duration:PT1H', 'by_duration:P1DT2.5S']) {
    assert.equal(fault('share.auto.offset.reset', good), undefined, good)
  }
  for (const bad of ['', 'x', 'by_duration:', 'by_duration:P', 'by_duration:PT', '1h']) {
    assert.notEqual(fault('share.auto.offset.reset', bad), undefined, bad)
  }
  const [row] = describeGroupConfigs({ [session]: '50000' }, []).filter(
    ({ name }) => name === session,
  )
  assert.deepEqual(
    row?.synonyms.map((each) => [each.name, each.text, each.source]),
    [
      [session, '50000', 'own'],
      ['group.consumer.session.timeout.ms', '45000', 'default'],
    ],
  )
})
