/** ConsumerGroupHeartbeat: joining, leaving, bad requests, epochs, static members. */
import { consumerGroupHeartbeat } from '../../../src/wire/messages/68-consumer-group-heartbeat.ts'
import { setGroupConfigs, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { Scenario, Topic, WireCase } from '../scenario.ts'

const joining = (groupId: string, memberId: string, ...topics: string[]) => ({
  groupId,
  memberId,
  memberEpoch: 0,
  rebalanceTimeoutMs: 30_000,
  subscribedTopicNames: topics,
  topicPartitions: [],
})

/** A topic that Kafka's coordinator has heard of, too. */
async function ready(scenario: Scenario, numPartitions = 1): Promise<Topic> {
  const topic = await scenario.topic('t', numPartitions)
  await scenario.settle()
  return topic
}

const member = 'AAAAAAAAAAAAAAAAAAAAAw'

export const consumerGroupHeartbeatCases: WireCase[] = casesOf(consumerGroupHeartbeat, {
  'joins, beats, leaves': async (trial) => {
    const { name, id } = await ready(trial, 2)
    const groupId = trial.name('g')
    const { memberEpoch } = await trial.try(joining(groupId, member, name))
    const beat = { groupId, memberId: member, memberEpoch }
    await trial.try({ ...beat, topicPartitions: [{ topicId: id, partitions: [0, 1] }] })
    await trial.try(beat)
    await trial.try({ ...beat, memberEpoch: -1 })
    await trial.try({ ...beat, memberEpoch: -1 })
  },
  'joins without a member id': async (trial) => {
    const { name } = await ready(trial)
    await trial.try(joining(trial.name('g'), '', name))
  },
  'joins for a topic that is unknown': (trial) =>
    trial.try(joining(trial.name('g'), member, trial.name('no'))),
  'joins for nothing': (trial) => trial.try(joining(trial.name('g'), member)),
  'no group id': (trial) => trial.try(joining('', member, 't')),
  incomplete: async (trial) => {
    const whole = joining(trial.name('g'), member, 't')
    await trial.try({ ...whole, rebalanceTimeoutMs: -1 })
    await trial.try({ ...whole, topicPartitions: null })
    await trial.try({ ...whole, subscribedTopicNames: null })
    await trial.try({
      ...whole,
      topicPartitions: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [0] }],
    })
  },
  'names that are none': async (trial) => {
    const whole = joining(trial.name('g'), member, 't')
    await trial.try({ ...whole, serverAssignor: '' })
    await trial.try({ ...whole, instanceId: '' })
    await trial.try({ ...whole, rackId: '' })
    await trial.try({ ...whole, subscribedTopicNames: ['a b'] })
  },
  assignors: async (trial) => {
    const { name } = await ready(trial)
    const whole = joining(trial.name('g'), member, name)
    await trial.try({ ...whole, serverAssignor: 'no.such' })
    await trial.try({ ...whole, serverAssignor: 'range' })
  },
  'epochs that are none': async (trial) => {
    const { name } = await ready(trial)
    const groupId = trial.name('g')
    const { memberEpoch } = await trial.try(joining(groupId, member, name))
    const beat = { groupId, memberId: member }
    for (const epoch of [memberEpoch + 1, memberEpoch - 1, -3, -2]) {
      await trial.try({ ...beat, memberEpoch: epoch })
    }
  },
  strangers: async (trial) => {
    const { name } = await ready(trial)
    const groupId = trial.name('g')
    await trial.try({ groupId: trial.name('no'), memberId: member, memberEpoch: 1 })
    await trial.try({ groupId: trial.name('no'), memberId: member, memberEpoch: -1 })
    await trial.try(joining(groupId, member, name))
    await trial.try({ groupId, memberId: 'AAAAAAAAAAAAAAAAAAAABA', memberEpoch: 1 })
    await trial.try({ groupId, memberId: '', memberEpoch: 1 })
  },
  'a static member': async (trial) => {
    const { name } = await ready(trial)
    const groupId = trial.name('g')
    const whole = { ...joining(groupId, member, name), instanceId: 'i' }
    const { memberEpoch } = await trial.try(whole)
    const other = 'AAAAAAAAAAAAAAAAAAAABA'
    await trial.try({ ...whole, memberId: other })
    const beat = { groupId, memberId: member, instanceId: 'i' }
    await trial.try({ ...beat, memberId: other, memberEpoch })
    await trial.try({ ...beat, memberEpoch: -2 })
    await trial.try({ ...whole, memberId: other })
  },
  'two members': async (trial) => {
    const { name } = await ready(trial, 2)
    const groupId = trial.name('g')
    await trial.try(joining(groupId, member, name))
    await trial.try(joining(groupId, 'AAAAAAAAAAAAAAAAAAAABA', name))
  },
  'two members, each assigned at once': async (trial) => {
    const { name } = await ready(trial, 2)
    const groupId = trial.name('g')
    await setGroupConfigs(trial, groupId, { 'consumer.assignment.interval.ms': '0' })
    const { memberEpoch } = await trial.try(joining(groupId, member, name))
    await trial.try(joining(groupId, 'AAAAAAAAAAAAAAAAAAAABA', name))
    await trial.try({ groupId, memberId: member, memberEpoch })
  },
  'a group with configs of its own': async (trial) => {
    const { name } = await ready(trial)
    const groupId = trial.name('g')
    await setGroupConfigs(trial, groupId, { 'consumer.heartbeat.interval.ms': '7000' })
    const { memberEpoch } = await trial.try(joining(groupId, member, name))
    await setGroupConfigs(trial, groupId, { 'consumer.heartbeat.interval.ms': '8000' })
    await trial.try({ groupId, memberId: member, memberEpoch })
  },
  'a pattern': within(1, 99, async (trial) => {
    const groupId = trial.name('g')
    const whole = { ...joining(groupId, member), subscribedTopicNames: null }
    await trial.try({ ...whole, subscribedTopicRegex: '(' })
    await trial.try({ ...whole, subscribedTopicRegex: '' })
  }),
  'a classic group': async (trial) => {
    const { name } = await ready(trial)
    const { groupId } = await stable(trial, trial.name('g'), { protocolType: 'connect' })
    await trial.try(joining(groupId, member, name))
  },
})
