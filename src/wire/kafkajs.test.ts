/**
 * kafkajs as an independent reader and writer: what it writes is read, what is written it reads, to
 * the last byte.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { apis, findApi } from './apis.ts'
import { decodeRequestHeader, encodeRequest } from './frame.ts'
import type { AnyApi } from './message.ts'

const require = createRequire(import.meta.url)

interface Kafkajs {
  request(args: object): { encode(): Promise<{ buffer: Buffer }> }
  response: { decode(bytes: Buffer): Promise<object> }
}
interface Exchange {
  readonly folder: string
  readonly api: AnyApi
  readonly versions: readonly [number, number]
  /** What kafkajs is asked to send, and what is read from it. */
  readonly ask: (version: number) => { readonly args: object; readonly read: object }
  /** What is answered, and what kafkajs reads from it. */
  readonly answer: (version: number) => { readonly value: object; readonly read: object }
}

const kafkajs = (folder: string, version: number): Kafkajs => ({
  request: require(`kafkajs/src/protocol/requests/${folder}/v${version}/request.js`),
  response: require(`kafkajs/src/protocol/requests/${folder}/v${version}/response.js`),
})

const metadata = Buffer.from('anything a member sends')
const since = <T extends object>(version: number, from: number, fields: T): Partial<T> =>
  version >= from ? fields : {}

