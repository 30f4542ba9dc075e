/**
 * @platformatic/kafka as an independent reader and writer of flexible versions, which kafkajs does
 * not know.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apis } from './apis.ts'
import { arbitraryValue } from './testing/arbitrary.ts'
import type { AnyApi } from './message.ts'

interface Theirs {
  createRequest(...args: unknown[]): { readonly buffer: Buffer }
  parseResponse(correlationId: number, key: number, version: number, reader: object): unknown
}

const dist = import.meta.resolve('@platformatic/kafka')
const load = async (path: string): Promise<unknown> => import(new URL(path, dist).href)
const theirs = async (file: string): Promise<Theirs> =>
  (await load(`apis/${file}.js`)) as Promise<Theirs>
const { Reader } = (await load('protocol/reader.js')) as {
  Reader: { from(bytes: Buffer): object }
}

const versionOf = (file: string): number => Number(/-v(\d+)$/.exec(file)?.[1])
const zeroId = '00000000-0000-0000-0000-000000000000'
const metadata = Buffer.from('opaque')

/** Their file, the API, what they are asked to send, and what is read from it. */
const requests: readonly (readonly [string, AnyApi, readonly unknown[], object])[] = [
  [
    'consumer/fetch-v17',
    apis[1],
    [
      500,
      1,
      99,
      1,
      0,
      -1,
      [
        {
          topicId: '00000000-0000-0000-0000-0000000000ff',
          partitions: [
            {
              partition: 2,
              currentLeaderEpoch: 4,
              fetchOffset: 42n,
              lastFetchedEpoch: 3,
              partitionMaxBytes: 7,
            },
          ],
        },
      ],
      [],
      'rack',
    ],
    {
      maxWaitMs: 500,
      sessionEpoch: -1,
      topics: [
        {
          topicId: 'AAAAAAAAAAAAAAAAAAAA_w',
          partitions: [
            { partition: 2, currentLeaderEpoch: 4, fetchOffset: 42, lastFetchedEpoch: 3 },
          ],
        },
      ],
      rackId: 'rack',
    },
  ],
  [
    'consumer/list-offsets-v9',
    apis[2],
    [
      -1,
      1,
      [{ name: 'a', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -3n }] }],
    ],
    { isolationLevel: 1, topics: [{ name: 'a', partitions: [{ timestamp: -3 }] }] },
  ],
  [
    'metadata/metadata-v12',
    apis[3],
    [['a'], true, false],
    { topics: [{ name: 'a' }], allowAutoTopicCreation: true },
  ],
  [
    'metadata/api-versions-v4',
    apis[18],
    ['p', '1.0'],
    { clientSoftwareName: 'p', clientSoftwareVersion: '1.0' },
  ],
  ['metadata/find-coordinator-v6', apis[10], [1, ['t']], { keyType: 1, coordinatorKeys: ['t'] }],
  [
    'consumer/join-group-v9',
    apis[11],
    ['g', 1, 2, '', null, 'consumer', [{ name: 'range', metadata }], null],
    { groupId: 'g', rebalanceTimeoutMs: 2, protocols: [{ name: 'range', metadata }], reason: null },
  ],
  [
    'consumer/heartbeat-v4',
    apis[12],
    ['g', 3, 'm', 'i'],
    { generationId: 3, groupInstanceId: 'i' },
  ],
  [
    'consumer/leave-group-v5',
    apis[13],
    ['g', [{ memberId: 'm', groupInstanceId: null, reason: 'done' }]],
    { members: [{ memberId: 'm', groupInstanceId: null, reason: 'done' }] },
  ],
  [
    'consumer/sync-group-v5',
    apis[14],
    ['g', 3, 'm', null, 'consumer', 'range', [{ memberId: 'm', assignment: metadata }]],
    { protocolName: 'range', assignments: [{ memberId: 'm', assignment: metadata }] },
  ],
  [
    'consumer/offset-commit-v9',
    apis[8],
    [
      'g',
      3,
      'm',
      null,
      [
        {
          name: 'a',
          partitions: [
            {
              partitionIndex: 1,
              committedOffset: 9n,
              committedLeaderEpoch: 0,
              committedMetadata: null,
            },
          ],
        },
      ],
    ],
    { topics: [{ name: 'a', partitions: [{ committedOffset: 9, committedMetadata: null }] }] },
  ],
  [
    'consumer/offset-fetch-v9',
    apis[9],
    [
      [
        {
          groupId: 'g',
          memberId: null,
          memberEpoch: -1,
          topics: [{ name: 'a', partitionIndexes: [1] }],
        },
      ],
      true,
    ],
    {
      groups: [{ groupId: 'g', topics: [{ name: 'a', partitionIndexes: [1] }] }],
      requireStable: true,
    },
  ],
  [
    'producer/init-producer-id-v5',
    apis[22],
    ['t', 60, 5n, 1],
    { transactionalId: 't', producerId: 5 },
  ],
  [
    'admin/create-topics-v7',
    apis[19],
    [
      [
        {
          name: 'a',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [],
          configs: [{ name: 'x', value: null }],
        },
      ],
      5,
      true,
    ],
    { topics: [{ numPartitions: -1, configs: [{ name: 'x', value: null }] }], validateOnly: true },
  ],
  [
    'admin/describe-configs-v4',
    apis[32],
    [[{ resourceType: 2, resourceName: 'a', configurationKeys: ['x'] }], true, false],
    { resources: [{ configurationKeys: ['x'] }], includeSynonyms: true },
  ],
  ['admin/describe-cluster-v1', apis[60], [true, 1], { endpointType: 1 }],
]

