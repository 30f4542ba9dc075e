/** CreateTopics, DeleteTopics and CreatePartitions, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../../base/clock.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { createTopics, type CreateTopicsRequest } from '../../wire/messages/19-create-topics.ts'
import { deleteTopics } from '../../wire/messages/20-delete-topics.ts'
import { createPartitions } from '../../wire/messages/37-create-partitions.ts'

type Asked = CreateTopicsRequest['topics'][number]

const zeroId = 'A'.repeat(22)

const wanted = (name: string, rest: Partial<Asked> = {}): Asked => ({
  name,
  numPartitions: 2,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...rest,
})

const create = async (
  world: KafkaWorld,
  topics: Asked[],
  validateOnly = false,
  version = 7,
): Promise<Awaited<ReturnType<typeof createTopics.response.decode>>['topics']> =>
  (await world.ask(createTopics, version, { topics, timeoutMs: 1000, validateOnly })).topics

test('a topic is created with what was asked for, in every version', async () => {
  for (let version = 2; version <= 7; version++) {
    const world = new KafkaWorld()
    const configs = [{ name: 'retention.ms', value: '1000' }]
    const asked = wanted('t', { replicationFactor: 3, configs })
    const [reply] = await create(world, [asked], false, version)
    assert.ok(reply !== undefined)
    assert.deepEqual([reply.errorCode, reply.errorMessage], [0, null])
    const topic = world.broker.topics.byName('t')
    assert.equal(topic?.partitionIds.length, 2)
    assert.equal(topic.replicationFactor, 3)
    assert.deepEqual(topic.configs, { 'retention.ms': '1000' })
    assert.equal(reply.topicId, version >= 7 ? topic.topicId : zeroId)
    if (version < 5) continue
    assert.deepEqual([reply.numPartitions, reply.replicationFactor], [2, 3])
    const shown = (name: string): unknown => {
      const row = reply.configs?.find((each) => each.name === name)
      return [row?.value, row?.configSource]
    }
    assert.deepEqual(shown('retention.ms'), ['1000', 1])
    assert.deepEqual(shown('cleanup.policy'), ['delete', 5])
  }
})

test('-1 means the default of the broker', async () => {
  const world = new KafkaWorld({ 'num.partitions': '6', 'default.replication.factor': '2' })
  const asked = wanted('t', { numPartitions: -1, replicationFactor: -1 })
  const [reply] = await create(world, [asked])
  assert.deepEqual([reply?.numPartitions, reply?.replicationFactor], [6, 2])
})

test('what is only validated is told, and not created', async () => {
  const world = new KafkaWorld()
  const [good, bad] = await create(world, [wanted('t'), wanted('u', { numPartitions: 0 })], true)
  assert.deepEqual([good?.errorCode, good?.numPartitions], [0, 2])
  assert.notEqual(good?.topicId, zeroId, 'an id that no topic will have, as in Kafka')
  assert.equal(bad?.errorCode, ErrorCode.INVALID_PARTITIONS)
  assert.deepEqual(world.broker.topics.all(), [])
})

const assigned = (...brokerIds: number[][]): Partial<Asked> => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
})

test('replicas may be assigned where the assignment makes sense', async () => {
  const world = new KafkaWorld()
  const [reply] = await create(world, [wanted('t', assigned([1, 2], [2, 3], [3, 1]))])
  assert.deepEqual([reply?.errorCode, reply?.numPartitions, reply?.replicationFactor], [0, 3, 2])
})

const refusals: readonly (readonly [string, Asked, number, RegExp])[] = [
  ['no name', wanted(''), ErrorCode.INVALID_TOPIC_EXCEPTION, /empty/],
  ['a dot', wanted('.'), ErrorCode.INVALID_TOPIC_EXCEPTION, /'\.'/],
  ['two dots', wanted('..'), ErrorCode.INVALID_TOPIC_EXCEPTION, /'\.\.'/],
  ['too long', wanted('a'.repeat(250)), ErrorCode.INVALID_TOPIC_EXCEPTION, /250/],
  ['a slash', wanted('a/b'), ErrorCode.INVALID_TOPIC_EXCEPTION, /ASCII/],
  ['exists', wanted('there.is'), ErrorCode.TOPIC_ALREADY_EXISTS, /there\.is/],
  ['collides', wanted('there_is'), ErrorCode.INVALID_TOPIC_EXCEPTION, /collides/],
  ['0 partitions', wanted('t', { numPartitions: 0 }), ErrorCode.INVALID_PARTITIONS, /0/],
  ['-2 partitions', wanted('t', { numPartitions: -2 }), ErrorCode.INVALID_PARTITIONS, /-2/],
  [
    'no replica',
    wanted('t', { replicationFactor: 0 }),
    ErrorCode.INVALID_REPLICATION_FACTOR,
    /32767/,
  ],
  [
    'unknown config',
    wanted('t', { configs: [{ name: 'retention.mss', value: '1' }] }),
    ErrorCode.INVALID_CONFIG,
    /retention\.ms/,
  ],
  [
    'bad value',
    wanted('t', { configs: [{ name: 'retention.ms', value: 'x' }] }),
    ErrorCode.INVALID_CONFIG,
    /retention\.ms/,
  ],
  [
    'null value',
    wanted('t', { configs: [{ name: 'retention.ms', value: null }] }),
    ErrorCode.INVALID_CONFIG,
    /null/,
  ],
  [
    'long value',
    wanted('t', { configs: [{ name: 'cleanup.policy', value: '"'.repeat(30_000) }] }),
    ErrorCode.INVALID_CONFIG,
    /8192/,
  ],
  [
    'long names',
    wanted('t', {
      configs: [
        { name: 'a'.repeat(32_000), value: '' },
        { name: 'b'.repeat(32_000), value: '' },
      ],
    }),
    ErrorCode.INVALID_CONFIG,
    /aaa…$/,
  ],
  [
    'counts besides replicas',
    wanted('t', { ...assigned([1]), numPartitions: 1 }),
    ErrorCode.INVALID_REQUEST,
    /-1/,
  ],
  [
    'a gap',
    wanted('t', {
      ...assigned(),
      assignments: [{ partitionIndex: 1, brokerIds: [1] }],
    }),
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    /from 0/,
  ],
  ['unlike', wanted('t', assigned([1], [1, 2])), ErrorCode.INVALID_REPLICA_ASSIGNMENT, /others/],
  ['none', wanted('t', assigned([])), ErrorCode.INVALID_REPLICA_ASSIGNMENT, /no replicas/],
  ['same', wanted('t', assigned([1, 1])), ErrorCode.INVALID_REPLICA_ASSIGNMENT, /one broker/],
  ['negative', wanted('t', assigned([-1])), ErrorCode.INVALID_REPLICA_ASSIGNMENT, /negative/],
]

test('what cannot be created is refused alone, with a reason', async (t) => {
  for (const [what, asked, errorCode, message] of refusals) {
    await t.test(what, async () => {
      for (const version of [2, 7]) {
        const world = new KafkaWorld()
        await world.topic('there.is')
        const [bad, good] = await create(world, [asked, wanted('good')], false, version)
        assert.equal(bad?.name, asked.name)
        assert.equal(bad.errorCode, errorCode, String(bad.errorMessage))
        assert.match(bad.errorMessage ?? '', message)
        assert.equal(good?.errorCode, ErrorCode.NONE)
        const names = world.broker.topics.all().map(({ name }) => name)
        assert.deepEqual(names, ['good', 'there.is'])
      }
    })
  }
})

test('within one request: names twice, names that collide, too many partitions', async () => {
  const world = new KafkaWorld()
  const twice = await create(world, [wanted('a'), wanted('b'), wanted('a')])
  assert.deepEqual(
    twice.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['a', ErrorCode.INVALID_REQUEST],
      ['b', ErrorCode.NONE],
    ],
  )
  const collided = await create(world, [wanted('x.y'), wanted('x_y')], true)
  assert.equal(collided[1]?.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
  const many = await create(
    world,
    [wanted('m', { numPartitions: 9_999 }), wanted('n', { numPartitions: 2 })],
    true,
  )
  assert.deepEqual(
    many.map(({ errorCode }) => errorCode),
    [ErrorCode.POLICY_VIOLATION, ErrorCode.POLICY_VIOLATION],
  )
  assert.match(many[0]?.errorMessage ?? '', /10001 partitions, at most 10000/)
})

test('without a catalog topics are refused in a way that can be tried again', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t')
  world.cutCatalog()
  const [created] = await create(world, [wanted('new')])
  assert.equal(created?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.notEqual(created.errorMessage, null)
  const byId = [{ name: null, topicId }]
  const deleted = await world.ask(deleteTopics, 6, { topics: byId, topicNames: [], timeoutMs: 1 })
  assert.equal(deleted.responses[0]?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  const grown = await world.ask(createPartitions, 3, {
    topics: [{ name: 't', count: 9, assignments: null }],
    timeoutMs: 1,
    validateOnly: false,
  })
  assert.equal(grown.results[0]?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  world.healCatalog()
  assert.equal((await create(world, [wanted('new')]))[0]?.errorCode, ErrorCode.NONE)
  assert.equal(world.broker.topics.byName('t')?.partitionIds.length, 3)
})

test('a lost answer of the catalog is told as such, and a retry finds the topic', async () => {
  const world = new KafkaWorld()
  world.fault = ({ at, transaction }) =>
    at === 'commit' && transaction === 'create topic' ? { fault: 'lose-answer' } : undefined
  const [lost] = await create(world, [wanted('t')])
  assert.equal(lost?.errorCode, ErrorCode.REQUEST_TIMED_OUT)
  world.healCatalog()
  const [again] = await create(world, [wanted('t')])
  assert.equal(again?.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS)
})

test('topics are deleted by name, and by id from 6 on', async () => {
  const world = new KafkaWorld()
  await world.topic('old')
  const topicId = await world.topic('new')
  const old = await world.ask(deleteTopics, 5, { topicNames: ['old', 'x'], timeoutMs: 1 })
  assert.deepEqual(
    old.responses.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['old', ErrorCode.NONE],
      ['x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ],
  )
  const unknownId = 'B'.repeat(21) + 'A'
  const topics = [
    { name: null, topicId },
    { name: null, topicId: unknownId },
    { name: null, topicId: zeroId },
    { name: 'both', topicId: unknownId },
  ]
  const { responses } = await world.ask(deleteTopics, 6, { topics, timeoutMs: 1 })
  assert.deepEqual(
    responses.map(({ name, topicId: id, errorCode }) => [name, id, errorCode]),
    [
      ['new', topicId, ErrorCode.NONE],
      [null, unknownId, ErrorCode.UNKNOWN_TOPIC_ID],
      [null, zeroId, ErrorCode.INVALID_REQUEST],
      ['both', unknownId, ErrorCode.INVALID_REQUEST],
    ],
  )
  assert.deepEqual(world.broker.topics.all(), [])
})

test('a topic that is named twice is not deleted', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const { responses } = await world.ask(deleteTopics, 1, { topicNames: ['t', 't'], timeoutMs: 1 })
  assert.deepEqual(
    responses.map(({ name, errorCode }) => [name, errorCode]),
    [['t', ErrorCode.INVALID_REQUEST]],
  )
  assert.ok(world.broker.topics.byName('t') !== undefined)
})

test('partitions are added, one result per topic, and never taken away', async () => {
  for (let version = 0; version <= 3; version++) {
    const world = new KafkaWorld()
    for (const name of ['grows', 'same', 'less', 'replicas', 'wrong', 'twice', 'huge']) {
      await world.topic(name, 3)
    }
    const ask = (name: string, count: number, replicas: number[][] | null = null): Grow => ({
      name,
      count,
      assignments: replicas?.map((brokerIds) => ({ brokerIds })) ?? null,
    })
    const topics = [
      ask('grows', 5),
      ask('same', 3),
      ask('less', 2),
      ask('unknown', 5),
      ask('replicas', 5, [[1], [2]]),
      ask('wrong', 5, [[1]]),
      ask('twice', 4),
      ask('twice', 5),
      ask('huge', 10_004),
    ]
    const request = { topics, timeoutMs: 1, validateOnly: false }
    const { results } = await world.ask(createPartitions, version, request)
    const codes = Object.fromEntries(results.map(({ name, errorCode }) => [name, errorCode]))
    assert.equal(results.length, 8, 'one result per topic')
    assert.deepEqual(codes, {
      grows: ErrorCode.NONE,
      same: ErrorCode.INVALID_PARTITIONS,
      less: ErrorCode.INVALID_PARTITIONS,
      unknown: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      replicas: ErrorCode.NONE,
      wrong: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      huge: ErrorCode.POLICY_VIOLATION,
      twice: ErrorCode.INVALID_REQUEST,
    })
    const counts = world.broker.topics.all().map((each) => [each.name, each.partitionIds.length])
    assert.deepEqual(Object.fromEntries(counts), {
      grows: 5,
      same: 3,
      less: 3,
      replicas: 5,
      wrong: 3,
      twice: 3,
      huge: 3,
    })
  }
})

interface Grow {
  name: string
  count: number
  assignments: { brokerIds: number[] }[] | null
}

test('partitions that are only validated are not added', async () => {
  const world = new KafkaWorld()
  await world.topic('t', 3)
  const topics = [{ name: 't', count: 5, assignments: null }]
  const request = { topics, timeoutMs: 1, validateOnly: true }
  const { results } = await world.ask(createPartitions, 0, request)
  assert.equal(results[0]?.errorCode, ErrorCode.NONE)
  assert.equal(world.broker.topics.byName('t')?.partitionIds.length, 3)
})

test('a config that is given twice has its last value', async () => {
  const world = new KafkaWorld()
  const configs = ['1', '2'].map((value) => ({ name: 'retention.ms', value }))
  await create(world, [wanted('t', { configs })])
  assert.deepEqual(world.broker.topics.byName('t')?.configs, { 'retention.ms': '2' })
})

const hundredThousand = Array.from({ length: 100_000 }, (_, index) => `t${index}`)

test('100,000 topics in one request meet a limit, whatever is asked of them', async () => {
  const world = new KafkaWorld()
  const codesOf = (replies: readonly { errorCode: number }[]): unknown => {
    return [replies.length, [...new Set(replies.map(({ errorCode }) => errorCode))]]
  }
  const refused = [100_000, [ErrorCode.POLICY_VIOLATION]]
  world.fault = () => assert.fail('the catalog is not asked')
  const created = await create(
    world,
    hundredThousand.map((name) => wanted(name)),
  )
  assert.deepEqual(codesOf(created), refused)
  const topicNames = hundredThousand
  const deleted = await world.ask(deleteTopics, 5, { topicNames, timeoutMs: 1000 })
  assert.deepEqual(codesOf(deleted.responses), refused)
  const topics = hundredThousand.map((name) => ({ name, count: 9, assignments: null }))
  const asked = { topics, timeoutMs: 1000, validateOnly: false }
  assert.deepEqual(codesOf((await world.ask(createPartitions, 3, asked)).results), refused)
})

test('what the timeout leaves no time for is told, and not begun', async () => {
  const world = new KafkaWorld()
  const names = hundredThousand.slice(0, 1000)
  const one = { numPartitions: 1 }
  world.pause = async ({ at }) => (at === 'commit' ? sleep(world.clock, 100) : undefined)
  const replies = await create(
    world,
    names.map((name) => wanted(name, one)),
  )
  const count = (code: number): number => replies.filter((each) => each.errorCode === code).length
  const [done, late] = [count(ErrorCode.NONE), count(ErrorCode.REQUEST_TIMED_OUT)]
  assert.equal(done + late, 1000)
  assert.equal(world.broker.topics.all().length, done)
  assert.ok(done >= 3 && done <= 10, `${done} were made in a second, at 200 ms each`)
  const first = { topics: [wanted('x', one)], timeoutMs: 0, validateOnly: false }
  const [reply] = (await world.ask(createTopics, 7, first)).topics
  assert.equal(reply?.errorCode, ErrorCode.NONE, 'a client that names no time')
  const [deleted, notYet] = (
    await world.ask(deleteTopics, 5, { topicNames: ['x', names[0] ?? ''], timeoutMs: 0 })
  ).responses
  assert.deepEqual([deleted?.errorCode, notYet?.errorCode], [0, ErrorCode.REQUEST_TIMED_OUT])
})

test('a topic that comes again has a new id, and the old one is nobody', async () => {
  const world = new KafkaWorld()
  const asked = { numPartitions: 1 }
  const [first] = await create(world, [wanted('t', asked)])
  const byId = (topicId: string) => ({ topics: [{ name: null, topicId }], timeoutMs: 1000 })
  const oldId = first?.topicId ?? ''
  assert.equal((await world.ask(deleteTopics, 6, byId(oldId))).responses[0]?.name, 't')
  const [second] = await create(world, [wanted('t', asked)])
  assert.equal(second?.errorCode, ErrorCode.NONE)
  assert.notEqual(second.topicId, oldId)
  const again = await world.ask(deleteTopics, 6, byId(oldId))
  assert.equal(again.responses[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  const both = [
    { name: 't', topicId: zeroId },
    { name: null, topicId: second.topicId },
  ]
  const twice = await world.ask(deleteTopics, 6, { topics: both, timeoutMs: 1000 })
  assert.deepEqual(
    twice.responses.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST],
  )
  assert.equal(world.broker.topics.byName('t')?.topicId, second.topicId)
})

test('topics are not deleted where delete.topic.enable is false', async () => {
  const world = new KafkaWorld({ 'delete.topic.enable': 'false' })
  await world.topic('t')
  const codeIn = async (version: number): Promise<number | undefined> => {
    const asked = { topicNames: ['t'], timeoutMs: 1 }
    return (await world.ask(deleteTopics, version, asked)).responses[0]?.errorCode
  }
  assert.equal(await codeIn(2), ErrorCode.INVALID_REQUEST)
  assert.equal(await codeIn(3), ErrorCode.TOPIC_DELETION_DISABLED)
  assert.ok(world.broker.topics.byName('t') !== undefined)
})
