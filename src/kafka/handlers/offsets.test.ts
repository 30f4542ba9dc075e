/** OffsetCommit, OffsetFetch and OffsetDelete, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { encodeSubscription } from '../../wire/consumer-protocol.ts'
import { offsetCommit } from '../../wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../../wire/messages/09-offset-fetch.ts'
import { joinGroup } from '../../wire/messages/11-join-group.ts'
import { deleteTopics } from '../../wire/messages/20-delete-topics.ts'
import { offsetDelete } from '../../wire/messages/47-offset-delete.ts'

const unknownId = 'B'.repeat(21) + 'A'

interface Asked {
  readonly name?: string
  readonly topicId?: string
  readonly offsets: Readonly<Record<number, number>>
  readonly metadata?: string | null
}

/** Commits as a consumer that is no member; the codes as 'topic/partition: code'. */
async function commit(
  world: KafkaWorld,
  version: number,
  topics: readonly Asked[],
  member: { generation?: number; memberId?: string; groupId?: string } = {},
): Promise<Record<string, number>> {
  const { generation = -1, memberId = '', groupId = 'g' } = member
  const answer = await world.ask(offsetCommit, version, {
    groupId,
    generationIdOrMemberEpoch: generation,
    memberId,
    topics: topics.map(({ offsets, metadata = null, ...topic }) => ({
      ...topic,
      partitions: Object.entries(offsets).map(([index, committedOffset]) => ({
        partitionIndex: Number(index),
        committedOffset,
        committedMetadata: metadata,
      })),
    })),
  })
  const codes = answer.topics.flatMap(({ name, topicId, partitions }) =>
    partitions.map((each) => {
      return [`${version >= 10 ? topicId : name}/${each.partitionIndex}`, each.errorCode] as const
    }),
  )
  return Object.fromEntries(codes)
}

/** What version 7 finds, as 'topic/partition: offset metadata'. */
async function committed(
  world: KafkaWorld,
  topics: Record<string, number[]> | null,
): Promise<object> {
  const asked =
    topics === null
      ? null
      : Object.entries(topics).map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
  const answer = await world.ask(offsetFetch, 7, { groupId: 'g', topics: asked })
  assert.equal(answer.errorCode, ErrorCode.NONE)
  const found = answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, metadata }) => {
      return [`${name}/${partitionIndex}`, `${committedOffset} ${metadata}`] as const
    }),
  )
  return Object.fromEntries(found)
}

test('offsets are committed by name in versions 2 to 9, by id in 10', async () => {
  for (let version = 2; version <= 10; version++) {
    const world = new KafkaWorld()
    const topicId = await world.topic('t')
    const reference = version >= 10 ? { topicId } : { name: 't' }
    const other = version >= 10 ? { topicId: unknownId } : { name: 'other' }
    const [t, u] = version >= 10 ? [topicId, unknownId] : ['t', 'other']
    const codes = await commit(world, version, [
      { ...other, offsets: { 0: 1 } },
      { ...reference, offsets: { 0: 5, 9: 1, 1: 6 }, metadata: 'note' },
    ])
    assert.deepEqual(codes, {
      [`${u}/0`]: version >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      [`${t}/0`]: ErrorCode.NONE,
      [`${t}/1`]: ErrorCode.NONE,
      [`${t}/9`]: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    })
    const found = await committed(world, { t: [0, 1, 2], other: [0] })
    assert.deepEqual(found, { 't/0': '5 note', 't/1': '6 note', 't/2': '-1 ', 'other/0': '-1 ' })
    assert.deepEqual(await committed(world, null), { 't/0': '5 note', 't/1': '6 note' })
  }
})

test('an offset may be kept for as long as a number says', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }]
  const request = {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    retentionTimeMs: Number.MAX_SAFE_INTEGER,
    topics: [{ name: 't', partitions }],
  }
  const answer = await world.ask(offsetCommit, 2, request)
  assert.equal(answer.topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE)
})

test('a note that is too long is refused alone', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const codes = await commit(world, 8, [
    { name: 't', offsets: { 0: 1 }, metadata: 'x'.repeat(5_000) },
    { name: 't', offsets: { 1: 1 } },
  ])
  assert.deepEqual(codes, { 't/0': ErrorCode.OFFSET_METADATA_TOO_LARGE, 't/1': ErrorCode.NONE })
})

test('a refusal of the group is told for each of its partitions', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t')
  const topics = [{ name: 't', offsets: { 0: 1, 9: 1 } }]
  const stranger = { generation: 3, memberId: 'm', groupId: 'none' }
  const refused = (errorCode: number): object => {
    return { 't/0': errorCode, 't/9': ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  }
  assert.deepEqual(await commit(world, 8, topics, stranger), refused(ErrorCode.ILLEGAL_GENERATION))
  assert.deepEqual(await commit(world, 9, topics, stranger), refused(ErrorCode.GROUP_ID_NOT_FOUND))
  world.cutCatalog()
  const failed = await commit(world, 9, topics)
  assert.deepEqual(failed, refused(ErrorCode.COORDINATOR_NOT_AVAILABLE))
  const unknown = await commit(world, 9, [{ name: 'unheard', offsets: { 0: 1 } }])
  assert.deepEqual(unknown, { 'unheard/0': ErrorCode.COORDINATOR_NOT_AVAILABLE })
  const byId = await commit(world, 10, [{ topicId, offsets: { 0: 1 } }])
  assert.deepEqual(byId, { [`${topicId}/0`]: ErrorCode.COORDINATOR_NOT_AVAILABLE })
})

