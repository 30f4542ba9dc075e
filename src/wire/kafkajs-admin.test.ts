/** kafkajs and Karst read each other: topics and configs. */
import { apis } from './apis.ts'
import { agree } from './testing/kafkajs.ts'
import type { Exchange } from './testing/kafkajs.ts'

const exchanges: readonly Exchange[] = [
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
]

agree(exchanges)