const exchanges: readonly Exchange[] = [
  {
    folder: 'produce',
    api: apis[0],
    versions: [3, 7],
    ask: () => ({
      args: {
        acks: -1,
        timeout: 30_000,
        topicData: [
          {
            topic: 'orders',
            partitions: [{ partition: 2, messages: [{ key: 'k', value: 'v', timestamp: 1 }] }],
          },
        ],
      },
      read: {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: 'orders', partitionData: [{ index: 2 }] }],
      },
    }),
    answer: (version) => ({
      value: {
        responses: [
          {
            name: 'orders',
            partitionResponses: [
              {
                index: 2,
                errorCode: 0,
                baseOffset: 2 ** 40,
                ...since(version, 5, { logStartOffset: 7 }),
              },
            ],
          },
        ],
        throttleTimeMs: 9,
      },
      read: {
        topics: [
          {
            topicName: 'orders',
            partitions: [
              { partition: 2, errorCode: 0, baseOffset: '1099511627776', logAppendTime: '-1' },
            ],
          },
        ],
      },
    }),
  },
  {
    folder: 'fetch',
    api: apis[1],
    versions: [4, 11],
    ask: (version) => ({
      args: {
        replicaId: -1,
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: 1_048_576,
        isolationLevel: 1,
        rackId: 'a',
        topics: [
          { topic: 'orders', partitions: [{ partition: 1, fetchOffset: '42', maxBytes: 99 }] },
        ],
      },
      read: {
        maxWaitMs: 500,
        isolationLevel: 1,
        topics: [
          {
            topic: 'orders',
            partitions: [{ partition: 1, fetchOffset: 42, partitionMaxBytes: 99 }],
          },
        ],
        ...since(version, 11, { rackId: 'a' }),
      },
    }),
    answer: (version) => ({
      value: {
        responses: [
          {
            topic: 'orders',
            partitions: [
              {
                partitionIndex: 1,
                errorCode: 0,
                highWatermark: 43,
                lastStableOffset: 42,
                abortedTransactions: [{ producerId: 5, firstOffset: 6 }],
                records: [],
                ...since(version, 11, { preferredReadReplica: 3 }),
              },
            ],
          },
        ],
      },
      read: {
        responses: [
          {
            topicName: 'orders',
            partitions: [
              {
                partition: 1,
                highWatermark: '43',
                lastStableOffset: '42',
                abortedTransactions: [{ producerId: '5', firstOffset: '6' }],
                messages: [],
                ...since(version, 11, { preferredReadReplica: 3 }),
              },
            ],
          },
        ],
      },
    }),
  },
  {
    folder: 'listOffsets',
    api: apis[2],
    versions: [1, 3],
    ask: (version) => ({
      args: {
        replicaId: -1,
        isolationLevel: 1,
        topics: [{ topic: 'orders', partitions: [{ partition: 4, timestamp: -2 }] }],
      },
      read: {
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 4, timestamp: -2 }] }],
        ...since(version, 2, { isolationLevel: 1 }),
      },
    }),
    answer: () => ({
      value: {
        topics: [
          {
            name: 'orders',
            partitions: [{ partitionIndex: 4, errorCode: 0, timestamp: 8, offset: 9 }],
          },
        ],
      },
      read: {
        responses: [
          {
            topic: 'orders',
            partitions: [{ partition: 4, errorCode: 0, timestamp: '8', offset: '9' }],
          },
        ],
      },
    }),
  },
  {
    folder: 'metadata',
    api: apis[3],
    versions: [0, 6],
    ask: (version) => ({
      args: { topics: ['a', 'b'], allowAutoTopicCreation: false },
      read: {
        topics: [{ name: 'a' }, { name: 'b' }],
        allowAutoTopicCreation: version < 4,
      },
    }),
    answer: (version) => ({
      value: {
        brokers: [{ nodeId: 1, host: 'h', port: 9092, rack: version === 0 ? null : 'r' }],
        clusterId: 'c',
        controllerId: 1,
        topics: [
          {
            errorCode: 0,
            name: 'a',
            partitions: [
              { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1, 2], isrNodes: [1] },
            ],
          },
        ],
      },
      read: {
        brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
        topicMetadata: [
          {
            topicErrorCode: 0,
            topic: 'a',
            partitionMetadata: [
              { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1, 2], isr: [1] },
            ],
          },
        ],
        ...since(version, 1, { controllerId: 1 }),
        ...since(version, 2, { clusterId: 'c' }),
      },
    }),
  },
  {
    folder: 'offsetCommit',
    api: apis[8],
    versions: [2, 5],
    ask: () => ({
      args: {
        groupId: 'g',
        groupGenerationId: 3,
        memberId: 'm',
        retentionTime: -1,
        topics: [{ topic: 'a', partitions: [{ partition: 0, offset: '12', metadata: 'x' }] }],
      },
      read: {
        groupId: 'g',
        generationIdOrMemberEpoch: 3,
        memberId: 'm',
        topics: [
          {
            name: 'a',
            partitions: [{ partitionIndex: 0, committedOffset: 12, committedMetadata: 'x' }],
          },
        ],
      },
    }),
    answer: () => ({
      value: { topics: [{ name: 'a', partitions: [{ partitionIndex: 0, errorCode: 0 }] }] },
      read: { responses: [{ topic: 'a', partitions: [{ partition: 0, errorCode: 0 }] }] },
    }),
  },
  {
    folder: 'offsetFetch',
    api: apis[9],
    versions: [1, 4],
    ask: () => ({
      args: { groupId: 'g', topics: [{ topic: 'a', partitions: [{ partition: 0 }] }] },
      read: { groupId: 'g', topics: [{ name: 'a', partitionIndexes: [0] }] },
    }),
    answer: () => ({
      value: {
        topics: [
          {
            name: 'a',
            partitions: [{ partitionIndex: 0, committedOffset: -1, metadata: null, errorCode: 0 }],
          },
        ],
      },
      read: {
        responses: [
          {
            topic: 'a',
            partitions: [{ partition: 0, offset: '-1', metadata: null, errorCode: 0 }],
          },
        ],
      },
    }),
  },
  {
    folder: 'findCoordinator',
    api: apis[10],
    versions: [0, 2],
    ask: (version) => ({
      args: { coordinatorKey: 'g', coordinatorType: 1, groupId: 'g' },
      read: { key: 'g', keyType: version === 0 ? 0 : 1 },
    }),
    answer: () => ({
      value: { errorCode: 0, nodeId: 4, host: 'h', port: 1 },
      read: { errorCode: 0, coordinator: { nodeId: 4, host: 'h', port: 1 } },
    }),
  },
  {
    folder: 'joinGroup',
    api: apis[11],
    versions: [0, 5],
    ask: (version) => ({
      args: {
        groupId: 'g',
        sessionTimeout: 30,
        rebalanceTimeout: 60,
        memberId: '',
        groupInstanceId: 'i',
        protocolType: 'consumer',
        groupProtocols: [{ name: 'range', metadata }],
      },
      read: {
        sessionTimeoutMs: 30,
        rebalanceTimeoutMs: version === 0 ? -1 : 60,
        groupInstanceId: version < 5 ? null : 'i',
        protocols: [{ name: 'range', metadata }],
      },
    }),
    answer: () => ({
      value: {
        errorCode: 0,
        generationId: 2,
        protocolName: 'range',
        leader: 'm',
        memberId: 'm',
        members: [{ memberId: 'm', metadata }],
      },
      read: {
        generationId: 2,
        groupProtocol: 'range',
        leaderId: 'm',
        members: [{ memberId: 'm', memberMetadata: metadata }],
      },
    }),
  },
  {
    folder: 'heartbeat',
    api: apis[12],
    versions: [0, 3],
    ask: () => ({
      args: { groupId: 'g', groupGenerationId: 1, memberId: 'm' },
      read: { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null },
    }),
    answer: () => ({ value: { errorCode: 27 }, read: { errorCode: 27 } }),
  },
  {
    folder: 'leaveGroup',
    api: apis[13],
    versions: [0, 3],
    ask: (version) => ({
      args: { groupId: 'g', memberId: 'm', members: [{ memberId: 'm', groupInstanceId: 'i' }] },
      read:
        version < 3 ? { memberId: 'm' } : { members: [{ memberId: 'm', groupInstanceId: 'i' }] },
    }),
    answer: () => ({ value: { errorCode: 25 }, read: { errorCode: 25 } }),
  },
  {
    folder: 'syncGroup',
    api: apis[14],
    versions: [0, 3],
    ask: () => ({
      args: {
        groupId: 'g',
        generationId: 1,
        memberId: 'm',
        groupAssignment: [{ memberId: 'm', memberAssignment: metadata }],
      },
      read: { generationId: 1, assignments: [{ memberId: 'm', assignment: metadata }] },
    }),
    answer: () => ({
      value: { errorCode: 0, assignment: metadata },
      read: { memberAssignment: metadata },
    }),
  },
  {
    folder: 'describeGroups',
    api: apis[15],
    versions: [0, 2],
    ask: () => ({ args: { groupIds: ['g'] }, read: { groups: ['g'] } }),
    answer: () => ({
      value: {
        groups: [
          {
            errorCode: 0,
            groupId: 'g',
            groupState: 'Stable',
            protocolType: 'consumer',
            protocolData: 'range',
            members: [
              {
                memberId: 'm',
                clientId: 'c',
                clientHost: 'h',
                memberMetadata: metadata,
                memberAssignment: metadata,
              },
            ],
          },
        ],
      },
      read: {
        groups: [{ groupId: 'g', state: 'Stable', members: [{ memberId: 'm', clientHost: 'h' }] }],
      },
    }),
  },
  {
    folder: 'listGroups',
    api: apis[16],
    versions: [0, 2],
    ask: () => ({ args: {}, read: {} }),
    answer: () => ({
      value: { errorCode: 0, groups: [{ groupId: 'g', protocolType: 'consumer' }] },
      read: { groups: [{ groupId: 'g', protocolType: 'consumer' }] },
    }),
  },
  {
    folder: 'apiVersions',
    api: apis[18],
    versions: [0, 2],
    ask: () => ({ args: {}, read: {} }),
    answer: () => ({
      value: { errorCode: 0, apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }] },
      read: { apiVersions: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }] },
    }),
  },
  {
    folder: 'createTopics',
    api: apis[19],
    versions: [2, 3],
    ask: () => ({
      args: {
        timeout: 5,
        validateOnly: true,
        topics: [
          {
            topic: 'a',
            numPartitions: 3,
            replicationFactor: 1,
            configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
          },
        ],
      },
      read: {
        timeoutMs: 5,
        validateOnly: true,
        topics: [
          { name: 'a', numPartitions: 3, configs: [{ name: 'cleanup.policy', value: 'compact' }] },
        ],
      },
    }),
    answer: () => ({
      value: { topics: [{ name: 'a', errorCode: 36, errorMessage: 'exists' }] },
      read: { topicErrors: [{ topic: 'a', errorCode: 36, errorMessage: 'exists' }] },
    }),
  },
  {
    folder: 'deleteTopics',
    api: apis[20],
    versions: [1, 1],
    ask: () => ({
      args: { topics: ['a'], timeout: 5 },
      read: { topicNames: ['a'], timeoutMs: 5 },
    }),
    answer: () => ({
      value: { responses: [{ name: 'a', errorCode: 3 }] },
      read: { topicErrors: [{ topic: 'a', errorCode: 3 }] },
    }),
  },
  {
    folder: 'initProducerId',
    api: apis[22],
    versions: [0, 1],
    ask: () => ({
      args: { transactionalId: 't', transactionTimeout: 60 },
      read: { transactionalId: 't', transactionTimeoutMs: 60, producerId: -1 },
    }),
    answer: () => ({
      value: { errorCode: 0, producerId: 1000, producerEpoch: 1 },
      read: { producerId: '1000', producerEpoch: 1 },
    }),
  },
  {
    folder: 'describeConfigs',
    api: apis[32],
    versions: [1, 2],
    ask: () => ({
      args: { resources: [{ type: 2, name: 'a', configNames: ['x'] }], includeSynonyms: true },
      read: {
        resources: [{ resourceType: 2, resourceName: 'a', configurationKeys: ['x'] }],
        includeSynonyms: true,
      },
    }),
    answer: () => ({
      value: {
        results: [
          {
            errorCode: 0,
            errorMessage: null,
            resourceType: 2,
            resourceName: 'a',
            configs: [
              {
                name: 'x',
                value: 'y',
                readOnly: false,
                configSource: 5,
                isSensitive: false,
                synonyms: [{ name: 'x', value: 'y', source: 5 }],
              },
            ],
          },
        ],
      },
      read: {
        resources: [
          {
            resourceName: 'a',
            configEntries: [{ configName: 'x', configValue: 'y', configSource: 5 }],
          },
        ],
      },
    }),
  },
  {
    folder: 'deleteGroups',
    api: apis[42],
    versions: [0, 1],
    ask: () => ({ args: ['g'], read: { groupsNames: ['g'] } }),
    answer: () => ({
      value: { results: [{ groupId: 'g', errorCode: 68 }] },
      read: { results: [{ groupId: 'g', errorCode: 68 }] },
    }),
  },
]

