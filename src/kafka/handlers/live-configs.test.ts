/** Configs of brokers and groups that are set at run time, and old and new ways to set them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { describeConfigs } from '../../wire/messages/32-describe-configs.ts'
import { alterConfigs } from '../../wire/messages/33-alter-configs.ts'
import { incrementalAlterConfigs } from '../../wire/messages/44-incremental-alter-configs.ts'
import { listConfigResources } from '../../wire/messages/74-list-config-resources.ts'

const [topic, broker, logger, metrics, group] = [2, 4, 8, 16, 32]
const [set, unset, append, subtract] = [0, 1, 2, 3]

type Operation = readonly [name: string, operation: number, value: string | null]

/** One resource; its code. */
async function alter(
  world: KafkaWorld,
  [resourceType, resourceName]: readonly [number, string],
  operations: readonly Operation[],
  validateOnly = false,
): Promise<number | undefined> {
  const configs = operations.map(([name, configOperation, value]) => {
    return { name, configOperation, value }
  })
  const resources = [{ resourceType, resourceName, configs }]
  const answer = await world.ask(incrementalAlterConfigs, 1, { resources, validateOnly })
  const [reply] = answer.responses
  assert.equal(reply?.errorCode === ErrorCode.NONE, reply?.errorMessage === null)
  return reply?.errorCode
}

/** Value, source and synonyms of one config. */
async function shown(
  world: KafkaWorld,
  [resourceType, resourceName]: readonly [number, string],
  name: string,
): Promise<unknown> {
  const resources = [{ resourceType, resourceName, configurationKeys: [name] }]
  const asked = { resources, includeSynonyms: true, includeDocumentation: true }
  const { results } = await world.ask(describeConfigs, 4, asked)
  const [row] = results[0]?.configs ?? []
  if (row === undefined) return undefined
  const synonyms = row.synonyms.map((each) => `${each.name}=${each.value} (${each.source})`)
  return [row.value, row.configSource, synonyms]
}

test('topics inherit what brokers are told at run time, at once', async () => {
  const world = new KafkaWorld({ 'log.retention.minutes': '1' })
  await world.topic('t')
  const retention = (): unknown => world.broker.topics.byName('t')?.effective['retention.ms']
  assert.equal(retention(), 60_000)
  assert.equal(await alter(world, [broker, ''], [['log.retention.ms', set, '5']]), 0)
  assert.equal(retention(), 5)
  assert.equal(await alter(world, [broker, '1'], [['log.retention.ms', set, '6']]), 0)
  assert.equal(retention(), 6)
  assert.deepEqual(await shown(world, [topic, 't'], 'retention.ms'), [
    '6',
    2,
    [
      'log.retention.ms=6 (2)',
      'log.retention.ms=5 (3)',
      'log.retention.minutes=1 (4)',
      'log.retention.hours=168 (5)',
    ],
  ])
  assert.deepEqual(await shown(world, [broker, '1'], 'log.retention.ms'), [
    '6',
    2,
    ['log.retention.ms=6 (2)', 'log.retention.ms=5 (3)', 'log.retention.minutes=1 (4)'],
  ])
  assert.deepEqual(await shown(world, [broker, ''], 'log.retention.ms'), [
    '5',
    3,
    ['log.retention.ms=5 (3)'],
  ])
  await alter(world, [broker, '1'], [['log.retention.ms', unset, null]])
  assert.equal(retention(), 5)
  await alter(world, [topic, 't'], [['retention.ms', set, '7']])
  assert.equal(retention(), 7, 'the topic’s own word counts')
})

test('lists of brokers grow from what holds', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const policy = (): unknown => world.broker.topics.byName('t')?.effective['cleanup.policy']
  assert.equal(await alter(world, [broker, ''], [['log.cleanup.policy', append, 'compact']]), 0)
  assert.deepEqual(policy(), ['delete', 'compact'])
  assert.equal(await alter(world, [broker, ''], [['log.cleanup.policy', subtract, 'delete']]), 0)
  assert.deepEqual(policy(), ['compact'])
  const wrong = await alter(world, [broker, ''], [['log.retention.ms', append, '1']])
  assert.equal(wrong, ErrorCode.INVALID_CONFIG)
})

test('what is read at the start, or has no effect, or is not there, is refused', async () => {
  const world = new KafkaWorld()
  const one = (name: string, value: string) => alter(world, [broker, '1'], [[name, set, value]])
  assert.equal(await one('num.partitions', '5'), ErrorCode.INVALID_REQUEST)
  assert.equal(await one('log.retention.ms', 'x'), ErrorCode.INVALID_REQUEST)
  assert.equal(await one('num.io.threads', '5'), ErrorCode.INVALID_CONFIG)
  assert.equal(await one('nothing', '5'), ErrorCode.INVALID_CONFIG)
  assert.equal(await one('max.connections', '5'), ErrorCode.NONE)
  assert.equal(world.broker.configs.integer('max.connections', 9), 5)
  const change: Operation[] = [['log.retention.ms', set, '5']]
  assert.equal(await alter(world, [broker, '2'], change), ErrorCode.INVALID_REQUEST)
  assert.equal(await alter(world, [broker, 'x'], change), ErrorCode.INVALID_REQUEST)
  assert.equal(await alter(world, [broker, '1'], [['nothing', unset, null]]), ErrorCode.NONE)
  const beside: Operation[] = [...change, ['num.partitions', set, '5']]
  assert.equal(await alter(world, [broker, ''], beside), ErrorCode.INVALID_REQUEST)
  assert.deepEqual(world.broker.configs.own({ kind: 'broker', name: '' }), {}, 'whole or not')
})

