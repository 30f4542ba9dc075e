import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { optionTable } from './options.ts'
import type { BrokerLayers } from './config-rows.ts'
import { parseConfig } from './parse-config.ts'
import {
  describeTopicConfigs,
  parseTopicConfigs,
  staticLayer,
  topicOptionNames,
  topicOptionTable,
  topicRelationFault,
  type TopicConfigs,
} from './topic-configs.ts'

const started = (values: Record<string, string>): BrokerLayers => [{ source: 'static', values }]

function read(given: Record<string, string | null>, broker?: BrokerLayers) {
  const parsed = parseTopicConfigs(given, broker)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.errors.map(({ message }) => message).join('\n'))
  return parsed
}
function errorOf(name: string, text: string | null): string {
  const parsed = parseTopicConfigs({ [name]: text })
  assert.ok(!parsed.ok, `${name}=${text} must be refused`)
  return parsed.errors.map(({ message }) => message).join('\n')
}

test('a topic that says nothing has the defaults, each allowed by its own line', () => {
  const { configs } = read({})
  const policy: readonly ('delete' | 'compact')[] = configs['cleanup.policy']
  const timestamps: 'CreateTime' | 'LogAppendTime' = configs['message.timestamp.type']
  const retention: number = configs['retention.ms']
  assert.deepEqual([policy, timestamps, retention], [['delete'], 'CreateTime', 604_800_000])
  assert.equal(configs['flush.ms'], Number.MAX_SAFE_INTEGER)
  assert.equal(configs['min.cleanable.dirty.ratio'], 0.5)
  assert.deepEqual(configs['leader.replication.throttled.replicas'], [])
  for (const name of topicOptionNames) {
    assert.ok(read({ [name]: topicOptionTable[name]?.default ?? '' }).ok, name)
  }
})

test('what is given counts, and is kept as it was written', () => {
  const { configs, overrides } = read({
    'cleanup.policy': 'compact, delete',
    'retention.ms': ' -1 ',
    preallocate: 'TRUE',
    'flush.messages': '9223372036854775807',
  })
  const some: Partial<TopicConfigs> = configs
  assert.deepEqual(some['cleanup.policy'], ['compact', 'delete'])
  assert.equal(some['retention.ms'], -1)
  assert.equal(some.preallocate, true)
  assert.equal(some['flush.messages'], Number.MAX_SAFE_INTEGER)
  assert.deepEqual(overrides, {
    'cleanup.policy': 'compact, delete',
    'retention.ms': '-1',
    preallocate: 'TRUE',
    'flush.messages': '9223372036854775807',
  })
})

test('the broker speaks where the topic does not', () => {
  const broker = started({ 'log.retention.ms': '1000', 'message.max.bytes': '2000' })
  const { configs } = read({ 'max.message.bytes': '3000' }, broker)
  assert.equal(configs['retention.ms'], 1000)
  assert.equal(configs['max.message.bytes'], 3000)
})

test('what a broker was told is what its topics inherit', () => {
  const loaded = parseConfig({ flags: { 'log-retention-ms': '1h', 'num-partitions': '9' } })
  assert.ok(loaded.ok)
  const { values } = staticLayer(loaded)
  assert.deepEqual(values, { 'log.retention.ms': '3600000', 'num.partitions': '9' })
  assert.equal(read({}, [staticLayer(loaded)]).configs['retention.ms'], 3_600_000)
})

test('errors say what is allowed', () => {
  assert.equal(
    errorOf('retention.m', '1'),
    'there is no topic config retention.m. Did you mean retention.ms?',
  )
  assert.equal(errorOf('retention.ms', '7d'), 'retention.ms: "7d" is not a long from -1')
  assert.equal(errorOf('retention.ms', '-2'), 'retention.ms: "-2" is not a long from -1')
  assert.equal(errorOf('retention.ms', null), 'retention.ms: null is not a value')
  assert.match(errorOf('retention.ms', '9223372036854775808'), /is not a long/)
  assert.match(errorOf('segment.bytes', '2147483648'), /is not an int from 1048576/)
  assert.match(errorOf('cleanup.policy', 'delete,purge'), /a list of delete, compact/)
  assert.match(errorOf('message.timestamp.type', 'createtime'), /one of CreateTime, LogAppendTime/)
  assert.match(errorOf('min.cleanable.dirty.ratio', '1.5'), /a double from 0 to 1/)
  assert.match(errorOf('preallocate', 'yes'), /true or false/)
  assert.match(errorOf('__proto__x', '1'), /there is no topic config/)
  assert.match(errorOf('constructor', '1'), /there is no topic config/)
})

