/** ConsumerGroupDescribe: with a member, classic, unknown, twice, operations. */
import { consumerGroupHeartbeat } from '../../../src/wire/messages/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribe } from '../../../src/wire/messages/69-consumer-group-describe.ts'
import { stable } from '../members.ts'
import { casesOf } from '../scenario.ts'
import type { Scenario, WireCase } from '../scenario.ts'

const plain = { includeAuthorizedOperations: false }

/** A group of one member that has joined. */
async function grouped(scenario: Scenario): Promise<string> {
  const [{ name }, groupId] = [await scenario.topic('t', 2), scenario.name('g')]
  await scenario.settle()
  await scenario.tell(consumerGroupHeartbeat, 1, {
    groupId,
    memberId: 'AAAAAAAAAAAAAAAAAAAAAw',
    memberEpoch: 0,
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: [name],
    topicPartitions: [],
  })
  return groupId
}

export const consumerGroupDescribeCases: WireCase[] = casesOf(consumerGroupDescribe, {
  'with a member': async (trial) => trial.try({ ...plain, groupIds: [await grouped(trial)] }),
  classic: async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try({ ...plain, groupIds: [groupId] })
  },
  'unknown, and no name': (trial) => trial.try({ ...plain, groupIds: [trial.name('no'), ''] }),
  twice: async (trial) => {
    const groupId = await grouped(trial)
    await trial.try({ ...plain, groupIds: [groupId, groupId] })
  },
  operations: async (trial) =>
    trial.try({ includeAuthorizedOperations: true, groupIds: [await grouped(trial)] }),
  nothing: (trial) => trial.try({ ...plain, groupIds: [] }),
})
