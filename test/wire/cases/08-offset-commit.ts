/** OffsetCommit: by members and without, metadata, generations, unknown topics. */
import { offsetCommit } from '../../../src/wire/messages/08-offset-commit.ts'
import { consumerGroupHeartbeat } from '../../../src/wire/messages/68-consumer-group-heartbeat.ts'
import { joined, setGroupConfigs, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { Topic, WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'

const commit = (groupId: string, topic: Topic, more: object = {}, partitionIndex = 0) => ({
  groupId,
  memberId: '',
  topics: [
    {
      name: topic.name,
      topicId: topic.id,
      partitions: [{ partitionIndex, committedOffset: 3, committedMetadata: 'm', ...more }],
    },
  ],
})

export const offsetCommitCases: WireCase[] = casesOf(offsetCommit, {
  'without members': async (trial) => trial.try(commit(trial.name('g'), await trial.topic('t'))),
  'no group id': async (trial) => trial.try(commit('', await trial.topic('t'))),
  'no topics': (trial) => trial.try({ groupId: trial.name('g'), memberId: '', topics: [] }),
  'no partitions': async (trial) => {
    const { name, id } = await trial.topic('t')
    const topics = [{ name, topicId: id, partitions: [] }]
    await trial.try({ groupId: trial.name('g'), memberId: '', topics })
  },
  'unknown topic': within(2, 9, (trial) =>
    trial.try(commit(trial.name('g'), { name: trial.name('no'), id: unknownId })),
  ),
  'unknown topic id': within(10, 99, (trial) =>
    trial.try(commit(trial.name('g'), { name: '', id: unknownId })),
  ),
  'unknown partition': async (trial) =>
    trial.try(commit(trial.name('g'), await trial.topic('t'), {}, 9)),
  'negative partition': async (trial) =>
    trial.try(commit(trial.name('g'), await trial.topic('t'), {}, -1)),
  'null metadata': async (trial) =>
    trial.try(commit(trial.name('g'), await trial.topic('t'), { committedMetadata: null })),
  'the longest metadata': async (trial) => {
    const topic = await trial.topic('t')
    await trial.try(commit(trial.name('g'), topic, { committedMetadata: 'x'.repeat(4096) }))
  },
  'metadata that is too long': async (trial) => {
    const topic = await trial.topic('t')
    await trial.try(commit(trial.name('g'), topic, { committedMetadata: 'x'.repeat(4097) }))
  },
  'long metadata of two bytes each': async (trial) => {
    const topic = await trial.topic('t')
    await trial.try(commit(trial.name('g'), topic, { committedMetadata: 'ü'.repeat(3000) }))
  },
  'a negative offset': async (trial) =>
    trial.try(commit(trial.name('g'), await trial.topic('t'), { committedOffset: -1 })),
  'a partition twice': async (trial) => {
    const { name, id } = await trial.topic('t')
    const partitions = [1, 2].map((committedOffset) => {
      return { partitionIndex: 0, committedOffset, committedMetadata: null }
    })
    const topics = [{ name, topicId: id, partitions }]
    await trial.try({ groupId: trial.name('g'), memberId: '', topics })
  },
  'a member that is unknown': async (trial) => {
    const request = commit(trial.name('g'), await trial.topic('t'))
    await trial.try({ ...request, memberId: 'x', generationIdOrMemberEpoch: 1 })
  },
  'a generation without a member': async (trial) => {
    const request = commit(trial.name('g'), await trial.topic('t'))
    await trial.try({ ...request, generationIdOrMemberEpoch: 1 })
  },
  'a member of its generation': async (trial) => {
    const { groupId, memberId, generationId } = await stable(trial, trial.name('g'))
    const request = commit(groupId, await trial.topic('t'))
    await trial.try({ ...request, memberId, generationIdOrMemberEpoch: generationId })
  },
  'a member of another generation': async (trial) => {
    const { groupId, memberId, generationId } = await stable(trial, trial.name('g'))
    const request = commit(groupId, await trial.topic('t'))
    await trial.try({ ...request, memberId, generationIdOrMemberEpoch: generationId + 1 })
    await trial.try({ ...request, memberId, generationIdOrMemberEpoch: generationId - 1 })
  },
  'a stranger in a group with members': async (trial) => {
    const { groupId, generationId } = await stable(trial, trial.name('g'))
    const request = commit(groupId, await trial.topic('t'))
    await trial.try({ ...request, memberId: 'x', generationIdOrMemberEpoch: generationId })
    await trial.try(request)
  },
  'while it is being assigned': async (trial) => {
    const { groupId, memberId, generationId } = await joined(trial, trial.name('g'))
    const request = commit(groupId, await trial.topic('t'))
    await trial.try({ ...request, memberId, generationIdOrMemberEpoch: generationId })
  },
  'an older epoch of a member': within(9, 99, async (trial) => {
    const [first, second] = [await trial.topic('t'), await trial.topic('u')]
    const groupId = trial.name('g')
    await setGroupConfigs(trial, groupId, { 'consumer.assignment.interval.ms': '0' })
    const memberId = 'AAAAAAAAAAAAAAAAAAAAAw'
    const beat = { groupId, memberId, rebalanceTimeoutMs: 30_000, topicPartitions: [] }
    const names = [first.name, second.name]
    const joins = { ...beat, memberEpoch: 0, subscribedTopicNames: names.slice(0, 1) }
    const { memberEpoch: given } = await trial.tell(consumerGroupHeartbeat, 1, joins)
    const topicPartitions = [{ topicId: first.id, partitions: [0] }]
    const more = { memberEpoch: given, subscribedTopicNames: names, topicPartitions }
    const { memberEpoch } = await trial.tell(consumerGroupHeartbeat, 1, { ...beat, ...more })
    const both = [...commit(groupId, first).topics, ...commit(groupId, second).topics]
    for (const topics of [both.slice(0, 1), both.slice(1), both, []]) {
      for (const generationIdOrMemberEpoch of [memberEpoch, given, given - 1, memberEpoch + 1]) {
        await trial.try({ groupId, memberId, generationIdOrMemberEpoch, topics })
      }
    }
  }),
  'a static member': within(7, 99, async (trial) => {
    const more = { groupInstanceId: 'i' }
    const { groupId, memberId, generationId } = await stable(trial, trial.name('g'), more)
    const request = { ...commit(groupId, await trial.topic('t')), ...more }
    await trial.try({ ...request, memberId, generationIdOrMemberEpoch: generationId })
    await trial.try({ ...request, memberId: 'x', generationIdOrMemberEpoch: generationId })
    const other = { groupInstanceId: 'j', generationIdOrMemberEpoch: generationId }
    await trial.try({ ...request, ...other, memberId })
  }),
})
