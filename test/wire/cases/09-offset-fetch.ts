/** OffsetFetch: some, all, of many groups, of none, by members. */
import { offsetFetch } from '../../../src/wire/messages/09-offset-fetch.ts'
import { committed, stable } from '../members.ts'
import { txnOffsetCommit } from '../../../src/wire/messages/28-txn-offset-commit.ts'
import { initialised, over } from '../transactions.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, Topic, WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'

/** The same question in the words of each version. */
const ask = (version: number, groupId: string, topic: Topic | null, partitionIndexes: number[]) => {
  const topics = topic === null ? null : [{ name: topic.name, topicId: topic.id, partitionIndexes }]
  return version < 8 ? { groupId, topics } : { groups: [{ groupId, topics }] }
}

const after =
  (partitionIndexes: number[]): RunOf<typeof offsetFetch> =>
  async (trial) => {
    const [topic, groupId] = [await trial.topic('t', 3), trial.name('g')]
    await committed(trial, groupId, topic.name, [5, 6])
    await trial.try(ask(trial.version, groupId, topic, partitionIndexes))
  }

export const offsetFetchCases: WireCase[] = casesOf(offsetFetch, {
  'of two partitions': after([0, 1]),
  'of a partition without one': after([2]),
  'of an unknown partition': after([7, -1]),
  'of a partition twice': after([0, 0]),
  'of no partitions': after([]),
  'of all': within(2, 99, async (trial) => {
    const [topic, groupId] = [await trial.topic('t', 3), trial.name('g')]
    await committed(trial, groupId, topic.name, [5, 6])
    await trial.try(ask(trial.version, groupId, null, []))
  }),
  'of no topics': (trial) =>
    trial.version < 8
      ? trial.try({ groupId: trial.name('g'), topics: [] })
      : trial.try({ groups: [{ groupId: trial.name('g'), topics: [] }] }),
  'of an unknown group': async (trial) =>
    trial.try(ask(trial.version, trial.name('no'), await trial.topic('t'), [0])),
  'all of an unknown group': within(2, 99, (trial) =>
    trial.try(ask(trial.version, trial.name('no'), null, [])),
  ),
  'of no group id': async (trial) => trial.try(ask(trial.version, '', await trial.topic('t'), [0])),
  'of an unknown topic': within(1, 9, (trial) => {
    const topic = { name: trial.name('no'), id: unknownId }
    return trial.try(ask(trial.version, trial.name('g'), topic, [0]))
  }),
  'of an unknown topic id': within(10, 99, (trial) =>
    trial.try(ask(trial.version, trial.name('g'), { name: '', id: unknownId }, [0])),
  ),
  'stable only': within(7, 99, async (trial) => {
    const [topic, groupId] = [await trial.topic('t'), trial.name('g')]
    await committed(trial, groupId, topic.name)
    await trial.try({ ...ask(trial.version, groupId, topic, [0]), requireStable: true })
  }),
  'of two groups': within(8, 99, async (trial) => {
    const topic = await trial.topic('t')
    const groups = ['a', 'b'].map((name) => trial.name(name))
    await committed(trial, groups[0] ?? '', topic.name)
    const topics = [{ name: topic.name, topicId: topic.id, partitionIndexes: [0] }]
    await trial.try({ groups: groups.map((groupId) => ({ groupId, topics })) })
  }),
  'of no groups': within(8, 99, (trial) => trial.try({ groups: [] })),
  'of a group twice': within(8, 99, (trial) => {
    const group = { groupId: trial.name('a'), topics: null }
    return trial.try({ groups: [group, group] })
  }),
  'pending, stable or not': within(8, 99, async (trial) => {
    const [topic, groupId] = [await trial.topic('t', 3), trial.name('g')]
    await committed(trial, groupId, topic.name, [5, 6])
    const producer = await initialised(trial)
    const topics = [{ name: topic.name, topicId: topic.id, partitionIndexes: [0, 1, 2] }]
    const offset = { committedOffset: 9, committedMetadata: '' }
    const pending = [0, 2].map((partitionIndex) => ({ ...offset, partitionIndex }))
    await trial.until('the offsets are in', async () => {
      const asked = { ...producer, groupId, topics: [{ name: topic.name, partitions: pending }] }
      const answer = await trial.tell(txnOffsetCommit, 5, asked)
      return answer.topics[0]?.partitions[0]?.errorCode === 0 ? true : undefined
    })
    for (const requireStable of [false, true]) {
      await trial.try({ groups: [{ groupId, topics }], requireStable })
      await trial.try({ groups: [{ groupId, topics: null }], requireStable })
    }
    await over(trial, producer, true)
    await trial.try({ groups: [{ groupId, topics }], requireStable: true })
  }),
  'by a member epoch': within(9, 99, async (trial) => {
    const { groupId, memberId } = await stable(trial, trial.name('g'))
    const topic = await trial.topic('t')
    const topics = [{ name: topic.name, topicId: topic.id, partitionIndexes: [0] }]
    await trial.try({ groups: [{ groupId, topics, memberId, memberEpoch: 1 }] })
    await trial.try({ groups: [{ groupId, topics, memberId: 'x', memberEpoch: 1 }] })
    const other = trial.name('other')
    await trial.try({ groups: [{ groupId: other, topics, memberId: 'x', memberEpoch: 1 }] })
  }),
})
