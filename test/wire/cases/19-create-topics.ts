/** CreateTopics: names, counts, assignments, configs, duplicates, validate_only. */
import { createTopics } from '../../../src/wire/messages/19-create-topics.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const plain = (name: string) => ({
  name,
  numPartitions: 2,
  replicationFactor: 1,
  assignments: [],
  configs: [],
})
const withConfig = (name: string, config: string, value: string | null) => ({
  ...plain(name),
  configs: [{ name: config, value }],
})
const assigned = (name: string, brokers: readonly (readonly number[])[], first = 0) => ({
  ...plain(name),
  numPartitions: -1,
  replicationFactor: -1,
  assignments: brokers.map((brokerIds, at) => ({ partitionIndex: first + at, brokerIds })),
})

export const createTopicsCases: WireCase[] = casesOf(createTopics, {
  'two topics': (trial) => trial.try({ topics: [plain(trial.name('a')), plain(trial.name('b'))] }),
  'no topics': (trial) => trial.try({ topics: [] }),
  'it exists': async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try({ topics: [plain(name)] })
  },
  'it exists, only validated': async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try({ topics: [plain(name)], validateOnly: true })
  },
  'only validated, then made': async (trial) => {
    const topics = [plain(trial.name('a'))]
    await trial.try({ topics, validateOnly: true })
    await trial.try({ topics })
  },
  'named twice': (trial) =>
    trial.try({ topics: [plain(trial.name('a')), plain(trial.name('a')), plain(trial.name('b'))] }),
  'no name': (trial) => trial.try({ topics: [plain('')] }),
  'names that are none': (trial) =>
    trial.try({
      topics: [
        ...['.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(250)].map(plain),
        plain(trial.name('good')),
      ],
    }),
  'the longest name': (trial) => trial.try({ topics: [plain(trial.name('').padEnd(249, 'x'))] }),
  'a name that clashes': async (trial) => {
    await trial.topic('a.b')
    await trial.try({ topics: [plain(trial.name('a_b'))] })
  },
  'names that clash with each other': (trial) =>
    trial.try({ topics: [plain(trial.name('a.b')), plain(trial.name('a_b'))] }),
  'a name of the broker': (trial) => trial.try({ topics: [plain('__consumer_offsets')] }),
  'the default counts': (trial) =>
    trial.try({
      topics: [{ ...plain(trial.name('a')), numPartitions: -1, replicationFactor: -1 }],
    }),
  'no partitions': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), numPartitions: 0 }] }),
  'fewer partitions than none': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), numPartitions: -2 }] }),
  'too many partitions': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), numPartitions: 2_000_000 }] }),
  'replication factor 0': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), replicationFactor: 0 }] }),
  'replication factor -2': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), replicationFactor: -2 }] }),
  'replication factor 3': (trial) =>
    trial.try({ topics: [{ ...plain(trial.name('a')), replicationFactor: 3 }] }),
  'assigned by hand': (trial) => trial.try({ topics: [assigned(trial.name('a'), [[1], [1]])] }),
  'assigned from 1 on': (trial) => trial.try({ topics: [assigned(trial.name('a'), [[1]], 1)] }),
  'assigned to nobody': (trial) => trial.try({ topics: [assigned(trial.name('a'), [[]])] }),
  'assigned twice to one': (trial) => trial.try({ topics: [assigned(trial.name('a'), [[1, 1]])] }),
  'assigned to a stranger': (trial) => trial.try({ topics: [assigned(trial.name('a'), [[99]])] }),
  'a partition assigned twice': (trial) =>
    trial.try({
      topics: [
        {
          ...assigned(trial.name('a'), []),
          assignments: [0, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })),
        },
      ],
    }),
  'assigned and counted': (trial) =>
    trial.try({ topics: [{ ...assigned(trial.name('a'), [[1]]), numPartitions: 1 }] }),
  'assigned and replicated': (trial) =>
    trial.try({ topics: [{ ...assigned(trial.name('a'), [[1]]), replicationFactor: 1 }] }),
  'configs that are good': (trial) =>
    trial.try({
      topics: [
        {
          ...plain(trial.name('a')),
          configs: [
            { name: 'cleanup.policy', value: 'compact,delete' },
            { name: 'retention.ms', value: '-1' },
            { name: 'max.message.bytes', value: '2000' },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
          ],
        },
      ],
    }),
  'a config that is unknown': (trial) =>
    trial.try({ topics: [withConfig(trial.name('a'), 'no.such', '1')] }),
  'a config without a value': (trial) =>
    trial.try({ topics: [withConfig(trial.name('a'), 'retention.ms', null)] }),
  'configs out of range': (trial) =>
    trial.try({
      topics: [
        withConfig(trial.name('a'), 'retention.ms', '-2'),
        withConfig(trial.name('b'), 'retention.ms', 'x'),
        withConfig(trial.name('c'), 'cleanup.policy', 'burn'),
        withConfig(trial.name('d'), 'cleanup.policy', ''),
        withConfig(trial.name('e'), 'compression.type', 'zip'),
        withConfig(trial.name('f'), 'min.cleanable.dirty.ratio', '2'),
        withConfig(trial.name('g'), 'segment.bytes', '1'),
        withConfig(trial.name('h'), 'message.timestamp.type', 'Never'),
        withConfig(trial.name('i'), 'preallocate', 'maybe'),
        withConfig(trial.name('j'), 'min.insync.replicas', '0'),
      ],
    }),
  'configs that contradict': (trial) =>
    trial.try({
      topics: [
        {
          ...plain(trial.name('a')),
          configs: [
            { name: 'min.compaction.lag.ms', value: '10' },
            { name: 'max.compaction.lag.ms', value: '5' },
          ],
        },
      ],
    }),
  'a config twice': (trial) =>
    trial.try({
      topics: [
        {
          ...plain(trial.name('a')),
          configs: ['1', '2'].map((value) => ({ name: 'retention.ms', value })),
        },
      ],
    }),
  'remote storage': (trial) =>
    trial.try({ topics: [withConfig(trial.name('a'), 'remote.storage.enable', 'true')] }),
})
