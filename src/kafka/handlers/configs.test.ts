/** DescribeConfigs, IncrementalAlterConfigs and DescribeCluster, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { brokerConfigTable } from '../../config/broker-configs.ts'
import { topicOptionNames } from '../../config/topic-configs.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { describeConfigs } from '../../wire/messages/32-describe-configs.ts'
import {
  incrementalAlterConfigs,
  type IncrementalAlterConfigsRequest,
} from '../../wire/messages/44-incremental-alter-configs.ts'
import { describeCluster } from '../../wire/messages/60-describe-cluster.ts'

const topicType = 2
const brokerType = 4

type Described = ReturnType<typeof describeConfigs.response.decode>['results'][number]

async function describe(
  world: KafkaWorld,
  resourceType: number,
  resourceName: string,
  { keys = null, version = 4 }: { keys?: string[] | null; version?: number } = {},
): Promise<Described> {
  const resources = [{ resourceType, resourceName, configurationKeys: keys }]
  const asked = { resources, includeSynonyms: true }
  const more = version >= 3 ? { ...asked, includeDocumentation: true } : asked
  const { results } = await world.ask(describeConfigs, version, more)
  assert.equal(results.length, 1)
  assert.deepEqual(
    [results[0]?.resourceType, results[0]?.resourceName],
    [resourceType, resourceName],
  )
  return results[0] as Described
}

const rowOf = (described: Described, name: string): Described['configs'][number] | undefined =>
  described.configs.find((row) => row.name === name)

test('a topic shows every config with source, synonyms, type and documentation', async () => {
  const world = new KafkaWorld({ 'log.retention.bytes': '5000' })
  const overrides = { 'retention.ms': '1000', 'cleanup.policy': 'compact,delete' }
  await world.broker.topics.create({
    name: 't',
    partitionCount: 1,
    replicationFactor: 1,
    overrides,
  })
  for (let version = 1; version <= 4; version++) {
    const described = await describe(world, topicType, 't', { version })
    assert.equal(described.errorCode, ErrorCode.NONE)
    assert.deepEqual(
      described.configs.map(({ name }) => name),
      topicOptionNames,
    )
    const own = rowOf(described, 'retention.ms')
    assert.deepEqual([own?.value, own?.configSource, own?.readOnly], ['1000', 1, false])
    assert.deepEqual(own?.synonyms, [
      { name: 'retention.ms', value: '1000', source: 1 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ])
    const inherited = rowOf(described, 'retention.bytes')
    assert.deepEqual([inherited?.value, inherited?.configSource], ['5000', 4])
    assert.equal(rowOf(described, 'max.message.bytes')?.configSource, 5)
    if (version < 3) continue
    const types = ['retention.ms', 'cleanup.policy', 'max.message.bytes', 'preallocate']
    assert.deepEqual(
      types.map((name) => rowOf(described, name)?.configType),
      [5, 7, 3, 1],
    )
    assert.match(own?.documentation ?? '', /records/)
  }
})

test('synonyms and documentation are left out where nobody asks for them', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const resources = [{ resourceType: topicType, resourceName: 't', configurationKeys: null }]
  const { results } = await world.ask(describeConfigs, 4, { resources })
  const row = results[0]?.configs[0]
  assert.deepEqual([row?.synonyms, row?.documentation], [[], null])
})

test('keys choose configs; no keys mean all', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const some = await describe(world, topicType, 't', { keys: ['segment.ms', 'no.such'] })
  assert.deepEqual(
    some.configs.map(({ name }) => name),
    ['segment.ms'],
  )
  const all = await describe(world, topicType, 't', { keys: [] })
  assert.equal(all.configs.length, topicOptionNames.length)
})

test('this broker shows its configs, most of them read-only', async () => {
  const world = new KafkaWorld({ 'node.id': '7', 'num.partitions': '9' })
  const described = await describe(world, brokerType, '7')
  assert.deepEqual(
    described.configs.map(({ name }) => name),
    Object.keys(brokerConfigTable),
  )
  const set = rowOf(described, 'num.partitions')
  assert.deepEqual([set?.value, set?.configSource, set?.readOnly], ['9', 4, true])
  assert.deepEqual(set?.synonyms, [
    { name: 'num.partitions', value: '9', source: 4 },
    { name: 'num.partitions', value: '4', source: 5 },
  ])
  const live = rowOf(described, 'log.retention.ms')
  assert.deepEqual([live?.value, live?.configSource, live?.readOnly], [null, 5, false])
  assert.deepEqual(live?.configType, 5)
  const inert = rowOf(described, 'num.io.threads')
  assert.deepEqual([inert?.value, inert?.configSource, inert?.readOnly], ['8', 5, true])
  assert.match(inert?.documentation ?? '', /^Without effect: /)
  const secret = rowOf(described, 'ssl.keystore.password')
  assert.deepEqual([secret?.value, secret?.isSensitive, secret?.configType], [null, true, 9])
  assert.equal(rowOf(described, 'broker.id')?.value, '7')
  assert.equal(rowOf(described, 'advertised.listeners')?.value, 'PLAINTEXT://karst.test:9092')
  const unset = rowOf(described, 'kafka.advertised')
  assert.deepEqual([unset?.value, unset?.configSource], [null, 5])
  assert.deepEqual((await describe(world, brokerType, '')).configs, [])
})

test('resources that cannot be described', async () => {
  const world = new KafkaWorld()
  const cases = [
    [topicType, 'x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [topicType, 'a b', ErrorCode.INVALID_TOPIC_EXCEPTION],
    [brokerType, '2', ErrorCode.INVALID_REQUEST],
    [brokerType, 'one', ErrorCode.INVALID_REQUEST],
    [8, '2', ErrorCode.INVALID_REQUEST],
    [8, '', ErrorCode.INVALID_REQUEST],
    [16, '', ErrorCode.INVALID_REQUEST],
    [32, '', ErrorCode.INVALID_REQUEST],
    [3, 'x', ErrorCode.INVALID_REQUEST],
  ] as const
  for (const [type, name, errorCode] of cases) {
    const described = await describe(world, type, name)
    assert.equal(described.errorCode, errorCode, `${type} ${name}`)
    assert.notEqual(described.errorMessage, null)
    assert.deepEqual(described.configs, [])
  }
  world.cutCatalog()
  const failed = await describe(world, topicType, 'x')
  assert.equal(failed.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
})

type AlterResource = IncrementalAlterConfigsRequest['resources'][number]
type Operation = readonly [name: string, operation: number, value: string | null]

const [set, unset, append, subtract] = [0, 1, 2, 3]

const change = (name: string, ...operations: Operation[]): AlterResource => ({
  resourceType: topicType,
  resourceName: name,
  configs: operations.map(([config, configOperation, value]) => {
    return { name: config, configOperation, value }
  }),
})

async function alter(
  world: KafkaWorld,
  resources: AlterResource[],
  { validateOnly = false, version = 1 } = {},
): Promise<{ code: number; message: string | null }[]> {
  const { responses } = await world.ask(incrementalAlterConfigs, version, {
    resources,
    validateOnly,
  })
  return responses.map(({ errorCode, errorMessage }) => ({
    code: errorCode,
    message: errorMessage,
  }))
}

test('configs are set, deleted, appended to and subtracted from', async () => {
  for (const version of [0, 1]) {
    const world = new KafkaWorld()
    await world.topic('t')
    const overrides = (): unknown => world.broker.topics.byName('t')?.configs
    const go = async (...operations: Operation[]): Promise<void> => {
      const [reply] = await alter(world, [change('t', ...operations)], { version })
      assert.deepEqual(reply, { code: ErrorCode.NONE, message: null })
    }
    await go(['retention.ms', set, '5'], ['segment.ms', set, '6'])
    assert.deepEqual(overrides(), { 'retention.ms': '5', 'segment.ms': '6' })
    await go(['retention.ms', unset, null], ['no.such.config', unset, null])
    assert.deepEqual(overrides(), { 'segment.ms': '6' })
    await go(['segment.ms', unset, ''], ['cleanup.policy', append, 'compact'])
    assert.deepEqual(overrides(), { 'cleanup.policy': 'delete,compact' }, 'after the default')
    await go(['cleanup.policy', append, 'compact'])
    assert.deepEqual(overrides(), { 'cleanup.policy': 'delete,compact' }, 'not twice')
    await go(['cleanup.policy', subtract, 'delete'])
    assert.deepEqual(overrides(), { 'cleanup.policy': 'compact' })
    assert.deepEqual(world.broker.topics.byName('t')?.effective['cleanup.policy'], ['compact'])
  }
})

const wrongChanges: readonly (readonly [string, AlterResource, number])[] = [
  ['unknown topic', change('x', ['retention.ms', set, '1']), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['unknown config', change('t', ['no.such', set, '1']), ErrorCode.INVALID_CONFIG],
  ['bad value', change('t', ['retention.ms', set, 'x']), ErrorCode.INVALID_CONFIG],
  ['bad element', change('t', ['cleanup.policy', append, 'x']), ErrorCode.INVALID_CONFIG],
  ['null', change('t', ['retention.ms', set, null]), ErrorCode.INVALID_REQUEST],
  ['append to a number', change('t', ['retention.ms', append, '1']), ErrorCode.INVALID_CONFIG],
  ['subtract from it', change('t', ['retention.ms', subtract, '1']), ErrorCode.INVALID_CONFIG],
  ['operation 4', change('t', ['retention.ms', 4, '1']), ErrorCode.INVALID_REQUEST],
  [
    'one config twice',
    change('t', ['retention.ms', set, '1'], ['retention.ms', unset, null]),
    ErrorCode.INVALID_REQUEST,
  ],
  [
    'a good one beside a bad one',
    change('t', ['retention.ms', set, '1'], ['segment.ms', set, '-7']),
    ErrorCode.INVALID_CONFIG,
  ],
  ['no name', change('', ['retention.ms', set, '1']), ErrorCode.INVALID_REQUEST],
  ['a wrong name', change('a b', ['retention.ms', set, '1']), ErrorCode.INVALID_TOPIC_EXCEPTION],
  [
    'what does not get on',
    change('t', ['min.compaction.lag.ms', set, '6'], ['max.compaction.lag.ms', set, '5']),
    ErrorCode.INVALID_CONFIG,
  ],
  [
    'a logger',
    { ...change('1', ['root', set, 'loud']), resourceType: 8 },
    ErrorCode.INVALID_CONFIG,
  ],
  ['a logger elsewhere', { ...change('2'), resourceType: 8 }, ErrorCode.INVALID_REQUEST],
  ['metrics of clients', { ...change('m'), resourceType: 16 }, ErrorCode.INVALID_CONFIG],
  ['nothing there is', { ...change('m'), resourceType: 3 }, ErrorCode.INVALID_REQUEST],
]

test('what cannot be altered is refused as a whole, with a reason', async (t) => {
  for (const [what, resource, code] of wrongChanges) {
    await t.test(what, async () => {
      const world = new KafkaWorld()
      await world.topic('t')
      await world.topic('good')
      const [bad, good] = await alter(world, [resource, change('good', ['segment.ms', set, '1'])])
      assert.equal(bad?.code, code, String(bad?.message))
      assert.notEqual(bad.message, null)
      assert.equal(good?.code, ErrorCode.NONE)
      assert.deepEqual(world.broker.topics.byName('t')?.configs, {})
    })
  }
})

test('a resource that is named twice is not altered; what is validated neither', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const one = change('t', ['segment.ms', set, '1'])
  const twice = await alter(world, [one, one])
  assert.deepEqual(
    twice.map(({ code }) => code),
    [ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST],
  )
  assert.equal((await alter(world, [one], { validateOnly: true }))[0]?.code, ErrorCode.NONE)
  world.cutCatalog()
  assert.equal((await alter(world, [one]))[0]?.code, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.deepEqual(world.broker.topics.byName('t')?.configs, {})
})

test('the cluster is this broker', async () => {
  const world = new KafkaWorld({ 'node.id': '7' })
  const asked = { includeClusterAuthorizedOperations: false }
  for (let version = 0; version <= 2; version++) {
    const answer = await world.ask(describeCluster, version, asked)
    assert.deepEqual([answer.clusterId, answer.controllerId], ['the-cluster', 7])
    assert.equal(answer.clusterAuthorizedOperations, -2_147_483_648)
    const [only, ...others] = answer.brokers
    assert.deepEqual(
      [only?.brokerId, only?.host, only?.port, only?.rack],
      [7, 'karst.test', 9092, null],
    )
    assert.deepEqual(others, [])
  }
  const controllers = await world.ask(describeCluster, 1, { ...asked, endpointType: 2 })
  assert.equal(controllers.errorCode, ErrorCode.MISMATCHED_ENDPOINT_TYPE)
  const nothing = await world.ask(describeCluster, 1, { ...asked, endpointType: 3 })
  assert.equal(nothing.errorCode, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)
})
