/** Consumer groups (KIP-848) over the router, in every version. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { offsetCommit } from '../../wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../../wire/messages/09-offset-fetch.ts'
import { describeGroups } from '../../wire/messages/15-describe-groups.ts'
import { listGroups } from '../../wire/messages/16-list-groups.ts'
import { deleteGroups } from '../../wire/messages/42-delete-groups.ts'
import { incrementalAlterConfigs } from '../../wire/messages/44-incremental-alter-configs.ts'
import {
  consumerGroupHeartbeat,
  type ConsumerGroupHeartbeatResponse,
} from '../../wire/messages/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribe } from '../../wire/messages/69-consumer-group-describe.ts'

const joining = {
  groupId: 'g',
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ['t'],
  topicPartitions: [],
}

async function join(world: KafkaWorld, version = 1): Promise<ConsumerGroupHeartbeatResponse> {
  const memberId = version === 0 ? '' : 'm'
  return world.ask(consumerGroupHeartbeat, version, { ...joining, memberId, rackId: 'r' })
}

for (const version of [0, 1]) {
  test(`v${version}: a member joins, follows and leaves`, async () => {
    const world = new KafkaWorld({ 'group.consumer.assignment.interval.ms': '0' })
    const topicId = await world.topic('t')
    const joined = await join(world, version)
    const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = joined
    assert.deepEqual([joined.errorCode, memberEpoch, heartbeatIntervalMs], [0, 2, 5_000])
    assert.deepEqual(assignment, { topicPartitions: [{ topicId, partitions: [0, 1, 2] }] })
    assert.ok(memberId !== null && memberId !== '')
    const again = { groupId: 'g', memberId, memberEpoch }
    const followed = await world.ask(consumerGroupHeartbeat, version, again)
    assert.deepEqual([followed.memberEpoch, followed.assignment], [2, null])
    await world.broker.topics.grow(topicId, 4)
    const grown = await world.ask(consumerGroupHeartbeat, version, again)
    assert.deepEqual(grown.assignment?.topicPartitions[0]?.partitions, [0, 1, 2, 3])
    const left = await world.ask(consumerGroupHeartbeat, version, { ...again, memberEpoch: -1 })
    assert.deepEqual([left.errorCode, left.memberEpoch], [0, -1])
    const gone = await world.ask(consumerGroupHeartbeat, version, again)
    assert.equal(gone.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
    assert.match(gone.errorMessage ?? '', /is not a member of group g/)
  })
}

test('a group’s own configs are told to its members', async () => {
  const world = new KafkaWorld()
  const name = 'consumer.heartbeat.interval.ms'
  const configs = [{ name, configOperation: 0, value: '7000' }]
  const resources = [{ resourceType: 32, resourceName: 'g', configs }]
  const { memberId, heartbeatIntervalMs, memberEpoch } = await join(world)
  assert.equal(heartbeatIntervalMs, 5_000)
  await world.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
  const again = { groupId: 'g', memberId: memberId ?? '', memberEpoch }
  const beat = await world.ask(consumerGroupHeartbeat, 1, again)
  assert.equal(beat.heartbeatIntervalMs, 7_000)
})

test('assignors are those that the broker names, the first where nobody asks', async () => {
  const world = new KafkaWorld({ 'group.consumer.assignors': 'range' })
  const asked = { ...joining, memberId: 'm', serverAssignor: 'uniform' }
  const refused = await world.ask(consumerGroupHeartbeat, 1, asked)
  assert.equal(refused.errorCode, ErrorCode.UNSUPPORTED_ASSIGNOR)
  const why = 'ServerAssignor uniform is not supported. Supported assignors: range.'
  assert.equal(refused.errorMessage, why)
  assert.equal((await join(world)).errorCode, ErrorCode.NONE)
  const described = { groupIds: ['g'], includeAuthorizedOperations: false }
  const { groups } = await world.ask(consumerGroupDescribe, 1, described)
  assert.equal(groups[0]?.assignorName, 'range')
})

test('a group is described with what its members have and are to have', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t', 1)
  await join(world)
  for (const version of [0, 1]) {
    const { groups } = await world.ask(consumerGroupDescribe, version, {
      groupIds: ['g', 'none', 'g'],
      includeAuthorizedOperations: false,
    })
    const [group, none] = groups
    assert.equal(groups.length, 2)
    assert.deepEqual(
      [group?.groupState, group?.groupEpoch, group?.assignmentEpoch, group?.assignorName],
      ['Stable', 2, 2, 'uniform'],
    )
    const [member] = group?.members ?? []
    const share = { topicPartitions: [{ topicId, topicName: 't', partitions: [0] }] }
    assert.deepEqual([member?.assignment, member?.targetAssignment], [share, share])
    assert.deepEqual(
      [member?.memberId, member?.rackId, member?.clientId, member?.clientHost, member?.memberType],
      ['m', 'r', 'tester', '/10.1.2.3', version === 0 ? -1 : 1],
    )
    assert.equal(none?.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
    assert.equal(none?.errorMessage, 'Group none not found.')
  }
})

test('to tools it is a consumer group: listed as one, and no classic one', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  await join(world)
  const list = async (typesFilter: string[], statesFilter: string[] = []): Promise<string[]> => {
    const { groups } = await world.ask(listGroups, 5, { statesFilter, typesFilter })
    return groups.map((each) => `${each.groupType} ${each.groupState} ${each.protocolType}`)
  }
  assert.deepEqual(await list(['Consumer']), ['consumer Stable consumer'])
  assert.deepEqual(await list(['classic']), [])
  assert.deepEqual(await list([], ['stable']), ['consumer Stable consumer'])
  assert.deepEqual(await list([], ['Assigning']), [])
  for (const version of [5, 6]) {
    const { groups } = await world.ask(describeGroups, version, { groups: ['g'] })
    assert.equal(groups[0]?.groupState, 'Dead')
    const code = version < 6 ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND
    assert.equal(groups[0]?.errorCode, code)
  }
  const { results } = await world.ask(deleteGroups, 2, { groupsNames: ['g'] })
  assert.equal(results[0]?.errorCode, ErrorCode.NON_EMPTY_GROUP)
})

test('offsets go under the epoch of the member, in versions that know of it', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t')
  await join(world)
  const commit = async (version: number, epoch: number, memberId = 'm'): Promise<number> => {
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }]
    const topic = version >= 10 ? { topicId, partitions } : { name: 't', partitions }
    const request = { groupId: 'g', memberId, generationIdOrMemberEpoch: epoch, topics: [topic] }
    const { topics } = await world.ask(offsetCommit, version, request)
    return topics[0]?.partitions[0]?.errorCode ?? -1
  }
  assert.equal(await commit(9, 2), ErrorCode.NONE)
  assert.equal(await commit(10, 2), ErrorCode.NONE)
  assert.equal(await commit(9, 3), ErrorCode.STALE_MEMBER_EPOCH)
  assert.equal(await commit(9, 2, 'x'), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(await commit(8, 2), ErrorCode.UNSUPPORTED_VERSION)
  const fetch = async (memberId: string | null, memberEpoch: number): Promise<number> => {
    const topics = [{ name: 't', partitionIndexes: [0] }]
    const request = { groups: [{ groupId: 'g', memberId, memberEpoch, topics }] }
    const { groups } = await world.ask(offsetFetch, 9, request)
    return groups[0]?.errorCode ?? -1
  }
  assert.equal(await fetch('m', 2), ErrorCode.NONE)
  assert.equal(await fetch(null, -1), ErrorCode.NONE)
  assert.equal(await fetch('m', 0), ErrorCode.STALE_MEMBER_EPOCH)
  assert.equal(await fetch('x', 2), ErrorCode.UNKNOWN_MEMBER_ID)
})

test('a refusal says why', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const told = async (fields: object): Promise<[number, string | null]> => {
    const request = { ...joining, memberId: 'x', ...fields }
    const answer = await world.ask(consumerGroupHeartbeat, 1, request)
    return [answer.errorCode, answer.errorMessage]
  }
  const cases: readonly [object, number, RegExp][] = [
    [{ subscribedTopicRegex: '[' }, ErrorCode.INVALID_REGULAR_EXPRESSION, /not a valid regular/],
    [{ serverAssignor: 'x' }, ErrorCode.UNSUPPORTED_ASSIGNOR, /Supported assignors: range, unif/],
    [{ memberId: '' }, ErrorCode.INVALID_REQUEST, /MemberId can't be empty/],
    [{ memberEpoch: 5 }, ErrorCode.GROUP_ID_NOT_FOUND, /not found/],
  ]
  for (const [fields, code, message] of cases) {
    const [errorCode, errorMessage] = await told(fields)
    assert.equal(errorCode, code, JSON.stringify(fields))
    assert.match(errorMessage ?? '', message)
  }
  await join(world)
  const ahead = { groupId: 'g', memberId: 'm', memberEpoch: 9 }
  const fenced = await world.ask(consumerGroupHeartbeat, 1, ahead)
  assert.equal(fenced.errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  world.cutCatalog()
  const [errorCode] = await told({})
  assert.equal(errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
})