test('groups have configs of their own, also before they are there', async () => {
  const world = new KafkaWorld()
  const session = 'consumer.session.timeout.ms'
  const own = (): unknown => world.broker.configs.own({ kind: 'group', name: 'g' })
  const change = (value: string, validateOnly = false) =>
    alter(world, [group, 'g'], [[session, set, value]], validateOnly)
  assert.equal(await change('5'), ErrorCode.INVALID_CONFIG)
  assert.equal(await change('50000', true), ErrorCode.NONE)
  assert.deepEqual(own(), {})
  assert.equal(await change('50000'), ErrorCode.NONE)
  assert.deepEqual(own(), { [session]: '50000' })
  assert.deepEqual(await shown(world, [group, 'g'], session), [
    '50000',
    8,
    [`${session}=50000 (8)`, `group.${session}=45000 (5)`],
  ])
  assert.equal(await alter(world, [group, ''], []), ErrorCode.INVALID_REQUEST)
  assert.equal(await alter(world, [group, 'g'.repeat(3000)], []), ErrorCode.INVALID_REQUEST)
  assert.equal(await alter(world, [group, 'g'], [['x', set, '1']]), ErrorCode.INVALID_CONFIG)
  assert.equal(await alter(world, [group, 'g'], [[session, append, '1']]), ErrorCode.INVALID_CONFIG)
  assert.equal(await alter(world, [group, 'g'], [[session, unset, null]]), ErrorCode.NONE)
  assert.deepEqual(own(), {})
})

test('a group’s session is longer than the time between its heartbeats', async () => {
  const world = new KafkaWorld({
    'group.consumer.min.session.timeout.ms': '6000',
    'group.consumer.max.heartbeat.interval.ms': '60000',
  })
  const change = (name: string, value: string) => alter(world, [group, 'g'], [[name, set, value]])
  const [session, heartbeat] = ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms']
  assert.equal(await change(heartbeat, '45000'), ErrorCode.INVALID_CONFIG)
  assert.equal(await change(heartbeat, '44999'), ErrorCode.NONE)
  assert.equal(await change(session, '44999'), ErrorCode.INVALID_CONFIG)
  assert.equal(await change(session, '45000'), ErrorCode.NONE)
})

test('levels of loggers are shown, set and unset, all that are named or none', async () => {
  const world = new KafkaWorld()
  const gate = world.broker.logLevels.gate('kafka')
  const change = (...all: readonly Operation[]) => alter(world, [logger, '1'], all)
  assert.deepEqual(await shown(world, [logger, '1'], 'root'), ['INFO', 6, []])
  assert.deepEqual(await shown(world, [logger, '1'], 'kafka'), ['INFO', 6, []])
  assert.equal(await change(['kafka', set, 'DEBUG']), ErrorCode.NONE)
  assert.deepEqual([gate.allows('DEBUG'), gate.allows('TRACE')], [true, false])
  assert.deepEqual(await shown(world, [logger, '1'], 'kafka'), ['DEBUG', 6, []])
  assert.equal(await change(['kafka', unset, null], ['root', set, 'WARN']), ErrorCode.NONE)
  assert.deepEqual(await shown(world, [logger, '1'], 'kafka'), ['WARN', 6, []])
  const validated = await alter(world, [logger, '1'], [['root', set, 'INFO']], true)
  assert.deepEqual([validated, gate.allows('INFO')], [ErrorCode.NONE, false])
  const refused: [Operation, number][] = [
    [['none', set, 'INFO'], ErrorCode.INVALID_CONFIG],
    [['none', unset, null], ErrorCode.INVALID_CONFIG],
    [['kafka', set, 'info'], ErrorCode.INVALID_CONFIG],
    [['kafka', set, 'LOUD'], ErrorCode.INVALID_CONFIG],
    [['kafka', append, 'INFO'], ErrorCode.INVALID_REQUEST],
    [['kafka', subtract, 'INFO'], ErrorCode.INVALID_REQUEST],
  ]
  for (const [operation, code] of refused) {
    assert.equal(await change(['root', set, 'ERROR'], operation), code, String(operation))
  }
  assert.equal(await change(['root', unset, null]), ErrorCode.INVALID_REQUEST)
  assert.equal(await alter(world, [logger, '2'], []), ErrorCode.INVALID_REQUEST)
  assert.equal(gate.allows('WARN'), true, 'nothing was changed')
})

