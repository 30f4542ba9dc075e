/** What tools for clusters of brokers ask, answered by one that has no replicas and no quorum. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { apis } from '../../wire/apis.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { apiVersions } from '../../wire/messages/18-api-versions.ts'
import { alterReplicaLogDirs } from '../../wire/messages/34-alter-replica-log-dirs.ts'
import { electLeaders } from '../../wire/messages/43-elect-leaders.ts'
import { listPartitionReassignments } from '../../wire/messages/46-list-partition-reassignments.ts'
import { describeQuorum } from '../../wire/messages/55-describe-quorum.ts'
import { updateFeatures } from '../../wire/messages/57-update-features.ts'
import { finalizedFeatures } from '../features.ts'
import { updateFeaturesHandler } from './57-update-features.ts'

const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

test('the leader is the preferred one: no election is needed', async () => {
  const world = new KafkaWorld()
  await world.topic('t', 2)
  const topicPartitions = [
    { topic: 't', partitions: [0, 2] },
    { topic: 'x', partitions: [0] },
  ]
  for (let version = 0; version <= 2; version++) {
    const answer = await world.ask(electLeaders, version, { topicPartitions })
    const codes = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ partitionId, errorCode }) => [topic, partitionId, errorCode]),
    )
    assert.deepEqual(codes, [
      ['t', 0, ErrorCode.ELECTION_NOT_NEEDED],
      ['t', 2, unknown],
      ['x', 0, unknown],
    ])
  }
  const wrong = await world.ask(electLeaders, 2, { electionType: 2, topicPartitions })
  assert.equal(wrong.errorCode, ErrorCode.INVALID_REQUEST)
  const first = wrong.replicaElectionResults[0]?.partitionResult[0]
  assert.deepEqual([first?.errorCode, first?.errorMessage], [42, 'there is no election of type 2'])
  const all = await world.ask(electLeaders, 2, { electionType: 1, topicPartitions: null })
  assert.deepEqual([all.errorCode, all.replicaElectionResults], [ErrorCode.NONE, []])
})

test('a partition is where it is: what says so succeeds, the rest is refused', async () => {
  const world = new KafkaWorld({ 'node.id': '7' })
  await world.topic('t', 1)
  const partitions = [[7], [7, 8], [], [7, 7], null].map((replicas) => {
    return { partitionIndex: 0, replicas }
  })
  const topics = [
    { name: 't', partitions: [...partitions, { partitionIndex: 1, replicas: [7] }] },
    { name: 'x', partitions: [{ partitionIndex: 0, replicas: [7] }] },
  ]
  for (let version = 0; version <= 1; version++) {
    const answer = await world.ask(apis[45], version, { topics })
    assert.equal(answer.errorCode, ErrorCode.NONE)
    assert.deepEqual(
      answer.responses.map((each) => each.partitions.map(({ errorCode }) => errorCode)),
      [
        [
          ErrorCode.NONE,
          ErrorCode.INVALID_REPLICA_ASSIGNMENT,
          ErrorCode.INVALID_REPLICA_ASSIGNMENT,
          ErrorCode.INVALID_REPLICA_ASSIGNMENT,
          ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
          unknown,
        ],
        [unknown],
      ],
    )
    assert.match(answer.responses[0]?.partitions[1]?.errorMessage ?? '', /no broker 8/)
  }
  const listed = await world.ask(listPartitionReassignments, 0, {})
  assert.deepEqual([listed.errorCode, listed.topics], [ErrorCode.NONE, []])
})

test('there is one folder to move a partition to', async () => {
  const world = new KafkaWorld({ 'data.dir': '/karst' })
  await world.topic('t', 1)
  const topics = [
    { name: 't', partitions: [0, 1] },
    { name: 'x', partitions: [0] },
  ]
  const dirs = ['/karst', '/other'].map((path) => ({ path, topics }))
  for (let version = 1; version <= 2; version++) {
    const { results } = await world.ask(alterReplicaLogDirs, version, { dirs })
    const notFound = ErrorCode.LOG_DIR_NOT_FOUND
    assert.deepEqual(
      results.map((each) => each.partitions.map(({ errorCode }) => errorCode)),
      [[ErrorCode.NONE, unknown], [unknown], [notFound, notFound], [notFound]],
    )
  }
})

test('the quorum is this broker, and has no log', async () => {
  const world = new KafkaWorld({ 'node.id': '7' })
  const topics = [
    { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] },
    { topicName: 't', partitions: [{ partitionIndex: 0 }] },
  ]
  for (let version = 0; version <= 2; version++) {
    const answer = await world.ask(describeQuorum, version, { topics })
    assert.equal(answer.errorCode, ErrorCode.NONE)
    const [quorum, other] = answer.topics[0]?.partitions ?? []
    assert.deepEqual([quorum?.errorCode, quorum?.leaderId, quorum?.highWatermark], [0, 7, 0])
    assert.deepEqual(
      quorum?.currentVoters.map(({ replicaId }) => replicaId),
      [7],
    )
    assert.deepEqual([other?.errorCode, other?.leaderId], [unknown, -1])
    assert.equal(answer.topics[1]?.partitions[0]?.errorCode, unknown)
    const nodes = answer.nodes.map(({ nodeId, listeners }) => [nodeId, listeners[0]?.port])
    assert.deepEqual(nodes, version === 2 ? [[7, 9092]] : [])
  }
  const none = await world.ask(describeQuorum, 2, { topics: topics.slice(1) })
  assert.deepEqual(none.nodes, [])
})

type Update = Parameters<typeof updateFeatures.request.encode>[1]['featureUpdates'][number]

test('features stay at the level of this release', async () => {
  const { handle } = updateFeaturesHandler([{ name: 'f', minLevel: 0, level: 2 }])
  const up = (feature: string, maxVersionLevel: number, upgradeType = 1): Update => {
    return { feature, maxVersionLevel, allowDowngrade: false, upgradeType }
  }
  const ask = async (...featureUpdates: Update[]): Promise<[number, string | null, number]> => {
    const handled = await handle({ featureUpdates }, {} as never)
    assert.ok(typeof handled === 'object')
    const { errorCode, errorMessage, results } = handled.response as {
      errorCode: number
      errorMessage: string | null
      results: unknown[]
    }
    return [errorCode, errorMessage, results.length]
  }
  assert.deepEqual(await ask(), [ErrorCode.NONE, null, 0])
  for (const way of [1, 2, 3]) {
    assert.deepEqual(await ask(up('f', 2, way)), [ErrorCode.NONE, null, 1])
  }
  for (const wrong of [up('f', 3), up('f', 1, 2), up('f', 0, 3), up('f', 2, 0), up('g', 2)]) {
    const [code, message, count] = await ask(up('f', 2), wrong)
    assert.deepEqual([code, count], [ErrorCode.INVALID_UPDATE_VERSION, 0])
    assert.match(message ?? '', new RegExp(`nothing is updated, because ${wrong.feature}`))
  }
})

test('ApiVersions tells the features that can be updated', async () => {
  const world = new KafkaWorld()
  const asked = { clientSoftwareName: 'a', clientSoftwareVersion: '1' }
  const answer = await world.ask(apiVersions, 4, asked)
  assert.deepEqual(
    answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
    finalizedFeatures.map(({ name, level }) => [name, level]),
  )
  for (let version = 0; version <= 2; version++) {
    const featureUpdates = [{ feature: 'nothing', maxVersionLevel: 1, allowDowngrade: false }]
    const updates = version === 0 ? featureUpdates : [{ feature: 'nothing', maxVersionLevel: 1 }]
    const told = await world.ask(updateFeatures, version, { featureUpdates: updates })
    assert.equal(told.errorCode, ErrorCode.INVALID_UPDATE_VERSION)
  }
})