test('hours and minutes stand for milliseconds, and the finest counts', () => {
  const retention = (values: Record<string, string>): number =>
    read({}, started(values)).configs['retention.ms']
  assert.equal(retention({ 'log.retention.hours': '2' }), 7_200_000)
  assert.equal(retention({ 'log.retention.hours': '2', 'log.retention.minutes': '3' }), 180_000)
  assert.equal(retention({ 'log.retention.minutes': '3', 'log.retention.ms': '4' }), 4)
  assert.equal(retention({ 'log.retention.hours': '-1' }), -1)
  const [row] = describeTopicConfigs({}, started({ 'log.retention.hours': '2' })).filter(
    ({ name }) => name === 'retention.ms',
  )
  assert.deepEqual([row?.text, row?.source], ['7200000', 'static'])
  assert.equal(row?.synonyms[0]?.text, '2')
})

test('throttled replicas, levels and what configs owe each other', () => {
  const throttled = 'leader.replication.throttled.replicas'
  for (const text of ['', '*', '0:1', '0:1, 12:3']) assert.ok(read({ [throttled]: text }).ok)
  for (const text of ['x', '0', '0:1,', '*,0:1']) assert.match(errorOf(throttled, text), /'\*' or/)
  assert.equal(read({ 'compression.gzip.level': '-1' }).configs['compression.gzip.level'], -1)
  assert.match(errorOf('compression.gzip.level', '0'), /an int from 1 to 9, or -1/)
  assert.equal(topicRelationFault(read({}).configs), undefined)
  const { configs } = read({ 'min.compaction.lag.ms': '6', 'max.compaction.lag.ms': '5' })
  assert.match(topicRelationFault(configs) ?? '', /min\.compaction\.lag\.ms \(6\) is more than/)
})

test('what Kafka allows and Karst does not is refused with the reason', () => {
  assert.match(errorOf('remote.storage.enable', 'true'), /there is no second tier/)
})

test('a description names every source, the one that counts first', () => {
  const rows = describeTopicConfigs({ 'retention.ms': '5' }, [
    { source: 'dynamic-broker', values: { 'log.retention.ms': '6' } },
    { source: 'dynamic-default', values: { 'log.retention.ms': '7' } },
    { source: 'static', values: { 'log.retention.minutes': '8' } },
  ])
  assert.equal(rows.length, topicOptionNames.length)
  const [row] = rows.filter(({ name }) => name === 'retention.ms')
  assert.equal(row?.text, '5')
  assert.equal(row.source, 'own')
  assert.deepEqual(row.synonyms, [
    { name: 'retention.ms', text: '5', source: 'own' },
    { name: 'log.retention.ms', text: '6', source: 'dynamic-broker' },
    { name: 'log.retention.ms', text: '7', source: 'dynamic-default' },
    { name: 'log.retention.minutes', text: '8', source: 'static' },
    { name: 'log.retention.hours', text: '168', source: 'default' },
  ])
  const [plain] = rows.filter(({ name }) => name === 'segment.ms')
  assert.deepEqual([plain?.text, plain?.source], ['604800000', 'default'])
})

test('where a broker option has a topic config, their defaults agree', () => {
  const shared = topicOptionNames.filter(
    (name) => optionTable[topicOptionTable[name]?.broker ?? ''] !== undefined,
  )
  assert.deepEqual(shared, ['max.message.bytes', 'retention.bytes', 'retention.ms'])
  for (const name of shared.slice(0, 2)) {
    const spec = topicOptionTable[name]
    assert.equal(String(optionTable[spec?.broker ?? '']?.default), spec?.default)
  }
})

test('any text is read or refused, and what is read again is the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...topicOptionNames),
      fc.oneof(fc.string(), fc.bigInt().map(String), fc.double().map(String)),
      (name, text) => {
        const parsed = parseTopicConfigs({ [name]: text })
        if (!parsed.ok) return
        assert.deepEqual(parseTopicConfigs(parsed.overrides), parsed)
      },
    ),
  )
})
