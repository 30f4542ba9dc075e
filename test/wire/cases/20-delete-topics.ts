/** DeleteTopics: by name and id, unknown, twice, internal. */
import { deleteTopics } from '../../../src/wire/messages/20-delete-topics.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'
const timeoutMs = 10_000

const named = (version: number, ...names: string[]) =>
  version < 6
    ? { topicNames: names, timeoutMs, topics: [] }
    : { topics: names.map((name) => ({ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' })), timeoutMs }

export const deleteTopicsCases: WireCase[] = casesOf(deleteTopics, {
  two: async (trial) => {
    const [a, b] = [await trial.topic('a'), await trial.topic('b')]
    await trial.try(named(trial.version, a.name, b.name))
  },
  again: async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try(named(trial.version, name))
    await trial.try(named(trial.version, name))
  },
  none: (trial) => trial.try(named(trial.version)),
  'unknown, and names that are none': (trial) =>
    trial.try(named(trial.version, trial.name('no'), '', 'a b', '..')),
  'twice at once': async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try(named(trial.version, name, name))
  },
  'no time': async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try({ ...named(trial.version, name), timeoutMs: 10_000 })
  },
  'by id': within(6, 99, async (trial) => {
    const { id } = await trial.topic('a')
    await trial.try({ topics: [{ name: null, topicId: id }], timeoutMs })
  }),
  'by unknown id': within(6, 99, (trial) =>
    trial.try({ topics: [{ name: null, topicId: unknownId }], timeoutMs }),
  ),
  'by name and id': within(6, 99, async (trial) => {
    const { name, id } = await trial.topic('a')
    await trial.try({ topics: [{ name, topicId: id }], timeoutMs })
  }),
  'by neither': within(6, 99, (trial) =>
    trial.try({ topics: [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }], timeoutMs }),
  ),
  'by name and by id at once': within(6, 99, async (trial) => {
    const { name, id } = await trial.topic('a')
    const byName = { name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }
    await trial.try({ topics: [byName, { name: null, topicId: id }], timeoutMs })
  }),
  'an id twice': within(6, 99, async (trial) => {
    const { id } = await trial.topic('a')
    const byId = { name: null, topicId: id }
    await trial.try({ topics: [byId, byId], timeoutMs })
  }),
})
