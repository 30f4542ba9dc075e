/** Membership and administration of classic groups, over the router. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { findCoordinator } from '../../wire/messages/10-find-coordinator.ts'
import { joinGroup, type JoinGroupResponse } from '../../wire/messages/11-join-group.ts'
import { heartbeat } from '../../wire/messages/12-heartbeat.ts'
import { leaveGroup } from '../../wire/messages/13-leave-group.ts'
import { syncGroup } from '../../wire/messages/14-sync-group.ts'
import { describeGroups } from '../../wire/messages/15-describe-groups.ts'
import { listGroups } from '../../wire/messages/16-list-groups.ts'
import { deleteGroups } from '../../wire/messages/42-delete-groups.ts'

const metadata = Buffer.from('what a member tells')
const share = Buffer.from('what it gets')

const joining = (memberId: string): Parameters<typeof joinGroup.request.encode>[1] => ({
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  memberId,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata }],
})

/** Joins, with the id that it is given where the version wants that. */
async function join(world: KafkaWorld, version: number, memberId = ''): Promise<JoinGroupResponse> {
  const joined = await world.ask(joinGroup, version, joining(memberId))
  const isAskedAgain = joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED
  assert.equal(isAskedAgain, version >= 4 && memberId === '', `v${version}`)
  return isAskedAgain ? join(world, version, joined.memberId) : joined
}

/** A group of one member that has its share. */
async function stable(world: KafkaWorld): Promise<{ memberId: string; generationId: number }> {
  const { memberId, generationId } = await join(world, 9)
  const synced = await world.ask(syncGroup, 5, {
    groupId: 'g',
    generationId,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId, assignment: share }],
  })
  assert.equal(synced.errorCode, ErrorCode.NONE)
  return { memberId, generationId }
}

test('this broker coordinates every group and transaction, and nothing else', async () => {
  const world = new KafkaWorld()
  for (let version = 0; version <= 3; version++) {
    const found = await world.ask(findCoordinator, version, { key: 'g' })
    assert.deepEqual(
      [found.errorCode, found.nodeId, found.host, found.port],
      [0, 1, 'karst.test', 9092],
    )
  }
  for (let version = 4; version <= 6; version++) {
    const { coordinators } = await world.ask(findCoordinator, version, {
      coordinatorKeys: ['g', 'h'],
    })
    assert.deepEqual(
      coordinators.map(({ key, nodeId, errorCode }) => [key, nodeId, errorCode]),
      [
        ['g', 1, 0],
        ['h', 1, 0],
      ],
    )
  }
  const one = await world.ask(findCoordinator, 1, { key: 't', keyType: 1 })
  assert.deepEqual([one.errorCode, one.nodeId, one.port], [ErrorCode.NONE, 1, 9092])
  for (const [keyType, message] of [
    [2, /share/],
    [9, /9/],
  ] as const) {
    const { coordinators } = await world.ask(findCoordinator, 6, {
      keyType,
      coordinatorKeys: ['k'],
    })
    assert.equal(coordinators[0]?.errorCode, ErrorCode.INVALID_REQUEST)
    assert.match(coordinators[0].errorMessage ?? '', message)
  }
})