test('versions 1 to 7 ask for one group', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  await commit(world, 8, [{ name: 't', offsets: { 0: 5 } }])
  const topics = [{ name: 't', partitionIndexes: [1, 0] }]
  for (let version = 1; version <= 7; version++) {
    const answer = await world.ask(offsetFetch, version, { groupId: 'g', topics })
    assert.equal(answer.errorCode, ErrorCode.NONE)
    const found = answer.topics[0]?.partitions.map((each) => [
      each.partitionIndex,
      each.committedOffset,
      each.committedLeaderEpoch,
      each.errorCode,
    ])
    assert.deepEqual(found, [
      [1, -1, -1, 0],
      [0, 5, -1, 0],
    ])
  }
})

test('versions 8 to 10 ask for several, by id in 10; all topics where none are named', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t')
  await commit(world, 8, [{ name: 't', offsets: { 0: 5 } }])
  for (let version = 8; version <= 10; version++) {
    const isById = version >= 10
    const reference = isById ? { topicId } : { name: 't' }
    const other = isById ? { topicId: unknownId } : { name: 'other' }
    const asked = [
      { ...reference, partitionIndexes: [0] },
      { ...other, partitionIndexes: [0] },
    ]
    const groups = [
      { groupId: 'g', topics: asked },
      { groupId: 'h', topics: [{ ...reference, partitionIndexes: [0] }] },
      { groupId: 'g', topics: null },
    ]
    const answer = await world.ask(offsetFetch, version, { groups, requireStable: true })
    const found = answer.groups.map(({ groupId, errorCode, topics }) => [
      groupId,
      errorCode,
      topics.flatMap(({ name, topicId: id, partitions }) =>
        partitions.map((each) => [isById ? id : name, each.committedOffset, each.errorCode]),
      ),
    ])
    const [t, u] = isById ? [topicId, unknownId] : ['t', 'other']
    const missing = isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.NONE
    assert.deepEqual(found, [
      [
        'g',
        0,
        [
          [t, 5, 0],
          [u, -1, missing],
        ],
      ],
      ['h', 0, [[t, -1, 0]]],
      ['g', 0, [[t, 5, 0]]],
    ])
  }
})

test('without a catalog a fetch is to be tried again, in words that all clients know', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  world.cutCatalog()
  const again = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
  const one = (name: string): object[] => [{ name, partitionIndexes: [0] }]
  for (const name of ['t', 'unheard']) {
    const topics = one(name) as { name: string; partitionIndexes: number[] }[]
    const oldest = await world.ask(offsetFetch, 1, { groupId: 'g', topics })
    assert.deepEqual(oldest.topics[0]?.partitions[0]?.errorCode, again)
    const old = await world.ask(offsetFetch, 2, { groupId: 'g', topics })
    assert.equal(old.errorCode, again)
    const groups = [{ groupId: 'g', topics }]
    const now = await world.ask(offsetFetch, 8, { groups })
    assert.equal(now.groups[0]?.errorCode, again)
  }
})

test('offsets are deleted, but not those that members read', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  await world.topic('u')
  await commit(world, 8, [
    { name: 't', offsets: { 0: 1, 1: 2 } },
    { name: 'u', offsets: { 0: 3 } },
  ])
  const remove = async (groupId: string, ...names: string[]): Promise<unknown[]> => {
    const partitions = [{ partitionIndex: 0 }, { partitionIndex: 9 }]
    const topics = names.map((name) => ({ name, partitions }))
    const answer = await world.ask(offsetDelete, 0, { groupId, topics })
    const codes = answer.topics.map((topic) => topic.partitions.map((each) => each.errorCode))
    return [answer.errorCode, ...codes]
  }
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  assert.deepEqual(await remove('g', 't', 'other'), [0, [0, unknown], [unknown, unknown]])
  assert.deepEqual(await committed(world, null), { 't/1': '2 ', 'u/0': '3 ' })
  assert.deepEqual(await remove('none', 't'), [ErrorCode.GROUP_ID_NOT_FOUND])

  const metadata = encodeSubscription(0, { topics: ['u'], userData: null })
  const joined = await world.ask(joinGroup, 0, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata }],
  })
  assert.equal(joined.errorCode, ErrorCode.NONE)
  const subscribed = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
  assert.deepEqual(await remove('g', 'u'), [0, [subscribed, unknown]])
})

test('a topic that is deleted takes what groups have committed along', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  await commit(world, 8, [{ name: 't', offsets: { 0: 5 } }])
  await world.ask(deleteTopics, 1, { topicNames: ['t'], timeoutMs: 1_000 })
  assert.deepEqual(await committed(world, null), {})
  await world.topic('t')
  assert.deepEqual(await committed(world, { t: [0] }), { 't/0': '-1 ' })
  const { groups } = world.broker
  const left = await groups.fetchOffsets({ groupId: 'g', topics: null })
  assert.ok(left.outcome === 'fetched')
  assert.deepEqual(left.offsets, [])
})
