/** TxnOffsetCommit: by members and without, wrong generations, metadata, unknown topics. */
import { addOffsetsToTxn } from '../../../src/wire/messages/25-add-offsets-to-txn.ts'
import { txnOffsetCommit } from '../../../src/wire/messages/28-txn-offset-commit.ts'
import { consumerGroupHeartbeat } from '../../../src/wire/messages/68-consumer-group-heartbeat.ts'
import { stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { Scenario, WireCase } from '../scenario.ts'
import { initialised } from '../transactions.ts'
import type { Transactional } from '../transactions.ts'

/** A producer in whose transaction the group is. */
async function added(scenario: Scenario, groupId: string): Promise<Transactional> {
  const producer = await initialised(scenario)
  await scenario.until('the group is in', async () => {
    const { errorCode } = await scenario.tell(addOffsetsToTxn, 3, { ...producer, groupId })
    return errorCode === 0 ? true : undefined
  })
  return producer
}

const of = (producer: Transactional, groupId: string, name: string, more: object = {}) => ({
  ...producer,
  groupId,
  topics: [
    {
      name,
      partitions: [{ partitionIndex: 0, committedOffset: 3, committedMetadata: 'm', ...more }],
    },
  ],
})

export const txnOffsetCommitCases: WireCase[] = casesOf(txnOffsetCommit, {
  'without members': async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t'), trial.name('g')]
    await trial.try(of(await added(trial, groupId), groupId, name))
  },
  'no group id': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try(of(await initialised(trial), '', name))
  },
  nothing: async (trial) => {
    const groupId = trial.name('g')
    await trial.try({ ...of(await added(trial, groupId), groupId, 't'), topics: [] })
  },
  'unknown topic and partition': async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t'), trial.name('g')]
    const producer = await added(trial, groupId)
    await trial.try(of(producer, groupId, trial.name('no')))
    await trial.try(of(producer, groupId, name, { partitionIndex: 7 }))
  },
  'metadata that is too long': async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t'), trial.name('g')]
    const committedMetadata = 'x'.repeat(4097)
    await trial.try(of(await added(trial, groupId), groupId, name, { committedMetadata }))
  },
  'a member, and another generation': within(3, 99, async (trial) => {
    const { name } = await trial.topic('t')
    const { groupId, memberId, generationId } = await stable(trial, trial.name('g'))
    const request = of(await added(trial, groupId), groupId, name)
    await trial.try({ ...request, memberId, generationId })
    await trial.try({ ...request, memberId, generationId: generationId + 1 })
    await trial.try({ ...request, memberId: 'x', generationId })
    await trial.try(request)
  }),
  'a consumer member, and other epochs': within(3, 99, async (trial) => {
    const { name } = await trial.topic('t')
    await trial.settle()
    const groupId = trial.name('g')
    const memberId = 'AAAAAAAAAAAAAAAAAAAAAw'
    const { memberEpoch } = await trial.tell(consumerGroupHeartbeat, 1, {
      ...{ groupId, memberId, memberEpoch: 0, rebalanceTimeoutMs: 30_000 },
      ...{ subscribedTopicNames: [name], topicPartitions: [] },
    })
    const request = of(await added(trial, groupId), groupId, name)
    for (const generationId of [memberEpoch, memberEpoch + 1, memberEpoch - 1, -1]) {
      await trial.try({ ...request, memberId, generationId })
    }
    await trial.try({ ...request, memberId: 'x', generationId: memberEpoch })
    await trial.try({ ...request, generationId: memberEpoch })
    await trial.try(request)
  }),
  'of a group that is not there': within(3, 99, async (trial) => {
    const [{ name }, groupId] = [await trial.topic('t'), trial.name('g')]
    const request = of(await added(trial, groupId), groupId, name)
    await trial.try({ ...request, memberId: 'x', generationId: 1 })
    await trial.try({ ...request, memberId: 'x', generationId: -1 })
    await trial.try({ ...request, generationId: 1 })
  }),
  'a static member': within(3, 99, async (trial) => {
    const { name } = await trial.topic('t')
    const more = { groupInstanceId: 'i' }
    const { groupId, memberId, generationId } = await stable(trial, trial.name('g'), more)
    const request = { ...of(await added(trial, groupId), groupId, name), generationId }
    await trial.try({ ...request, ...more, memberId })
    await trial.try({ ...request, ...more, memberId: 'x' })
    await trial.try({ ...request, groupInstanceId: 'j', memberId })
  }),
})
