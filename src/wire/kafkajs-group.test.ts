/** kafkajs and Karst read each other: groups. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { apis, findApi } from './apis.ts'
import { decodeRequestHeader, encodeRequest } from './frame.ts'
import { agree, kafkajs, metadata } from './testing/kafkajs.ts'
import type { Exchange } from './testing/kafkajs.ts'

const require = createRequire(import.meta.url)

const exchanges: readonly Exchange[] = [
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

agree(exchanges)

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
