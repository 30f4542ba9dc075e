/**
 * Clients that speak Kafka and want too much: each meets a limit, with an answer that says so, or
 * is served as slowly as it is greedy. Their neighbour's rounds go on meanwhile, and the broker's
 * memory stays bounded.
 */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBatch } from '../../src/record/build-batch.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { encodeRequest } from '../../src/wire/frame.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { fetch } from '../../src/wire/messages/01-fetch.ts'
import { listOffsets } from '../../src/wire/messages/02-list-offsets.ts'
import { metadata } from '../../src/wire/messages/03-metadata.ts'
import { offsetCommit } from '../../src/wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../../src/wire/messages/09-offset-fetch.ts'
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import { joinGroup } from '../../src/wire/messages/11-join-group.ts'
import { leaveGroup } from '../../src/wire/messages/13-leave-group.ts'
import { describeGroups } from '../../src/wire/messages/15-describe-groups.ts'
import { listGroups } from '../../src/wire/messages/16-list-groups.ts'
import { createTopics } from '../../src/wire/messages/19-create-topics.ts'
import { deleteTopics } from '../../src/wire/messages/20-delete-topics.ts'
import { deleteRecords } from '../../src/wire/messages/21-delete-records.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { offsetForLeaderEpoch } from '../../src/wire/messages/23-offset-for-leader-epoch.ts'
import { describeConfigs } from '../../src/wire/messages/32-describe-configs.ts'
import { deleteGroups } from '../../src/wire/messages/42-delete-groups.ts'
import { describeTransactions } from '../../src/wire/messages/65-describe-transactions.ts'
import { consumerGroupDescribe } from '../../src/wire/messages/69-consumer-group-describe.ts'
import { endTxn } from '../../src/wire/messages/26-end-txn.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { until } from '../support/until.ts'
import { Neighbour } from './neighbour.ts'
import { openSocket, WireClient } from './wire-client.ts'

const mebibyte = 1024 * 1024
/** No round may take longer, on a machine that does much else; alone it takes some ms. */
const roundMsMax = 10_000
/** What a request may leave behind in the process until memory is collected. */
const grownBytesMax = 300 * mebibyte
const many = 100_000
const { INVALID_REQUEST, NONE, POLICY_VIOLATION } = ErrorCode
const { UNKNOWN_TOPIC_OR_PARTITION, COORDINATOR_NOT_AVAILABLE, MEMBER_ID_REQUIRED } = ErrorCode

const flags = [
  ...['--group-memory-bytes', `${32 * mebibyte}`],
  ...['--transaction-abort-timed-out-transaction-cleanup-interval-ms', '500'],
]

let broker: BrokerProcess
let neighbour: Neighbour

before(async () => {
  broker = await BrokerProcess.start({ flags })
  neighbour = await Neighbour.of(broker)
})
after(async () => {
  neighbour.close()
  await broker.close()
})

/** `misbehave` on a connection of its own: the neighbour is served, and memory stays bounded. */
async function harmless(
  t: TestContext,
  misbehave: (greedy: WireClient) => Promise<void>,
): Promise<void> {
  const greedy = await WireClient.open(broker.bootstrap)
  const begun = performance.now()
  const { rounds, longestMs, grownBytes } = await neighbour.during(() => misbehave(greedy))
  greedy.close()
  const ms = Math.round(performance.now() - begun)
  const grown = `${Math.round(grownBytes / mebibyte)} MiB more`
  const longest = `${Math.round(longestMs)} ms`
  t.diagnostic(`${rounds} rounds in ${ms} ms, the longest took ${longest}; ${grown}`)
  assert.ok(longestMs < roundMsMax, `the neighbour waited for ${longest}`)
  assert.ok(grownBytes < grownBytesMax, grown)
}

const names = (prefix: string): string[] =>
  Array.from({ length: many }, (_, at) => `${prefix}-${at}`)

const absent = names('absent')
const counts = (codes: readonly (number | undefined)[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(codes, String)].map(([code, own]) => [code, own.length] as const),
  )
