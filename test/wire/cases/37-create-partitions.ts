/** CreatePartitions: more, fewer, as many, assigned, unknown, twice. */
import { createPartitions } from '../../../src/wire/messages/37-create-partitions.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

type Assignments = readonly { readonly brokerIds: readonly number[] }[] | null

const of = (
  name: string,
  count: number,
  assignments: Assignments = null,
  validateOnly = false,
) => ({
  topics: [{ name, count, assignments }],
  timeoutMs: 10_000,
  validateOnly,
})

const grown =
  (count: number, assignments: Assignments = null): RunOf<typeof createPartitions> =>
  async (trial) =>
    trial.try(of((await trial.topic('t', 2)).name, count, assignments))

export const createPartitionsCases: WireCase[] = casesOf(createPartitions, {
  more: grown(4),
  'as many': grown(2),
  fewer: grown(1),
  none: grown(0),
  'fewer than none': grown(-1),
  assigned: grown(3, [{ brokerIds: [1] }]),
  'assigned too few': grown(4, [{ brokerIds: [1] }]),
  'assigned too many': grown(3, [{ brokerIds: [1] }, { brokerIds: [1] }]),
  'assigned to nobody': grown(3, [{ brokerIds: [] }]),
  'assigned to a stranger': grown(3, [{ brokerIds: [99] }]),
  'assigned twice to one': grown(3, [{ brokerIds: [1, 1] }]),
  'assigned to two': grown(3, [{ brokerIds: [1, 2] }]),
  'an empty assignment': grown(3, []),
  'only validated, then done': async (trial) => {
    const { name } = await trial.topic('t', 2)
    await trial.try(of(name, 3, null, true))
    await trial.try(of(name, 3))
    await trial.try(of(name, 3, null, true))
  },
  'unknown, and no name': async (trial) => {
    await trial.try(of(trial.name('no'), 3))
    await trial.try(of('', 3))
    await trial.try(of('a b', 3))
  },
  'twice at once': async (trial) => {
    const { name } = await trial.topic('t', 2)
    const { topics } = of(name, 3)
    await trial.try({ ...of(name, 3), topics: [...topics, ...topics] })
  },
  'of nothing': (trial) => trial.try({ topics: [], timeoutMs: 1000, validateOnly: false }),
})