for (const { folder, api, versions, ask, answer } of exchanges) {
  describe(`${api.name} and kafkajs`, () => {
    for (let version = versions[0]; version <= versions[1]; version++) {
      test(`v${version}: the request`, async () => {
        const { args, read } = ask(version)
        const { buffer } = await kafkajs(folder, version).request(args).encode()
        const value = api.request.decode(version, buffer)
        assert.partialDeepStrictEqual(value, read)
        assert.deepEqual(Buffer.concat(api.request.encode(version, value as never)), buffer)
      })
      test(`v${version}: the response`, async () => {
        const { value, read } = answer(version)
        const bytes = Buffer.concat(api.response.encode(version, value as never))
        const decoded = await kafkajs(folder, version).response.decode(bytes)
        assert.partialDeepStrictEqual(decoded, read)
      })
    }
  })
}

test('a whole frame of kafkajs is the frame that is written here', async () => {
  const write = require('kafkajs/src/protocol/request.js') as (
    args: object,
  ) => Promise<{ buffer: Buffer }>
  const request = kafkajs('heartbeat', 3).request({
    groupId: 'g',
    groupGenerationId: 1,
    memberId: 'm',
  })
  const { buffer } = await write({ correlationId: 77, clientId: 'kafkajs', request })
  const frame = buffer.subarray(4)
  assert.equal(buffer.readInt32BE(), frame.length)
  const { header, bodyAt } = decodeRequestHeader(frame, findApi)
  assert.deepEqual(header, { apiKey: 12, apiVersion: 3, correlationId: 77, clientId: 'kafkajs' })
  const body = apis[12].request.decode(3, frame, bodyAt)
  assert.deepEqual(Buffer.concat(encodeRequest(apis[12], header, body)), buffer)
})
