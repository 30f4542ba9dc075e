/** DescribeQuorum: of the metadata, and of what has no quorum. */
import { describeQuorum } from '../../../src/wire/messages/55-describe-quorum.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const of = (topicName: string, partitionIndex: number) => ({
  topics: [{ topicName, partitions: [{ partitionIndex }] }],
})

export const describeQuorumCases: WireCase[] = casesOf(describeQuorum, {
  'of the metadata': (trial) => trial.try(of('__cluster_metadata', 0)),
  'of another partition': (trial) => trial.try(of('__cluster_metadata', 1)),
  'of a topic': async (trial) => trial.try(of((await trial.topic('t')).name, 0)),
  'of nothing': (trial) => trial.try({ topics: [] }),
})
