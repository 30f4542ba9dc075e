/** Metadata: all, none, by name and id, creation at first use, authorized operations. */
import { deleteTopics } from '../../../src/wire/messages/20-delete-topics.ts'
import { metadata } from '../../../src/wire/messages/03-metadata.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'

export const metadataCases: WireCase[] = casesOf(metadata, {
  'one topic': async (trial) => trial.try({ topics: [{ name: (await trial.topic('t', 3)).name }] }),
  'no topics': within(1, 99, (trial) => trial.try({ topics: [] })),
  'unknown, to be created': async (trial) => {
    const name = trial.name('new')
    const asked = { topics: [{ name }] }
    await trial.until('it is there', async () => {
      const { topics } = await trial.tell(metadata, trial.version, asked)
      return topics[0]?.errorCode === 0 && topics[0].partitions.length > 0 ? true : undefined
    })
    await trial.try(asked)
  },
  'unknown, not to be created': within(4, 99, (trial) =>
    trial.try({ topics: [{ name: trial.name('no') }], allowAutoTopicCreation: false }),
  ),
  'names that are none': (trial) =>
    trial.try({ topics: ['', 'a b', '..', 'x'.repeat(250)].map((name) => ({ name })) }),
  'a topic twice': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ name }, { name }] })
  },
  'by id': within(12, 99, async (trial) =>
    trial.try({ topics: [{ topicId: (await trial.topic('t')).id, name: null }] }),
  ),
  'by id, too early': within(10, 11, async (trial) =>
    trial.try({ topics: [{ topicId: (await trial.topic('t')).id, name: null }] }),
  ),
  'by name and id': within(12, 99, async (trial) => {
    const { name, id } = await trial.topic('t')
    await trial.try({ topics: [{ topicId: id, name }] })
  }),
  'by unknown id': within(12, 99, (trial) =>
    trial.try({ topics: [{ topicId: unknownId, name: null }] }),
  ),
  'by neither': within(12, 99, (trial) => trial.try({ topics: [{ name: null }] })),
  'by name and by id': within(12, 99, async (trial) => {
    const [a, b] = [await trial.topic('a'), await trial.topic('b')]
    await trial.try({ topics: [{ name: a.name }, { topicId: b.id, name: null }] })
  }),
  'authorized operations': within(8, 99, async (trial) =>
    trial.try({
      topics: [{ name: (await trial.topic('t')).name }],
      includeTopicAuthorizedOperations: true,
    }),
  ),
  'operations on the cluster': within(8, 10, (trial) =>
    trial.try({ topics: [], includeClusterAuthorizedOperations: true }),
  ),
  deleted: within(4, 99, async (trial) => {
    const { name, id } = await trial.topic('t')
    await trial.tell(deleteTopics, 5, { topicNames: [name], timeoutMs: 10_000 })
    const topics = trial.version >= 12 ? [{ topicId: id, name: null }] : [{ name }]
    await trial.until('it is gone', async () => {
      const asked = { topics: [{ name }], allowAutoTopicCreation: false }
      const found = await trial.tell(metadata, 9, asked)
      return found.topics[0]?.errorCode === 3 ? true : undefined
    })
    await trial.try({ topics, allowAutoTopicCreation: false })
  }),
})
