/** OffsetDelete: of groups without members, in use, unknown. */
import { offsetDelete } from '../../../src/wire/messages/47-offset-delete.ts'
import { offsetFetch } from '../../../src/wire/messages/09-offset-fetch.ts'
import { committed, stable } from '../members.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const of = (groupId: string, name: string, ...indexes: number[]) => ({
  groupId,
  topics: [{ name, partitions: indexes.map((partitionIndex) => ({ partitionIndex })) }],
})

export const offsetDeleteCases: WireCase[] = casesOf(offsetDelete, {
  'one of two': async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t', 2), trial.name('g')]
    await committed(trial, groupId, name, [5, 6])
    await trial.try(of(groupId, name, 0))
    await trial.ask(offsetFetch, 5, { groupId, topics: [{ name, partitionIndexes: [0, 1] }] })
  },
  'there is none': async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t', 2), trial.name('g')]
    await committed(trial, groupId, name)
    await trial.try(of(groupId, name, 1, 9, -1))
    await trial.try(of(groupId, trial.name('no'), 0))
    await trial.try({ groupId, topics: [] })
    await trial.try(of(groupId, name, 0, 0))
  },
  'an unknown group': async (trial) => {
    await trial.try(of(trial.name('no'), (await trial.topic('t')).name, 0))
    await trial.try(of('', 't', 0))
  },
  'in use, subscribed and not': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try(of(groupId, 't', 0))
    await trial.try(of(groupId, (await trial.topic('t')).name, 0))
  },
  'in use by Connect': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'), { protocolType: 'connect' })
    await trial.try(of(groupId, (await trial.topic('t')).name, 0))
  },
})
