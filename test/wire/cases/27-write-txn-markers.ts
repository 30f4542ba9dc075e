/** WriteTxnMarkers: what an administrator aborts with, unknown partitions, nothing. */
import { writeTxnMarkers } from '../../../src/wire/messages/27-write-txn-markers.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const of = (name: string, more: object = {}) => ({
  markers: [
    {
      producerId: 4_000_000,
      producerEpoch: 1,
      transactionResult: false,
      topics: [{ name, partitionIndexes: [0] }],
      coordinatorEpoch: 0,
      ...more,
    },
  ],
})

export const writeTxnMarkersCases: WireCase[] = casesOf(writeTxnMarkers, {
  'of a producer that wrote nothing': async (trial) => trial.try(of((await trial.topic('t')).name)),
  'of an unknown topic': (trial) => trial.try(of(trial.name('no'))),
  'of an unknown partition': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try(of(name, { topics: [{ name, partitionIndexes: [7] }] }))
  },
  nothing: (trial) => trial.try({ markers: [] }),
})