for (const [file, api, args, read] of requests) {
  test(`the request of ${file}`, async () => {
    const { buffer } = (await theirs(file)).createRequest(...args)
    const value = api.request.decode(versionOf(file), buffer)
    assert.partialDeepStrictEqual(value, read)
    assert.deepEqual(Buffer.concat(api.request.encode(versionOf(file), value as never)), buffer)
  })
}

const responses: readonly (readonly [string, AnyApi])[] = [
  ['consumer/list-offsets-v9', apis[2]],
  ['metadata/metadata-v12', apis[3]],
  ['metadata/find-coordinator-v6', apis[10]],
  ['consumer/join-group-v9', apis[11]],
  ['consumer/heartbeat-v4', apis[12]],
  ['consumer/leave-group-v5', apis[13]],
  ['consumer/sync-group-v5', apis[14]],
  ['consumer/offset-commit-v9', apis[8]],
  ['consumer/offset-fetch-v9', apis[9]],
  ['producer/init-producer-id-v5', apis[22]],
  ['producer/produce-v9', apis[0]],
  ['admin/delete-topics-v6', apis[20]],
  ['admin/create-partitions-v3', apis[37]],
  ['admin/delete-groups-v2', apis[42]],
  ['admin/list-groups-v5', apis[16]],
]

for (const [file, api] of responses) {
  test(`the response of ${file}`, async () => {
    const module = await theirs(file)
    const version = versionOf(file)
    fc.assert(
      fc.property(arbitraryValue(api.response.fields, version).map(withoutErrors), (value) => {
        const bytes = Buffer.concat(api.response.encode(version, value as never))
        const parsed = readBy(() => module.parseResponse(0, api.key, version, Reader.from(bytes)))
        // They leave tagged fields out, and know no more than we do.
        assert.partialDeepStrictEqual(value, ours(parsed))
      }),
      { numRuns: 30 },
    )
  })
}

/** Their parser knows the errors by name, and fails at the codes that chance makes. */
function withoutErrors(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutErrors)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'errorCode' ? 0 : withoutErrors(inner),
    ]),
  )
}

/** Their parser throws where an answer has an error, and then carries what it read. */
function readBy(parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Error && 'response' in error) return error.response
    throw error
  }
}

/** What they read, in our types. */
function ours(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string' && value.length === zeroId.length && /^[\da-f-]+$/.test(value)) {
    return Buffer.from(value.replaceAll('-', ''), 'hex').toString('base64url')
  }
  if (Array.isArray(value)) return value.map(ours)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, ours(inner)]))
}