test('a member joins, syncs, heartbeats and leaves in every version', async () => {
  for (let version = 0; version <= 9; version++) {
    const world = new KafkaWorld()
    const joined = await join(world, version)
    const { memberId, generationId } = joined
    assert.equal(joined.errorCode, ErrorCode.NONE, `v${version}`)
    assert.deepEqual([joined.leader, joined.protocolName], [memberId, 'range'])
    assert.equal(joined.protocolType, version >= 7 ? 'consumer' : null)
    assert.deepEqual(joined.members, [{ memberId, groupInstanceId: null, metadata }])

    const member = { groupId: 'g', generationId, memberId }
    const protocol = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : undefined
    const assignments = [{ memberId, assignment: share }]
    const synced = await world.ask(syncGroup, Math.min(version, 5), {
      ...member,
      ...protocol,
      assignments,
    })
    assert.equal(synced.errorCode, ErrorCode.NONE, `v${version}`)
    assert.deepEqual(synced.assignment, share)

    const alive = await world.ask(heartbeat, Math.min(version, 4), member)
    assert.equal(alive.errorCode, ErrorCode.NONE)
    const members = [
      { memberId, groupInstanceId: null },
      { memberId: 'nobody', groupInstanceId: null },
    ]
    const leaving = version >= 3 ? { groupId: 'g', members } : { groupId: 'g', memberId }
    const left = await world.ask(leaveGroup, Math.min(version, 5), leaving)
    assert.equal(left.errorCode, ErrorCode.NONE)
    const codes = left.members.map((each) => each.errorCode)
    assert.deepEqual(codes, version >= 3 ? [0, ErrorCode.UNKNOWN_MEMBER_ID] : [])
    const dead = await world.ask(heartbeat, Math.min(version, 4), member)
    assert.equal(dead.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  }
})

test('who cannot join is told why, with its own member id', async () => {
  const world = new KafkaWorld()
  await stable(world)
  const other = { ...joining('me'), protocolType: 'connect' }
  const cases = [
    [{ ...joining('me'), sessionTimeoutMs: 1 }, ErrorCode.INVALID_SESSION_TIMEOUT],
    [{ ...joining('me'), groupId: '' }, ErrorCode.INVALID_GROUP_ID],
    [joining('me'), ErrorCode.UNKNOWN_MEMBER_ID],
    [{ ...other, memberId: '' }, ErrorCode.INCONSISTENT_GROUP_PROTOCOL],
  ] as const
  for (const [request, errorCode] of cases) {
    for (const version of [0, 6, 7, 9]) {
      const answer = await world.ask(joinGroup, version, request)
      assert.equal(answer.errorCode, errorCode)
      const { memberId, generationId, protocolName, members } = answer
      const expected = [request.memberId, -1, version >= 7 ? null : '', []]
      assert.deepEqual([memberId, generationId, protocolName, members], expected)
    }
  }
  world.cutCatalog()
  const fresh = await world.ask(joinGroup, 0, { ...joining(''), groupId: 'fresh' })
  assert.equal(fresh.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
})

test('a sync of version 5 names protocol type and name', async () => {
  const world = new KafkaWorld()
  const member = { groupId: 'g', ...(await stable(world)), assignments: [] }
  const half = await world.ask(syncGroup, 5, { ...member, protocolType: 'consumer' })
  assert.equal(half.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  const older = await world.ask(syncGroup, 4, member)
  assert.deepEqual([older.errorCode, older.assignment], [ErrorCode.NONE, share])
  const wrong = { ...member, generationId: 99 }
  assert.equal((await world.ask(syncGroup, 0, wrong)).errorCode, ErrorCode.ILLEGAL_GENERATION)
  assert.equal((await world.ask(heartbeat, 0, wrong)).errorCode, ErrorCode.ILLEGAL_GENERATION)
})

test('a static member keeps its place, and leaves by its instance id', async () => {
  const world = new KafkaWorld()
  const first = await world.ask(joinGroup, 5, { ...joining(''), groupInstanceId: 'i' })
  assert.equal(first.errorCode, ErrorCode.NONE)
  assert.equal(first.members[0]?.groupInstanceId, 'i')
  const second = await world.ask(joinGroup, 5, { ...joining(''), groupInstanceId: 'i' })
  assert.notEqual(second.memberId, first.memberId)
  const old = {
    groupId: 'g',
    generationId: second.generationId,
    memberId: first.memberId,
    groupInstanceId: 'i',
  }
  assert.equal((await world.ask(heartbeat, 3, old)).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  const members = [{ memberId: '', groupInstanceId: 'i' }]
  const left = await world.ask(leaveGroup, 3, { groupId: 'g', members })
  assert.deepEqual(left.members, [
    { memberId: left.members[0]?.memberId, groupInstanceId: 'i', errorCode: 0 },
  ])
})

test('a group is described with its members; one that is not there is dead', async () => {
  const world = new KafkaWorld()
  const { memberId } = await stable(world)
  for (let version = 0; version <= 6; version++) {
    const { groups } = await world.ask(describeGroups, version, {
      groups: ['g', 'none'],
      ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
    })
    const [g, none] = groups
    assert.deepEqual(
      [g?.errorCode, g?.groupState, g?.protocolType, g?.protocolData],
      [ErrorCode.NONE, 'Stable', 'consumer', 'range'],
    )
    assert.equal(g?.authorizedOperations, version >= 3 ? 3400 : -2_147_483_648)
    const isDead = version >= 3 && version < 6
    assert.equal(none?.authorizedOperations, isDead ? 3400 : -2_147_483_648)
    assert.deepEqual(g.members, [
      {
        memberId,
        groupInstanceId: null,
        clientId: 'tester',
        clientHost: '/10.1.2.3',
        memberMetadata: metadata,
        memberAssignment: share,
      },
    ])
    const isError = version >= 6
    assert.equal(none?.errorCode, isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE)
    assert.deepEqual([none.groupState, none.members], ['Dead', []])
    assert.equal(none.errorMessage === null, !isError)
  }
  world.cutCatalog()
  const { groups } = await world.ask(describeGroups, 0, { groups: ['unheard'] })
  assert.equal(groups[0]?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
})

test('groups are listed, by state and type where that is asked', async () => {
  const world = new KafkaWorld()
  await stable(world)
  const list = async (version: number, filter: object = {}): Promise<string[]> => {
    const asked = { statesFilter: [], typesFilter: [], ...filter }
    const answer = await world.ask(listGroups, version, asked)
    assert.equal(answer.errorCode, ErrorCode.NONE)
    return answer.groups.map(({ groupId, groupState, groupType }) =>
      [groupId, groupState, groupType].filter((part) => part !== '').join(' '),
    )
  }
  assert.deepEqual(await list(0), ['g'])
  assert.deepEqual(await list(3), ['g'])
  assert.deepEqual(await list(4), ['g Stable'])
  assert.deepEqual(await list(5), ['g Stable classic'])
  assert.deepEqual(await list(5, { statesFilter: ['stable', 'Empty'] }), ['g Stable classic'])
  assert.deepEqual(await list(5, { statesFilter: ['Empty'] }), [])
  assert.deepEqual(await list(5, { statesFilter: ['Reconciling'] }), [], 'no state of ours')
  assert.deepEqual(await list(5, { typesFilter: ['Classic'] }), ['g Stable classic'])
  assert.deepEqual(await list(5, { typesFilter: ['consumer', 'share'] }), [])
  world.cutCatalog()
  const failed = await world.ask(listGroups, 0, { statesFilter: [], typesFilter: [] })
  assert.equal(failed.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
})

test('groups without members are deleted', async () => {
  for (let version = 0; version <= 2; version++) {
    const world = new KafkaWorld()
    const { memberId } = await stable(world)
    const remove = async (...groupsNames: string[]): Promise<(string | number)[][]> => {
      const { results } = await world.ask(deleteGroups, version, { groupsNames })
      return results.map(({ groupId, errorCode }) => [groupId, errorCode])
    }
    assert.deepEqual(await remove('g', 'none'), [
      ['g', ErrorCode.NON_EMPTY_GROUP],
      ['none', ErrorCode.GROUP_ID_NOT_FOUND],
    ])
    await world.ask(leaveGroup, 0, { groupId: 'g', memberId })
    assert.deepEqual(await remove('g', 'g'), [['g', ErrorCode.NONE]])
  }
})
