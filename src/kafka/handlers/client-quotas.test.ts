/** DescribeClientQuotas and AlterClientQuotas, and what the quota of changes does to topics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { metadata } from '../../wire/messages/03-metadata.ts'
import { createTopics } from '../../wire/messages/19-create-topics.ts'
import { deleteTopics } from '../../wire/messages/20-delete-topics.ts'
import { createPartitions } from '../../wire/messages/37-create-partitions.ts'
import { describeClientQuotas } from '../../wire/messages/48-describe-client-quotas.ts'
import { alterClientQuotas } from '../../wire/messages/49-alter-client-quotas.ts'

type Part = readonly [entityType: string, entityName: string | null]
type Op = readonly [key: string, value: number | 'remove']
type Entry = readonly [parts: readonly Part[], ops: readonly Op[]]

async function alter(
  world: KafkaWorld,
  given: readonly Entry[],
  { validateOnly = false, version = 1 } = {},
): Promise<{ errorCode: number; errorMessage: string | null }[]> {
  const entries = given.map(([parts, ops]) => ({
    entity: parts.map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: ops.map(([key, value]) => ({
      key,
      value: value === 'remove' ? 0 : value,
      remove: value === 'remove',
    })),
  }))
  const answer = await world.ask(alterClientQuotas, version, { entries, validateOnly })
  for (const [index, { entity }] of answer.entries.entries()) {
    assert.deepEqual(entity, entries[index]?.entity)
  }
  return answer.entries.map(({ errorCode, errorMessage }) => ({ errorCode, errorMessage }))
}

const codes = (results: readonly { errorCode: number }[]): number[] =>
  results.map(({ errorCode }) => errorCode)

type Component = readonly [entityType: string, matchType: number, match: string | null]

async function ask(
  world: KafkaWorld,
  given: readonly Component[],
  strict = false,
  version = 1,
): Promise<Awaited<ReturnType<typeof describeClientQuotas.response.decode>>> {
  const components = given.map(([entityType, matchType, match]) => {
    return { entityType, matchType, match }
  })
  return world.ask(describeClientQuotas, version, { components, strict })
}

const found = async (
  world: KafkaWorld,
  given: readonly Component[],
  strict = false,
): Promise<string[]> => {
  const { errorCode, entries } = await ask(world, given, strict)
  assert.equal(errorCode, 0)
  return (entries ?? []).map(({ entity, values }) => {
    const parts = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`)
    return `${parts.join(',')}: ${values.map(({ key, value }) => `${key}=${value}`).join(',')}`
  })
}

test('what is set is described, in every version; what is removed is not', async () => {
  for (const version of [0, 1]) {
    const world = new KafkaWorld()
    const set: Entry = [
      [['client-id', 'c']],
      [
        ['producer_byte_rate', 1024],
        ['request_percentage', 12.5],
      ],
    ]
    assert.deepEqual(codes(await alter(world, [set], { version })), [0])
    const { entries } = await ask(world, [], false, version)
    assert.deepEqual(entries, [
      {
        entity: [{ entityType: 'client-id', entityName: 'c' }],
        values: [
          { key: 'producer_byte_rate', value: 1024 },
          { key: 'request_percentage', value: 12.5 },
        ],
      },
    ])
    const remove: Entry = [[['client-id', 'c']], [['producer_byte_rate', 'remove']]]
    await alter(world, [remove], { version })
    assert.deepEqual(await found(world, []), ['client-id=c: request_percentage=12.5'])
    await alter(world, [[[['client-id', 'c']], [['request_percentage', 'remove']]]], { version })
    assert.deepEqual(await found(world, []), [])
  }
})

test('filters take by name, default and type; strict ones nothing with more parts', async () => {
  const world = new KafkaWorld()
  const rate: Op = ['producer_byte_rate', 1]
  const entities: readonly (readonly Part[])[] = [
    [['user', 'u']],
    [['user', null]],
    [
      ['user', 'u'],
      ['client-id', 'c'],
    ],
    [
      ['client-id', null],
      ['user', 'v'],
    ],
    [['client-id', 'c']],
  ]
  await alter(
    world,
    entities.map((entity): Entry => [entity, [rate]]),
  )
  await alter(world, [[[['ip', '10.0.0.1']], [['connection_creation_rate', 5]]]])
  const entitiesOf = async (given: readonly Component[], strict = false): Promise<string[]> =>
    (await found(world, given, strict)).map((line) => line.split(':')[0] ?? '')
  assert.equal((await entitiesOf([])).length, 6)
  assert.deepEqual(await entitiesOf([], true), [])
  const u: Component = ['user', 0, 'u']
  assert.deepEqual(await entitiesOf([u]), ['user=u,client-id=c', 'user=u'])
  assert.deepEqual(await entitiesOf([u], true), ['user=u'])
  assert.deepEqual(await entitiesOf([['user', 1, null]]), ['user=null'])
  const ids = ['client-id=c', 'user=u,client-id=c', 'user=v,client-id=null']
  assert.deepEqual(await entitiesOf([['client-id', 2, null]]), ids)
  assert.deepEqual(await entitiesOf([u, ['client-id', 2, null]], true), ['user=u,client-id=c'])
  assert.deepEqual(await entitiesOf([['ip', 2, null]]), ['ip=10.0.0.1'])
})

test('filters that make no sense are refused', async () => {
  const world = new KafkaWorld()
  const wrong: readonly (readonly [readonly Component[], number, RegExp])[] = [
    [[['', 0, 'u']], ErrorCode.INVALID_REQUEST, /empty/],
    [[['group', 0, 'u']], ErrorCode.UNSUPPORTED_VERSION, /group/],
    [[['user', 0, null]], ErrorCode.INVALID_REQUEST, /needs a name/],
    [[['user', 1, 'u']], ErrorCode.INVALID_REQUEST, /takes no name/],
    [[['user', 2, 'u']], ErrorCode.INVALID_REQUEST, /takes no name/],
    [[['user', 3, null]], ErrorCode.INVALID_REQUEST, /match type 3/],
    [
      [
        ['user', 0, 'u'],
        ['user', 1, null],
      ],
      ErrorCode.INVALID_REQUEST,
      /twice/,
    ],
    [
      [
        ['user', 0, 'u'],
        ['ip', 1, null],
      ],
      ErrorCode.INVALID_REQUEST,
      /not combined/,
    ],
  ]
  for (const [components, code, message] of wrong) {
    const { errorCode, errorMessage, entries } = await ask(world, components)
    assert.deepEqual([errorCode, entries], [code, null])
    assert.match(errorMessage ?? '', message)
  }
})

test('an entity that is wrong is refused alone', async () => {
  const world = new KafkaWorld()
  const rate: Op = ['producer_byte_rate', 1]
  const results = await alter(world, [
    [[['user', 'good']], [rate]],
    [[], [rate]],
    [[['user', 'a']], [['producer_byte_rate', -1]]],
    [[['user', 'b']], [rate, rate]],
    [[['user', 'c']], [['no_such_quota', 1]]],
    [[['user', 'twice']], [rate]],
    [[['user', 'twice']], [rate]],
    [[['ip', '10.0.0.1']], [rate]],
  ])
  const invalid = ErrorCode.INVALID_REQUEST
  const expected = [0, invalid, invalid, invalid, invalid, invalid, invalid, invalid]
  assert.deepEqual(codes(results), expected)
  assert.match(results[4]?.errorMessage ?? '', /controller_mutation_rate/)
  assert.deepEqual(await found(world, []), ['user=good: producer_byte_rate=1'])
})

test('what is only validated is judged, and not set', async () => {
  const world = new KafkaWorld()
  const given: Entry[] = [
    [[['user', 'u']], [['producer_byte_rate', 1]]],
    [[['user', 'v']], [['producer_byte_rate', 0.5]]],
  ]
  const results = await alter(world, given, { validateOnly: true })
  assert.deepEqual(codes(results), [0, ErrorCode.INVALID_REQUEST])
  assert.deepEqual(await found(world, []), [])
})

test('entities have a limit, of a request and of all', async () => {
  const world = new KafkaWorld()
  const batch = (from: number, count: number): Entry[] =>
    Array.from({ length: count }, (_, at): Entry => {
      return [[['user', `u${from + at}`]], [['producer_byte_rate', 1]]]
    })
  const first = await alter(world, batch(0, 1_001))
  assert.deepEqual(codes(first.slice(-2)), [0, ErrorCode.POLICY_VIOLATION])
  for (let from = 1_000; from < 10_000; from += 1_000) await alter(world, batch(from, 1_000))
  const [full] = await alter(world, batch(10_000, 1))
  assert.equal(full?.errorCode, ErrorCode.POLICY_VIOLATION)
  assert.match(full.errorMessage ?? '', /10000 entities/)
  assert.deepEqual(codes(await alter(world, batch(0, 1))), [0], 'those there are can be changed')
  await alter(world, [[[['user', 'u1']], [['producer_byte_rate', 'remove']]]])
  assert.deepEqual(codes(await alter(world, batch(10_000, 1))), [0])
})

test('a catalog that fails is told as such', async () => {
  const world = new KafkaWorld()
  world.cutCatalog()
  const [result] = await alter(world, [[[['user', 'u']], [['producer_byte_rate', 1]]]])
  assert.equal(result?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
})

const wanted = (name: string, numPartitions: number): object => {
  return { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
}

test('too many changes of partitions are refused; old versions are told to pause', async () => {
  const refused = ErrorCode.THROTTLING_QUOTA_EXCEEDED
  const world = new KafkaWorld()
  await alter(world, [[[['user', null]], [['controller_mutation_rate', 1]]]])
  const create = async (version: number, ...topics: object[]): Promise<unknown[]> => {
    const request = { topics, timeoutMs: 1_000, validateOnly: false } as never
    const answer = await world.ask(createTopics, version, request)
    return [answer.topics.map(({ errorCode }) => errorCode), answer.throttleTimeMs]
  }
  // 11 s of the quota at once, and as much debt as one topic makes.
  assert.deepEqual(await create(7, wanted('a', 5), wanted('b', 16)), [[0, 0], 0])
  assert.deepEqual(await create(7, wanted('c', 1)), [[refused], 10_000])
  assert.equal(world.broker.topics.byName('c'), undefined)
  assert.deepEqual(await create(7, wanted('a', 1)), [[ErrorCode.TOPIC_ALREADY_EXISTS], 0])
  assert.deepEqual(await create(5, wanted('c', 1)), [[0], 11_000])
  const grow = async (version: number): Promise<unknown[]> => {
    const topics = [{ name: 'a', count: 7, assignments: null }]
    const request = { topics, timeoutMs: 1_000, validateOnly: false }
    const answer = await world.ask(createPartitions, version, request)
    return [answer.results.map(({ errorCode }) => errorCode), answer.throttleTimeMs]
  }
  assert.deepEqual(await grow(3), [[refused], 11_000])
  assert.deepEqual(await grow(2), [[0], 13_000])
  const remove = async (version: number): Promise<unknown[]> => {
    const request = { topicNames: ['c'], timeoutMs: 1_000 }
    const answer = await world.ask(deleteTopics, version, request)
    return [answer.responses.map(({ errorCode }) => errorCode), answer.throttleTimeMs]
  }
  assert.deepEqual(await remove(5), [[refused], 13_000])
  assert.deepEqual(await remove(4), [[0], 14_000])
  const asked = await world.ask(metadata, 9, { topics: [{ name: 'made' }] })
  assert.equal(asked.throttleTimeMs, 14_000 + world.config['num.partitions'] * 1_000)
  await world.clock.advance(asked.throttleTimeMs)
  assert.deepEqual(await create(7, wanted('d', 1)), [[0], 0])
})
