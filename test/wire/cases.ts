/** All cases, by API. */
import { produceCases } from './cases/00-produce.ts'
import { fetchCases } from './cases/01-fetch.ts'
import { listOffsetsCases } from './cases/02-list-offsets.ts'
import { metadataCases } from './cases/03-metadata.ts'
import { offsetCommitCases } from './cases/08-offset-commit.ts'
import { offsetFetchCases } from './cases/09-offset-fetch.ts'
import { findCoordinatorCases } from './cases/10-find-coordinator.ts'
import { joinGroupCases } from './cases/11-join-group.ts'
import { heartbeatCases } from './cases/12-heartbeat.ts'
import { leaveGroupCases } from './cases/13-leave-group.ts'
import { syncGroupCases } from './cases/14-sync-group.ts'
import { describeGroupsCases } from './cases/15-describe-groups.ts'
import { listGroupsCases } from './cases/16-list-groups.ts'
import { apiVersionsCases } from './cases/18-api-versions.ts'
import { createTopicsCases } from './cases/19-create-topics.ts'
import { deleteTopicsCases } from './cases/20-delete-topics.ts'
import { deleteRecordsCases } from './cases/21-delete-records.ts'
import { initProducerIdCases } from './cases/22-init-producer-id.ts'
import { offsetForLeaderEpochCases } from './cases/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnCases } from './cases/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnCases } from './cases/25-add-offsets-to-txn.ts'
import { endTxnCases } from './cases/26-end-txn.ts'
import { writeTxnMarkersCases } from './cases/27-write-txn-markers.ts'
import { txnOffsetCommitCases } from './cases/28-txn-offset-commit.ts'
import { describeConfigsCases } from './cases/32-describe-configs.ts'
import { alterConfigsCases } from './cases/33-alter-configs.ts'
import { alterReplicaLogDirsCases } from './cases/34-alter-replica-log-dirs.ts'
import { describeLogDirsCases } from './cases/35-describe-log-dirs.ts'
import { createPartitionsCases } from './cases/37-create-partitions.ts'
import { deleteGroupsCases } from './cases/42-delete-groups.ts'
import { electLeadersCases } from './cases/43-elect-leaders.ts'
import { incrementalAlterConfigsCases } from './cases/44-incremental-alter-configs.ts'
import { alterPartitionReassignmentsCases } from './cases/45-alter-partition-reassignments.ts'
import { listPartitionReassignmentsCases } from './cases/46-list-partition-reassignments.ts'
import { offsetDeleteCases } from './cases/47-offset-delete.ts'
import { describeClientQuotasCases } from './cases/48-describe-client-quotas.ts'
import { alterClientQuotasCases } from './cases/49-alter-client-quotas.ts'
import { describeQuorumCases } from './cases/55-describe-quorum.ts'
import { updateFeaturesCases } from './cases/57-update-features.ts'
import { describeClusterCases } from './cases/60-describe-cluster.ts'
import { describeProducersCases } from './cases/61-describe-producers.ts'
import { describeTransactionsCases } from './cases/65-describe-transactions.ts'
import { listTransactionsCases } from './cases/66-list-transactions.ts'
import { consumerGroupHeartbeatCases } from './cases/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeCases } from './cases/69-consumer-group-describe.ts'
import { listConfigResourcesCases } from './cases/74-list-config-resources.ts'
import { describeTopicPartitionsCases } from './cases/75-describe-topic-partitions.ts'
import type { WireCase } from './scenario.ts'

export const wireCases: readonly WireCase[] = [
  ...produceCases,
  ...fetchCases,
  ...listOffsetsCases,
  ...metadataCases,
  ...offsetCommitCases,
  ...offsetFetchCases,
  ...findCoordinatorCases,
  ...joinGroupCases,
  ...heartbeatCases,
  ...leaveGroupCases,
  ...syncGroupCases,
  ...describeGroupsCases,
  ...listGroupsCases,
  ...apiVersionsCases,
  ...createTopicsCases,
  ...deleteTopicsCases,
  ...deleteRecordsCases,
  ...initProducerIdCases,
  ...offsetForLeaderEpochCases,
  ...addPartitionsToTxnCases,
  ...addOffsetsToTxnCases,
  ...endTxnCases,
  ...writeTxnMarkersCases,
  ...txnOffsetCommitCases,
  ...describeConfigsCases,
  ...alterConfigsCases,
  ...alterReplicaLogDirsCases,
  ...describeLogDirsCases,
  ...createPartitionsCases,
  ...deleteGroupsCases,
  ...electLeadersCases,
  ...incrementalAlterConfigsCases,
  ...alterPartitionReassignmentsCases,
  ...listPartitionReassignmentsCases,
  ...offsetDeleteCases,
  ...describeClientQuotasCases,
  ...alterClientQuotasCases,
  ...describeQuorumCases,
  ...updateFeaturesCases,
  ...describeClusterCases,
  ...describeProducersCases,
  ...describeTransactionsCases,
  ...listTransactionsCases,
  ...consumerGroupHeartbeatCases,
  ...consumerGroupDescribeCases,
  ...listConfigResourcesCases,
  ...describeTopicPartitionsCases,
]