test('subscriptions are shown, and cannot be altered', async () => {
  const world = new KafkaWorld()
  assert.deepEqual(await shown(world, [metrics, 'm'], 'interval.ms'), ['300000', 5, []])
})

test('resources that have configs are listed by type', async () => {
  const world = new KafkaWorld()
  for (const name of ['b', 'a']) await world.topic(name)
  await alter(world, [group, 'g'], [['consumer.heartbeat.interval.ms', set, '6000']])
  const list = async (resourceTypes: number[], version = 1): Promise<unknown> => {
    const asked = version === 0 ? {} : { resourceTypes }
    const answer = await world.ask(listConfigResources, version, asked)
    const listed = answer.configResources.map(({ resourceType, resourceName }) => {
      return `${resourceType} ${resourceName}`
    })
    return [answer.errorCode, listed]
  }
  assert.deepEqual(await list([]), [0, ['2 a', '2 b', '4 1', '8 1', '32 g']])
  assert.deepEqual(await list([topic, group]), [0, ['2 a', '2 b', '32 g']])
  assert.deepEqual(await list([metrics]), [0, []])
  assert.deepEqual(await list([], 0), [0, []])
  assert.deepEqual(await list([topic, 99]), [ErrorCode.UNSUPPORTED_VERSION, []])
})

test('AlterConfigs replaces everything of a resource', async () => {
  for (let version = 0; version <= 2; version++) {
    const world = new KafkaWorld()
    await world.topic('t')
    const ask = async (
      type: number,
      name: string,
      configs: Record<string, string | null>,
      more: { validateOnly?: boolean; times?: number } = {},
    ): Promise<unknown[]> => {
      const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
      const resource = { resourceType: type, resourceName: name, configs: entries }
      const resources = Array.from({ length: more.times ?? 1 }, () => resource)
      const asked = { resources, validateOnly: more.validateOnly ?? false }
      const { responses } = await world.ask(alterConfigs, version, asked)
      return responses.map(({ errorCode }) => errorCode)
    }
    const own = (): unknown => world.broker.topics.byName('t')?.configs
    const one = { 'segment.ms': '5', 'cleanup.policy': 'compact' }
    assert.deepEqual(await ask(topic, 't', one), [ErrorCode.NONE])
    assert.deepEqual(own(), one)
    assert.deepEqual(await ask(topic, 't', { 'retention.ms': '5' }), [ErrorCode.NONE])
    assert.deepEqual(own(), { 'retention.ms': '5' }, 'the others are gone')
    assert.deepEqual(await ask(topic, 't', {}, { validateOnly: true }), [ErrorCode.NONE])
    assert.deepEqual(await ask(topic, 't', { x: '5' }), [ErrorCode.INVALID_CONFIG])
    assert.deepEqual(await ask(topic, 't', { 'segment.ms': null }), [ErrorCode.INVALID_REQUEST])
    assert.deepEqual(await ask(topic, 'x', {}), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
    assert.deepEqual(await ask(topic, 't', {}, { times: 2 }), [42, 42])
    assert.deepEqual(await ask(logger, '1', { root: 'INFO' }), [ErrorCode.INVALID_REQUEST])
    assert.deepEqual(own(), { 'retention.ms': '5' })
    assert.deepEqual(await ask(broker, '', { 'log.roll.ms': '7' }), [ErrorCode.NONE])
    assert.deepEqual(await ask(broker, '', {}), [ErrorCode.NONE])
    assert.deepEqual(world.broker.configs.own({ kind: 'broker', name: '' }), {})
  }
})

test('a lost answer of the catalog is told, and the memory is not behind it', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  world.fault = ({ at, transaction }) =>
    at === 'commit' && transaction === 'change resource configs'
      ? { fault: 'lose-answer' }
      : undefined
  const code = await alter(world, [broker, ''], [['log.retention.ms', set, '5']])
  assert.equal(code, ErrorCode.REQUEST_TIMED_OUT)
  assert.equal(world.broker.topics.byName('t')?.effective['retention.ms'], 5)
  world.cutCatalog()
  const failed = await alter(world, [broker, ''], [['log.retention.ms', set, '6']])
  assert.equal(failed, ErrorCode.KAFKA_STORAGE_ERROR)
})

test('100,000 resources in one request meet a limit', async () => {
  const world = new KafkaWorld()
  const resources = Array.from({ length: 100_000 }, (_, index) => {
    return { resourceType: topic, resourceName: `t${index}`, configs: [], configurationKeys: [] }
  })
  world.fault = () => assert.fail('the catalog is not asked')
  const all = { resources, validateOnly: false }
  const codes = [
    ...(await world.ask(describeConfigs, 4, { resources })).results,
    ...(await world.ask(alterConfigs, 2, all)).responses,
    ...(
      await world.ask(incrementalAlterConfigs, 1, {
        resources: resources.map((each) => ({ ...each, configs: [] })),
        validateOnly: false,
      })
    ).responses,
  ].map(({ errorCode }) => errorCode)
  assert.equal(codes.length, 300_000)
  assert.deepEqual([...new Set(codes)], [ErrorCode.POLICY_VIOLATION])
})
