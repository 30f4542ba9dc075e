/** DeleteRecords: up to an offset, to the end, out of range, of what may not lose any. */
import { listOffsets } from '../../../src/wire/messages/02-list-offsets.ts'
import { deleteRecords } from '../../../src/wire/messages/21-delete-records.ts'
import { batch } from '../batches.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'
import { initialised, over, written } from '../transactions.ts'

const of = (name: string, offset: number, partitionIndex = 0) => ({
  topics: [{ name, partitions: [{ partitionIndex, offset }] }],
  timeoutMs: 10_000,
})

/** Of five records, and where the log begins then. */
const upTo =
  (offset: number, configs: Readonly<Record<string, string>> = {}): RunOf<typeof deleteRecords> =>
  async (trial) => {
    const { name } = await trial.topic('t', 1, configs)
    await trial.produce(name, batch(['a', 'b', 'c']))
    await trial.produce(name, batch(['d', 'e']))
    await trial.try(of(name, offset))
    const partitions = [{ partitionIndex: 0, timestamp: -2 }]
    await trial.ask(listOffsets, 7, { replicaId: -1, topics: [{ name, partitions }] })
  }

export const deleteRecordsCases: WireCase[] = casesOf(deleteRecords, {
  'between batches': upTo(3),
  'within a batch': upTo(1),
  all: upTo(5),
  'to the high watermark': upTo(-1),
  none: upTo(0),
  'beyond the end': upTo(6),
  'below -1': upTo(-2),
  'of a compacted topic': upTo(3, { 'cleanup.policy': 'compact' }),
  'of a compacted topic that deletes': upTo(3, { 'cleanup.policy': 'compact,delete' }),
  'past an open transaction': async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await trial.produce(name, batch(['a', 'b', 'c']))
    await written(trial, producer, name)
    await trial.produce(name, batch(['d', 'e']))
    await trial.try(of(name, 5))
    await over(trial, producer, false)
    await trial.try(of(name, -1))
  },
  'below the start': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.produce(name, batch(['a', 'b', 'c']))
    await trial.try(of(name, 2))
    await trial.try(of(name, 1))
  },
  'unknown topic': (trial) => trial.try(of(trial.name('no'), 0)),
  'a name that is none': (trial) => trial.try(of('a b', 0)),
  'unknown partition': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try(of(name, 0, 7))
    await trial.try(of(name, 0, -1))
  },
  'a partition twice': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.produce(name, batch(['a', 'b', 'c']))
    const partitions = [1, 2].map((offset) => ({ partitionIndex: 0, offset }))
    await trial.try({ topics: [{ name, partitions }], timeoutMs: 1000 })
  },
  'no topics': (trial) => trial.try({ topics: [], timeoutMs: 1000 }),
})
