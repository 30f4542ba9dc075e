/** kafkajs and Karst read each other: producers and consumers without groups. */
import { apis } from './apis.ts'
import { agree, since } from './testing/kafkajs.ts'
import type { Exchange } from './testing/kafkajs.ts'

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
]

agree(exchanges)
