/** DescribeCluster: brokers, controllers, operations. */
import { describeCluster } from '../../../src/wire/messages/60-describe-cluster.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const plain = { includeClusterAuthorizedOperations: false }

export const describeClusterCases: WireCase[] = casesOf(describeCluster, {
  brokers: (trial) => trial.try(plain),
  operations: (trial) => trial.try({ includeClusterAuthorizedOperations: true }),
  controllers: within(1, 99, (trial) => trial.try({ ...plain, endpointType: 2 })),
  'an endpoint that is none': within(1, 99, (trial) => trial.try({ ...plain, endpointType: 7 })),
  'fenced brokers': within(2, 99, (trial) => trial.try({ ...plain, includeFencedBrokers: true })),
})