const only = (code: number, count = many): Record<string, number> => ({ [code]: count })

/** A request for much, and how many answers have which code. */
const requests: Record<
  string,
  (client: WireClient) => Promise<[Record<string, number>, Record<string, number>]>
> = {
  'Metadata of topics that are not there': async (client) => {
    const topics = absent.map((name) => ({ name }))
    const body = { topics, allowAutoTopicCreation: false }
    const answer = await client.ask(metadata, 9, body)
    const codes = answer.topics.map(({ errorCode }) => errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'Produce to topics that are not there': async (client) => {
    const partitionData = [{ index: 0, records: null }]
    const topicData = absent.map((name) => ({ name, partitionData }))
    const body = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
    const { responses } = await client.ask(produce, 9, body)
    const codes = responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'Fetch of topics that are not there': async (client) => {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: mebibyte }]
    const topics = absent.map((topic) => ({ topic, partitions }))
    const body = { maxWaitMs: 500, minBytes: 1, topics, forgottenTopicsData: [] }
    const { responses } = await client.ask(fetch, 11, body)
    const codes = responses.map((each) => each.partitions[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'ListOffsets of topics that are not there': async (client) => {
    const partitions = [{ partitionIndex: 0, timestamp: 1 }]
    const topics = absent.map((name) => ({ name, partitions }))
    const answer = await client.ask(listOffsets, 5, { replicaId: -1, isolationLevel: 0, topics })
    const codes = answer.topics.map((each) => each.partitions[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'OffsetForLeaderEpoch of topics that are not there': async (client) => {
    const partitions = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }]
    const topics = absent.map((topic) => ({ topic, partitions }))
    const answer = await client.ask(offsetForLeaderEpoch, 3, { topics })
    const codes = answer.topics.map((each) => each.partitions[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'OffsetFetch of topics that are not there': async (client) => {
    const topics = absent.map((name) => ({ name, partitionIndexes: [0] }))
    const answer = await client.ask(offsetFetch, 7, { groupId: 'g', topics })
    const codes = answer.topics.map(({ partitions }) => partitions[0]?.errorCode)
    return [counts(codes), only(NONE)]
  },
  'OffsetFetch of one partition again and again': async (client) => {
    const topics = [{ name: 'neighbour', partitionIndexes: Array<number>(many).fill(0) }]
    const answer = await client.ask(offsetFetch, 7, { groupId: 'g', topics })
    const codes = answer.topics[0]?.partitions.map(({ errorCode }) => errorCode) ?? []
    return [counts(codes), only(NONE)]
  },
  'OffsetCommit to topics that are not there': async (client) => {
    const partitions = [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }]
    const topics = absent.map((name) => ({ name, partitions }))
    const own = { groupId: 'g', memberId: '', generationIdOrMemberEpoch: -1 }
    const answer = await client.ask(offsetCommit, 8, { ...own, topics })
    const codes = answer.topics.map((each) => each.partitions[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  'OffsetCommit to one partition again and again': async (client) => {
    const partition = { partitionIndex: 0, committedOffset: 0, committedMetadata: '' }
    const topics = [{ name: 'neighbour', partitions: absent.map(() => partition) }]
    const own = { groupId: 'g', memberId: '', generationIdOrMemberEpoch: -1 }
    const answer = await client.ask(offsetCommit, 8, { ...own, topics })
    const codes = answer.topics[0]?.partitions.map(({ errorCode }) => errorCode) ?? []
    return [counts(codes), only(INVALID_REQUEST)]
  },
  'FindCoordinator for groups': async (client) => {
    const body = { keyType: 0, coordinatorKeys: absent }
    const { coordinators } = await client.ask(findCoordinator, 4, body)
    return [counts(coordinators.map(({ errorCode }) => errorCode)), only(NONE)]
  },
  'LeaveGroup for members that are not there': async (client) => {
    const members = absent.map((memberId) => ({ memberId }))
    const answer = await client.ask(leaveGroup, 4, { groupId: 'left', members })
    const codes = answer.members.map(({ errorCode }) => errorCode)
    return [counts(codes), only(ErrorCode.UNKNOWN_MEMBER_ID)]
  },
  'DescribeGroups of groups that are not there': async (client) => {
    const { groups } = await client.ask(describeGroups, 5, { groups: absent })
    return [counts(groups.map(({ errorCode }) => errorCode)), only(NONE)]
  },
  'ConsumerGroupDescribe of groups that are not there': async (client) => {
    const body = { groupIds: absent, includeAuthorizedOperations: false }
    const { groups } = await client.ask(consumerGroupDescribe, 0, body)
    const codes = groups.map(({ errorCode }) => errorCode)
    return [counts(codes), only(ErrorCode.GROUP_ID_NOT_FOUND)]
  },
  'DeleteGroups of groups that are not there': async (client) => {
    const { results } = await client.ask(deleteGroups, 2, { groupsNames: absent })
    const codes = results.map(({ errorCode }) => errorCode)
    return [counts(codes), only(ErrorCode.GROUP_ID_NOT_FOUND)]
  },
  'DescribeTransactions of ids that are not there': async (client) => {
    const body = { transactionalIds: absent }
    const { transactionStates } = await client.ask(describeTransactions, 0, body)
    const { TRANSACTIONAL_ID_NOT_FOUND } = ErrorCode
    return [
      counts(transactionStates.map(({ errorCode }) => errorCode)),
      { ...only(TRANSACTIONAL_ID_NOT_FOUND, 10_000), ...only(INVALID_REQUEST, 90_000) },
    ]
  },
  CreateTopics: async (client) => {
    const rest = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    const topics = absent.map((name) => ({ name, ...rest }))
    const answer = await client.ask(createTopics, 5, { topics })
    return [counts(answer.topics.map(({ errorCode }) => errorCode)), only(POLICY_VIOLATION)]
  },
  DeleteTopics: async (client) => {
    const body = { topicNames: absent, timeoutMs: 30_000 }
    const { responses } = await client.ask(deleteTopics, 5, body)
    return [counts(responses.map(({ errorCode }) => errorCode)), only(POLICY_VIOLATION)]
  },
  'DeleteRecords of topics that are not there': async (client) => {
    const partitions = [{ partitionIndex: 0, offset: 0 }]
    const topics = absent.map((name) => ({ name, partitions }))
    const answer = await client.ask(deleteRecords, 2, { topics, timeoutMs: 30_000 })
    const codes = answer.topics.map((each) => each.partitions[0]?.errorCode)
    return [counts(codes), only(UNKNOWN_TOPIC_OR_PARTITION)]
  },
  DescribeConfigs: async (client) => {
    const of = { resourceType: 2, configurationKeys: null }
    const resources = absent.map((resourceName) => ({ ...of, resourceName }))
    const { results } = await client.ask(describeConfigs, 4, { resources })
    return [counts(results.map(({ errorCode }) => errorCode)), only(POLICY_VIOLATION)]
  },
}

for (const [name, ask] of Object.entries(requests)) {
  test(`100,000 in one request: ${name}`, async (t) => {
    await harmless(t, async (client) => {
      const [found, expected] = await ask(client)
      assert.deepEqual(found, expected)
    })
  })
}

/** Requests on one connection, 500 under way at once. */
async function pipelined<Answer>(
  count: number,
  ask: (at: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let at = 0; at < count; at += 500) {
    const some = Array.from({ length: Math.min(500, count - at) }, (_, each) => ask(at + each))
    answers.push(...(await Promise.all(some)))
  }
  return answers
}

/** More take as long as they are many: 10,000 did, when this was written. */
const some = 300

test('groups without end, by commits', async (t) => {
  await harmless(t, async (client) => {
    const partition = { partitionIndex: 0, committedOffset: 0, committedMetadata: '' }
    const topics = [{ name: 'neighbour', partitions: [partition] }]
    const own = { memberId: '', generationIdOrMemberEpoch: -1, topics }
    const answers = await pipelined(some, (at) =>
      client.ask(offsetCommit, 8, { ...own, groupId: `commits-${at}` }),
    )
    const codes = answers.map((answer) => answer.topics[0]?.partitions[0]?.errorCode)
    assert.deepEqual(counts(codes), only(NONE, some))
    assert.equal((await client.ask(listGroups, 4, {})).errorCode, NONE)
  })
})

const joining = {
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 30_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.alloc(100) }],
}

test('groups without end, by joins', async (t) => {
  await harmless(t, async (client) => {
    const answers = await pipelined(some, (at) =>
      client.ask(joinGroup, 3, { ...joining, groupId: `joins-${at}` }),
    )
    assert.deepEqual(counts(answers.map(({ errorCode }) => errorCode)), only(NONE, some))
  })
})

test('a member that joins again and again, otherwise each time', async (t) => {
  await harmless(t, async (client) => {
    let memberId = ''
    for (let at = 0; at < 200; at++) {
      const protocols = [{ name: 'range', metadata: Buffer.from(`${at}`) }]
      const again = { ...joining, protocols, groupId: 'restless', memberId }
      const answer = await client.ask(joinGroup, 3, again)
      assert.deepEqual([answer.errorCode, answer.generationId], [NONE, at + 1])
      ;({ memberId } = answer)
    }
  })
})

test('member ids without end, none of them used', async (t) => {
  await harmless(t, async (client) => {
    const answers = await pipelined(6_000, () =>
      client.ask(joinGroup, 5, { ...joining, groupId: 'pending' }),
    )
    assert.deepEqual(counts(answers.map(({ errorCode }) => errorCode)), {
      ...only(MEMBER_ID_REQUIRED, 5_000),
      ...only(COORDINATOR_NOT_AVAILABLE, 1_000),
    })
  })
})

test('transactional ids without end', async (t) => {
  await harmless(t, async (client) => {
    const answers = await pipelined(some, (at) =>
      client.ask(initProducerId, 4, { transactionalId: `t-${at}`, transactionTimeoutMs: 60_000 }),
    )
    assert.deepEqual(counts(answers.map(({ errorCode }) => errorCode)), only(NONE, some))
  })
})

test('producer ids without end, each of them used once', async (t) => {
  await harmless(t, async (client) => {
    assert.equal(await client.createTopic('many-producers'), NONE)
    const codes = await pipelined(some, async () => {
      const asked = { transactionalId: null, transactionTimeoutMs: 60_000 }
      const { producerId, producerEpoch } = await client.ask(initProducerId, 4, asked)
      const own = { producerId, producerEpoch, baseSequence: 0 }
      const records = buildBatch([{ key: null, value: Buffer.from('x'), timestampMs: 0 }], own)
      const topicData = [{ name: 'many-producers', partitionData: [{ index: 0, records }] }]
      const body = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
      const { responses } = await client.ask(produce, 9, body)
      return responses[0]?.partitionResponses[0]?.errorCode
    })
    assert.deepEqual(counts(codes), only(NONE, some))
  })
})

test('members with metadata as large as a group may be', async (t) => {
  await harmless(t, async (client) => {
    const join = (groupId: string, bytes: number): Promise<{ readonly errorCode: number }> => {
      const protocols = [{ name: 'range', metadata: Buffer.alloc(bytes) }]
      return client.ask(joinGroup, 3, { ...joining, protocols, groupId })
    }
    assert.equal((await join('too-large', 9 * mebibyte)).errorCode, INVALID_REQUEST)
    const codes: number[] = []
    for (let at = 0; at < 6; at++) codes.push((await join(`large-${at}`, 7 * mebibyte)).errorCode)
    assert.deepEqual(counts(codes), { ...only(NONE, 3), ...only(COORDINATOR_NOT_AVAILABLE, 3) })
    // The last quarter is for those who ask for little.
    assert.equal((await join('usual', 1_000)).errorCode, NONE)
  })
})

/** What a connection sends, and then nothing more: the broker may wait for the rest for long. */
const stubs: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  'the begin of a size': Buffer.from([0, 0]),
  'half a heartbeat': Buffer.from([0, 0, 1, 0, 0, 12, 0, 4, 0, 0, 0, 1]),
  'the begin of a megabyte of records': Buffer.from([0, 16, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1]),
}

for (const [name, bytes] of Object.entries(stubs)) {
  test(`2,000 connections that send ${name}`, async (t) => {
    const stuck: Socket[] = []
    await harmless(t, async () => {
      for (let at = 0; at < 2_000; at++) {
        const socket = await openSocket(broker.bootstrap)
        socket.on('error', () => undefined)
        socket.write(bytes)
        stuck.push(socket)
      }
      await sleep(500)
    })
    for (const socket of stuck) socket.destroy()
  })
}

test('a reader that pipelines fetches and takes no answers', async (t) => {
  const writer = await WireClient.open(broker.bootstrap)
  assert.equal(await writer.createTopic('large'), NONE)
  for (let at = 0; at < 16; at++) await writer.produce('large', ['x'.repeat(900_000)])
  writer.close()
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 64 * mebibyte }]
  const asked = { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 'large', partitions }] }
  const header = { apiVersion: 11, correlationId: 1, clientId: 'deaf' }
  const request = Buffer.concat(encodeRequest(fetch, header, { ...asked, forgottenTopicsData: [] }))
  const deaf: Socket[] = []
  await harmless(t, async () => {
    for (let at = 0; at < 50; at++) {
      const socket = await openSocket(broker.bootstrap)
      socket.on('error', () => undefined).pause()
      socket.write(Buffer.concat(Array<Buffer>(200).fill(request)))
      deaf.push(socket)
    }
    await sleep(2_000)
  })
  for (const socket of deaf) socket.destroy()
})

test('a transaction that is held open ends in time, and stops readers of it only', async (t) => {
  const [writer, reader] = [
    await WireClient.open(broker.bootstrap),
    await WireClient.open(broker.bootstrap),
  ]
  assert.equal(await writer.createTopic('held'), NONE)
  const transactionalId = 'holder'
  const valuesFrom = async (isolationLevel: number): Promise<readonly [number, number]> => {
    const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: mebibyte }]
    const asked = { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 'held', partitions }] }
    const body = { ...asked, isolationLevel, forgottenTopicsData: [] }
    const part = (await reader.ask(fetch, 11, body)).responses[0]?.partitions[0]
    return [part?.lastStableOffset ?? -1, part?.records?.length ?? 0]
  }
  await harmless(t, async (greedy) => {
    const init = { transactionalId, transactionTimeoutMs: 2_000 }
    const { producerId, producerEpoch } = await greedy.ask(initProducerId, 4, init)
    const own = { producerId, producerEpoch, baseSequence: 0, isTransactional: true }
    const records = buildBatch([{ key: null, value: Buffer.from('held'), timestampMs: 0 }], own)
    const topicData = [{ name: 'held', partitionData: [{ index: 0, records }] }]
    const body = { transactionalId, acks: -1, timeoutMs: 30_000, topicData }
    const { responses } = await greedy.ask(produce, 12, body)
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, NONE)
    const begunMs = performance.now()
    // Others write behind it as ever; who reads everything gets it, who reads committed waits.
    for (let at = 0; at < 20; at++)
      assert.equal((await writer.produce('held', ['x'])).errorCode, NONE)
    const held = await valuesFrom(1)
    if (performance.now() - begunMs < 2_000) assert.deepEqual(held, [0, 0])
    assert.notEqual((await valuesFrom(0))[1], 0)
    await until(
      async () => (await valuesFrom(1))[0] > 20,
      20_000,
      () => 'the transaction is still open',
    )
    assert.notEqual((await valuesFrom(1))[1], 0)
    const end = { transactionalId, producerId, producerEpoch, committed: true }
    assert.notEqual((await greedy.ask(endTxn, 4, end)).errorCode, NONE, 'it is fenced')
  })
  writer.close()
  reader.close()
})
